"""Instruments side by side: on the same works, with the same measures, and with what makes a figure worthless told."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import undersong as us
from undersong.errors import DialError, MissingFileError, RunFolderError, TooLittleError, UsageError
from undersong.events import Condition
from undersong.keeping import instrument_file
from undersong.keeping.run_folder import RunFolder
from undersong.making.comparing import Asked, compare
from undersong.making.contenders import contenders
from undersong.making.corpus import Corpus
from undersong.making.foretelling import Foretold, above_the_best
from undersong.making.learned import Learned, learned_by, learned_from, shipped_with
from undersong.making.scoring import score_split
from undersong.making.works import HeldOut, Works, works_for
from undersong.media.text.piece import TextPiece
from undersong.media.text.portrait import portrait

LITTLE = {"length": 1_000, "most": 1_500}


def side_by_side(*names, **asked):
    return compare(Asked(tuple(map(str, names)), **{**LITTLE, **asked}))


@pytest.fixture
def names_file(tmp_path):
    """A list that `learn` would take for one: many short lines that stand alone."""
    dice = np.random.default_rng(4)
    kinds = ["bran", "mor", "tal", "wen", "sil", "dor", "gar", "lin", "the", "ka", "no", "ri"]
    lines = ["".join(dice.choice(kinds, dice.integers(2, 5))).capitalize() for _ in range(300)]
    path = tmp_path / "names.txt"
    path.write_text("\n".join(dict.fromkeys(lines)) + "\n")
    return path


# ── how well ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_halves_of_a_run_have_the_scores_that_score_tells(text):
    """On all that was held out: the network's, the n-gram's, and that of both as one."""
    scored = score_split(str(text.folder))
    network, ngram, both = side_by_side(f"{text}:network", f"{text}:ngram", text, most=1_000_000).rows

    assert ("tiny:network", "tiny:ngram", "tiny") == (network.name, ngram.name, both.name)
    assert network.foretold.nats == pytest.approx(scored.score.nats_per_measure)
    assert ngram.foretold.nats == pytest.approx(scored.baseline[1])
    assert both.foretold.nats == pytest.approx(scored.duet[1])
    assert {scored.score.length} == {row.foretold.length for row in (network, ngram, both)}


def test_numbers_are_compared_as_well(toy):
    """Nats, copies and samples; where a medium draws no portrait there is none."""
    scored = score_split(str(toy.folder))
    found = side_by_side(toy, most=100_000)
    (row,) = found.rows

    assert row.foretold.nats == pytest.approx(scored.score.nats_per_measure, abs=1e-4)
    assert ("point", {}, {}) == (found.measure, row.portrait, found.real.portrait)
    assert (0.0, True) == (row.copies.share, row.copies.exact)
    assert row.length >= 1_000
    assert all(isinstance(piece.to_json(), list) for piece in (*row.samples, *found.real.samples))


def test_a_chain_beside_its_run_gives_no_odds_to_what_it_never_met(text):
    """So it has no score at all, and says of how much; smoothed it has one, for the same characters."""
    chain, smooth, _ = side_by_side("chain:6", "smooth:2", text).rows
    fields = chain.foretold.to_json("character")

    assert 0 < chain.foretold.impossible < 1
    assert 0 < chain.foretold.rest < 2
    assert (np.inf, None, None) == (chain.foretold.nats, chain.foretold.error, chain.foretold.above)
    assert (None, None) == (fields["nats_per_character"], fields["above_the_best"])
    assert 0.0 == smooth.foretold.impossible
    assert smooth.foretold.length == chain.foretold.length == 1_500


def test_the_best_is_who_foretells_best(text):
    """Everyone else is so far above it, with an error of its own."""
    rows = side_by_side(f"{text}:network", "smooth:4", "smooth:0", most=100_000).rows
    best = min(rows, key=lambda row: row.foretold.nats)

    assert (0.0, None) == best.foretold.above
    for row in rows:
        more, error = row.foretold.above
        assert more == pytest.approx(row.foretold.nats - best.foretold.nats)
        assert row is best or 0 < error
    _, chain, blind = rows
    assert chain.foretold.above[0] + 0.5 < blind.foretold.above[0]


def test_errors_are_those_of_blocks():
    """Of two that differ by the same everywhere the difference is sure, whatever the works are like."""
    blocks = np.array([500.0, 900, 700, 400, 650, 800])
    one = Foretold(1.3, 0.1, 3_000, 0.0, 1.3, blocks)
    other = replace(one, nats=1.5, blocks=blocks + 100)
    knowing = replace(one, nats=0.1, blocks=blocks / 10)
    first, second, third = above_the_best([one, other, knowing], [True, True, False])

    assert (0.0, None) == first.above
    assert pytest.approx((0.2, 0.0)) == second.above
    assert third.above is None


# ── what it was learned from ───────────────────────────────────────────────────────────────────────────────────────


def test_who_learned_the_works_is_told_and_wins_nothing(text, tmp_path):
    """By its own corpus, or by fingerprints where it is a bare file; a file it holds only in part counts in part."""
    bare = shutil.copy(text.folder / "tiny.undersong", tmp_path / "bare.undersong")
    found = side_by_side(text, bare, on=text.material)
    run, file = found.rows

    assert (True, True) == (run.knew, file.knew)
    assert (True, False) == (run.known.exact, file.known.exact)
    assert 1.0 == run.known.share
    assert file.known.share == pytest.approx(1.0, abs=0.05)
    assert (None, None) == (run.foretold.above, file.foretold.above)
    assert f"'tiny' learned 100% of '{text.material.name}': its score there is worth nothing." in found.notes


def test_who_can_tell_nothing_of_its_material_says_so(text, tmp_path):
    """A file without fingerprints: nothing is known of copies, and there is nothing to be counted or held out."""
    file = instrument_file.read(text.folder / "tiny.undersong")
    bare = instrument_file.write(tmp_path / "bare.undersong", replace(file, attachments={}))
    letter = tmp_path / "letter.txt"
    letter.write_text("My dear Anna,\n\nthe winter (such as it is) has come. “Stay,” they say, but I am away. " * 9)
    found = side_by_side(bare, on=letter)

    assert (None, None, None) == (found.rows[0].known, found.rows[0].copies, found.real.copies)
    assert found.rows[0].unseen == found.real.unseen == {}
    assert "Nobody can say whether 'tiny' learned 'letter.txt': its material is not at hand." in found.notes
    with pytest.raises(UsageError, match="There is nothing to count 'chain:3' on"):
        side_by_side(bare, "chain:3", on=letter)
    with pytest.raises(UsageError, match="Nobody here knows what it never learned"):
        side_by_side(bare)


def test_a_voice_that_ships_knows_its_material(text):
    """As it was taken apart to be learned: the rest is held out; of another text it says nothing."""
    keeper = us.load("keeper")
    found = shipped_with(keeper.facts, keeper.medium)
    (held_out,) = found.corpus.held_out

    assert "keeper" == found.name
    assert keeper.facts["held_out"] == len(str(found.codec.decode(held_out.events)))
    assert shipped_with(keeper.facts | {"held_out": 7}, keeper.medium) is None
    assert shipped_with(keeper.facts | {"sources": "mine.txt"}, keeper.medium) is None
    assert shipped_with({}, keeper.medium) is None


def test_files_can_be_named_as_what_was_learned(text):
    """Then chains need no run: what the files hold out is what all are heard on, and what is copied is looked up."""
    found = side_by_side("chain:4", "smooth:4", learned=(str(text.material),))

    assert f"what '{text.material.name}' held out" == found.held_out
    assert ("chain:4", "smooth:4") == tuple(row.name for row in found.rows)
    assert found.rows[0].copies.longest > 10
    assert found.rows[0].copies.exact
    assert not any(row.knew for row in found.rows)


def test_files_that_are_named_stand_for_nobodys_own_material(text):
    """A run goes on being looked up in what it learned; real works, in the files."""
    found = side_by_side(text, "chain:6", learned=("builtin:tide",))
    run, chain = found.rows

    assert "what 'tide' held out" == found.held_out
    assert str(run.copies.excerpt) in text.material.read_text("utf-8")
    (tide,) = us.load("tide").medium.builtin()["tide"]
    assert str(chain.copies.excerpt) in tide.read_text("utf-8")
    assert str(found.real.copies.excerpt) in tide.read_text("utf-8")
    assert (True, True) == (found.real.copies.exact, run.copies.exact)


def test_all_of_a_file_is_learned_where_another_is_named_to_compare_on(text):
    """Nothing needs to be held out of it."""
    split, whole = (learned_from([str(text.material)], "auto", each) for each in (True, False))

    assert 0 == whole.corpus.events_held_out < split.corpus.events_held_out
    assert text.material.read_text("utf-8") == "".join(str(part) for parts in whole.pieces() for part in parts)


# ── what is played ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_played_is_measured_beside_real_works(text):
    """Real works are no distance from nobody; who copies has few new words, who guesses letters has many."""
    found = side_by_side("chain:8", "smooth:0", text, length=4_000)
    copies, guesses, _ = found.rows

    assert set(portrait("")) == set(found.real.portrait) == set(copies.portrait)
    assert {"line", "sentence", "word"} == set(guesses.distances)
    assert copies.unseen["words"] < 0.1 < 0.5 < guesses.unseen["words"]
    assert copies.copies.share > 0.1 > 0.01 > guesses.copies.share
    assert copies.distances["word"] < guesses.distances["word"]
    material = text.material.read_text("utf-8")
    assert str(copies.copies.excerpt) in material
    assert copies.copies.longest == len(str(copies.copies.excerpt))


def test_the_sample_that_is_shown_is_the_first_of_its_seed(text):
    """As `sample` would play it."""
    found = side_by_side(text, seed=9, temperature=0.8)
    expected = us.load(text.folder).sample(length=300, seed=9, temperature=0.8)

    assert (expected,) == found.rows[0].samples
    assert 300 == len(str(found.real.samples[0]))
    assert str(found.real.samples[0]) in text.material.read_text("utf-8")


def test_the_same_is_found_again(text):
    """For the same seed; another one plays something else."""
    short = {"length": 200, "most": 200}
    first, again, other = (side_by_side(text, "chain:3", seed=seed, **short).to_json() for seed in (1, 1, 2))

    assert first == again
    assert first["rows"] != other["rows"]
    assert first["real"] == other["real"]


@pytest.mark.parametrize("medium", ["text", "toy"])
def test_an_answer_is_strict_json(learned_in, medium):
    """Also where a score is infinite."""
    names = [learned_in(medium)] + ["chain:5"] * (medium == "text")
    told = side_by_side(*names).to_json()

    assert told == json.loads(json.dumps(told, allow_nan=False))
    assert len(names) == len(told["rows"])
    assert {"held_out", "temperature", "seed", "played", "notes", "real", "rows"} == set(told)


def test_a_list_is_compared_piece_by_piece(names_file):
    """Each from its start to its end, which counts as one character more, and several are shown."""
    found = side_by_side("chain:2", "smooth:3", learned=(str(names_file),), most=100_000)
    lines = names_file.read_text().split()
    held_out = lines[9::10]
    chain, smooth = found.rows

    assert sum(map(len, held_out)) + len(held_out) == smooth.foretold.length
    assert 0.0 == smooth.foretold.impossible
    assert set(map(str, found.real.samples)) <= set(held_out)
    assert len(chain.samples) > 5
    assert {"\n"}.isdisjoint("".join(map(str, chain.samples)))


def test_a_poem_is_a_piece_with_its_lines(tmp_path):
    """A chain of poems goes over the ends of their lines, and ends only where a poem does."""
    dice = np.random.default_rng(2)
    words = ["the", "lamp", "sea", "grey", "over", "again", "stone", "and", "no", "gull"]
    poems = ["\n".join(" ".join(dice.choice(words, 4)) for _ in range(4)) for _ in range(40)]
    path = tmp_path / "poems.txt"
    path.write_text("\n%\n".join(poems))
    learned = learned_from([str(path)], "auto", split=True)
    cut = learned.medium.cut(learned.medium.read([path], to_learn=False), "%")
    corpus, codec = Corpus.of(learned.medium, cut.pieces, "character", "pieces")
    (chain,) = contenders(["chain:5"], Learned("poems", learned.medium, codec, corpus))
    played = [str(each.piece) for each in chain.instrument.samples(20, "", 1_000, seed=1)]

    assert sum(poem.count("\n") for poem in played) > 20
    assert all(len(poem) < 1_000 for poem in played)
    assert {line.split(" ")[0] in words for poem in played for line in poem.split("\n")} == {True}


# ── real works ─────────────────────────────────────────────────────────────────────────────────────────────────────


def works_of(content, codec, whole=False):
    return Works("", codec, (HeldOut(TextPiece(content), Condition(), None, whole),), whole, len(content))


def test_real_works_are_cut_as_what_is_played(text):
    """Into parts as long, each from the beginning of a line where one is near; a short rest is left out."""
    codec = us.load(text.folder).codec
    content = "".join(f"line {number} of some\n" for number in range(200))
    parts = [str(part) for part in works_of(content, codec).cut(1_000, 10)]

    assert {100} == set(map(len, parts))
    assert 8 <= len(parts) <= 10
    assert all(part.startswith("line ") for part in parts)
    assert [part for part in parts if part not in content] == []
    prose = "".join(str(part) for part in works_of("word " * 200 + "\n", codec).cut(1_000, 10))
    assert "word " * 200 == prose


def test_short_works_are_taken_as_they_are(text):
    """Less than asked for, and whole ones never in parts; of one that alone is too long the end is not heard."""
    codec = us.load(text.folder).codec

    assert ["a few words"] == [str(part) for part in works_of("a few words", codec).cut(1_000, 10)]
    assert ["a few words"] == [str(part) for part in works_of("a few words", codec, whole=True).cut(20, 10)]
    (cut,) = works_of("a few words", codec, whole=True).first(5)
    assert ("a few", False) == (str(cut.piece), cut.ends)


def test_of_long_works_the_front_of_each_is_heard(text):
    """In proportion, and who heard what came before goes on hearing it."""
    learned = learned_by(RunFolder(text.folder))
    first = contenders([str(text)], None)[0]
    works = works_for(first, learned, None, 300)
    (piece,) = works.pieces
    content = text.material.read_text("utf-8")

    assert (300, 2_000) == (len(str(piece.piece)), works.total)
    assert content[18_000:18_300] == str(piece.piece)
    assert content[18_000 - len(str(piece.before)) : 18_000] == str(piece.before)
    note = "Of what 'tiny' held out, 300 of 2,000 characters were scored; --most asks for more."
    assert note in side_by_side(text, most=300, length=300).notes


def test_of_many_whole_works_some_are_heard(names_file):
    """Spread evenly, so that a list in alphabetical order is not judged by its A."""
    learned = learned_from([str(names_file)], "auto", split=True)
    works = works_for(contenders(["chain:1"], learned)[0], learned, None, 100_000)
    all_of_them, some = ([str(work.piece) for work in works.first(most)] for most in (100_000, works.total // 2))

    assert names_file.read_text().split()[9::10] == all_of_them
    assert set(some) < set(all_of_them)
    assert abs(len(some) - len(all_of_them) / 2) <= 1
    assert all_of_them.index(some[-1]) >= len(all_of_them) - 3
    assert all(work.ends for work in works.first(50))


# ── what is refused ────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_one_medium_is_compared(text, toy):
    """By the names of both."""
    with pytest.raises(UsageError, match=r"plays text\.v1; 'tiny' plays walk\.v1: there is nothing to compare them on"):
        side_by_side(text, toy)


@pytest.mark.parametrize(
    ("names", "asked", "error", "words"),
    [
        ((), {}, UsageError, "There is nobody to compare"),
        (("nobody",), {}, RunFolderError, "There is no run or instrument 'nobody'"),
        (("nobody:ngram",), {}, RunFolderError, "There is no run 'nobody' whose ngram could play alone"),
        (("chain:six", "{run}"), {}, UsageError, "'chain:six' is no chain that can be counted"),
        (("chain:-1", "{run}"), {}, UsageError, "'chain:-1' is no chain that can be counted"),
        (("smooth:99999", "{run}"), {}, UsageError, "'smooth:99999' is no chain that can be counted"),
        (("chain:3",), {}, UsageError, "There is nothing to count 'chain:3' on"),
        (("{run}",), {"on": "gone.txt"}, MissingFileError, "gone.txt"),
        (("{run}",), {"learned": ("gone.txt",)}, MissingFileError, "gone.txt"),
        (("{run}",), {"length": 0}, UsageError, "length is 0"),
        (("{run}",), {"temperature": -1.0}, DialError, "temperature"),
    ],
)
def test_what_cannot_be_compared_is_refused(text, tmp_path, names, asked, error, words):
    """By name, before anything is played."""
    if "on" in asked:
        asked = asked | {"on": tmp_path / asked["on"]}
    with pytest.raises(error, match=words):
        side_by_side(*(name.format(run=text) for name in names), **asked)


def test_numbers_make_no_chain(toy):
    """Which is said of the chain, not of the medium's units."""
    with pytest.raises(UsageError, match="'chain:2' needs symbols to count"):
        side_by_side(toy, "chain:2")


def test_an_empty_file_is_too_little(text, tmp_path):
    """There is nothing in it to be foretold."""
    empty = tmp_path / "empty.txt"
    empty.write_text("")

    with pytest.raises(TooLittleError):
        side_by_side(text, on=empty)


def test_two_of_one_name_are_told_apart(text):
    """The second has a number."""
    found = side_by_side(text, text, f"{text}:ngram", length=100, most=100)

    assert ["tiny", "tiny (2)", "tiny:ngram"] == [row.name for row in found.rows]


def test_a_run_whose_private_half_is_gone_is_compared_by_its_fingerprints(text, tmp_path):
    """As a folder that somebody shared."""
    shared = tmp_path / "shared"
    shared.mkdir()
    for name in ("recipe.toml", "tiny.undersong"):
        shutil.copy(text.folder / name, shared)
    letter = tmp_path / "letter.txt"
    letter.write_text("The lamp was out, and nobody had lit it since the evening before last. " * 20)
    found = side_by_side(shared, on=letter)

    assert ("tiny", False) == (found.rows[0].name, found.rows[0].copies.exact)
