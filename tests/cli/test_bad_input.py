"""Material, prompts and folders that cannot be used: each ends with what, where and what to do, and harms nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from tiny_runs import SETTINGS

from undersong.playing.loading import load

WORDS = [word for change in SETTINGS for word in ("--set", change)]


@pytest.fixture
def refused(undersong, tmp_path):
    """`undersong WORDS…`, which must fail in words, and leave the folder as it was."""

    def run(*words, code=1, **options):
        before = sorted(tmp_path.rglob("*"))
        answer = undersong(*words, **options)
        assert (code, "") == (answer.code, answer.out)
        assert "Traceback" not in answer.err
        assert "did not foresee" not in answer.err
        assert before == sorted(tmp_path.rglob("*"))
        return answer.err

    return run


# ── material ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_not_there_is_refused_with_the_nearest_name(refused):
    """Of those in the same folder."""
    Path("sonnets.txt").write_text("x")
    told = refused("learn", "sonets.txt")

    assert "MissingFileError: There is no 'sonets.txt'.\n  Did you mean 'sonnets.txt'?\n" == told


def test_an_empty_file_is_too_little(refused):
    """It says how much is needed, and how much would be good."""
    Path("empty.txt").write_text("")
    told = refused("learn", "empty.txt")

    assert "TooLittleError: 'empty.txt' holds no text; learning needs at least 200.\n" in told
    assert "from some 20,000 characters (ten pages) on" in told


def test_ten_characters_are_too_little(refused):
    """The same, with their number."""
    Path("short.txt").write_text("ten chars.")
    told = refused("learn", "short.txt")

    assert "TooLittleError: 'short.txt' holds 10 characters; learning needs at least 200.\n" in told


def test_a_binary_file_is_not_taken_for_text(refused):
    """Whatever its name says."""
    Path("picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    told = refused("learn", "picture.txt")

    assert "UnreadableFileError: 'picture.txt' looks like binary, not text: it holds NUL bytes." in told
    assert "Save it as plain text in UTF-8 and try again." in told


def test_a_folder_without_texts_is_too_little(refused):
    """With the endings it looked for, and how many others there are."""
    Path("empty").mkdir()

    said = (
        "TooLittleError: The folder 'empty' holds no file whose ending tells that it can be read (other files: none)."
    )
    assert said in refused("learn", "empty")


def test_a_pipe_is_not_waited_for(refused):
    """Learning reads its material more than once."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    os.mkfifo("pipe.txt")

    assert "UnreadableFileError: 'pipe.txt' is not an ordinary file." in refused("learn", "pipe.txt")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is not a file of walks"),
        ("{}", "is not a list of walks"),
        ("[]", "There is no walk in these files."),
        ('[{"points": [[1, "x"]]}]', "walk 0 of 'bad.walks.json' cannot be read: [1, 'x'] is no point."),
        ('[{"points": [[1, 2]], "class": 7}]', "Condition 'class' holds a value outside 0 … 2."),
        ('[{"points": [[1, 2], [2, 2]]}]', "1 piece(s) cannot be split into a part to learn and a part to test on."),
    ],
)
def test_material_of_another_medium_is_refused_in_its_own_words(refused, content, says):
    """The errors are the medium's; the command adds nothing."""
    Path("bad.walks.json").write_text(content)

    assert says in refused("learn", "bad.walks.json")


def test_media_are_not_mixed_by_accident(refused, text, toy):
    """The first file that some medium claims decides; the others are then not what it reads."""
    Path("keeper.txt").symlink_to(text.material)

    assert "'keeper.txt' is not a file of walks" in refused("learn", toy.material, "keeper.txt")


def test_a_path_that_leads_through_a_file_is_refused(refused, text):
    """Not by what the system calls it."""
    assert "MissingFileError: There is no '" in refused("learn", text.material / "inner.txt")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root may become somebody else")
def test_a_file_that_one_may_not_read_is_refused(text):
    """As somebody who is not root: what the system said, and what to do."""
    program = (
        "import os, sys\n"
        "from undersong.cli.main import main\n"
        "secret, sys.argv[-1] = sys.argv[-1], 'open.txt'\n"
        "try: main()\n"  # after which all that is imported late is there
        "except SystemExit: sys.argv[-1] = secret\n"
        "os.setuid(65534)\n"
        "main()\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        run, secret = Path(folder, "tiny.undersong"), Path(folder, "secret.txt")
        run.write_bytes((text.folder / "tiny.undersong").read_bytes())
        Path(folder, "open.txt").write_text("open")
        secret.write_text("secret")
        secret.chmod(0o600)
        command = [sys.executable, "-c", program, "score", str(run), str(secret)]
        ended = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=folder, timeout=60)

    assert 1 == ended.returncode
    assert f"UnreadableFileError: '{secret}' cannot be read: Permission denied.\n" in ended.stderr
    assert "  Check that you may read it, or hand in a copy that you may." in ended.stderr
    assert "Traceback" not in ended.stderr


# ── prompts and pieces ─────────────────────────────────────────────────────────────────────────────────────────────


def test_half_a_character_is_refused(refused, text):
    """As a shell hands it over that was given broken UTF-8; with the place."""
    told = refused("sample", text, "--prompt", "ab\udcff")

    assert "PromptError: The text holds half a character, U+DCFF, at position 3 (line 1, column 3)." in told


@pytest.mark.parametrize("verb", [["sample", "--prompt", "-"], ["odds", "--prompt", "-"], ["score", "-"]])
def test_a_pipe_that_is_not_text_is_refused(refused, text, verb):
    """With the byte that fits no character."""
    name, *words = verb
    told = refused(name, text, *words, stdin=b"The lamp \xff\xfe")

    assert "UnreadableFileError: Standard input is not UTF-8: byte 10 fits no character.\n" in told


@pytest.mark.parametrize("prompt", ["[[1, 2", "[[1]]", "[1, 2]", '"x"', "[[1, NaN]]", "[[1e9, 0]]"])
def test_a_prompt_that_is_no_walk_is_refused(refused, toy, prompt):
    """With an example of one."""
    assert "PromptError: A walk is a list of points" in refused("sample", toy, "--prompt", prompt)


def test_a_prompt_of_many_characters_is_heard_to_its_end(undersong, text):
    """Nothing is cut off."""
    prompt = "The lamp is lit. " * 500
    answer = undersong("sample", text, "--prompt", "-", "--length", 1, "--json", stdin=prompt.encode()).json

    assert answer["text"].startswith(prompt)


def test_an_empty_file_has_no_score(refused, text):
    """There is nothing to be surprised at."""
    Path("empty.txt").write_text("")

    assert "TooLittleError: 'empty.txt' holds no text" in refused("score", text, "empty.txt")


def test_a_file_to_score_that_is_not_there_is_refused(refused, text):
    """As when it is to be learned."""
    assert "MissingFileError: There is no 'gone.txt'." in refused("score", text, "gone.txt")


def test_only_a_run_knows_what_was_held_out(refused, text):
    """An instrument file does not."""
    told = refused("score", "--split", "valid", text.folder / "tiny.undersong")

    assert "RunFolderError: Only a run folder knows what was held out.\n" in told


# ── runs ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_that_is_no_run_is_refused(refused):
    """It is not played, and not resumed."""
    Path("photos").mkdir()

    assert "RunFolderError: There is no run or instrument 'photos'." in refused("sample", "photos")


def test_a_run_that_has_learned_nothing_yet_says_so(refused):
    """While it reads, or after it was stopped while it read."""
    Path("begun").mkdir()
    Path("begun/recipe.toml").write_text("")

    assert "RunFolderError: The run 'begun' has nothing to play yet.\n" in refused("sample", "begun")


def test_a_run_is_not_written_over(refused, text):
    """A second run into the same folder, after the first, is refused before anything is read."""
    told = refused("learn", "gone.txt", "--out", text.folder)

    assert f"RunFolderError: '{text.folder}' already holds a run.\n" in told
    assert "  Go on with it by adding --resume, or choose another folder with --out." in told


def test_a_run_cannot_be_a_file(undersong, text):
    """Nor lie in one; the file stays."""
    Path("taken").write_text("mine")
    answer = undersong("learn", text.material, "--steps", 1, *WORDS, "--out", "taken")

    assert 1 == answer.code
    assert "KeepingError: The folder 'taken/private' could not be made: " in answer.err
    assert "mine" == Path("taken").read_text()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_two_cannot_learn_into_one_folder_at_the_same_time(undersong, started, text):
    """The second is refused, with or without --resume, while the first goes on and ends well."""
    process = started("learn", text.material, "--steps", 30, *WORDS, "--out", "tiny")
    for line in process.stderr:
        if "Learning with" in line:
            break
    anew = undersong("learn", text.material, "--steps", 1, *WORDS, "--out", "tiny")
    resumed = undersong("learn", "--resume", "--out", "tiny")
    beside = undersong("sample", "tiny", "--length", 2)  # to play from it is no harm
    alive = process.poll() is None
    told = process.communicate(timeout=60)[1]

    assert alive, "it ended too soon for this test to mean anything"
    assert "RunFolderError: 'tiny' already holds a run." in anew.err
    assert "RunFolderError: Another process is learning into 'tiny'.\n  Wait for it, stop it, or choose" in resumed.err
    assert [1, 1, 0, 0] == [anew.code, resumed.code, beside.code, process.returncode]
    assert "The instrument is tiny/tiny.undersong" in told
    assert 30 == load("tiny").facts["steps"]


def test_a_held_folder_is_refused_before_anything_in_it_is_touched(undersong, text, tmp_path):
    """Also when the first has only begun to read, and left no trace but its lock."""
    from undersong.keeping.run_folder import RunFolder

    folder = RunFolder(tmp_path / "tiny")
    folder.prepare()
    answers = []
    with folder.held():
        second = threading.Thread(
            target=lambda: answers.append(undersong("learn", text.material, "--steps", 1, *WORDS, "--out", "tiny"))
        )
        second.start()
        second.join(60)

    assert "RunFolderError: Another process is learning into 'tiny'.\n" in answers[0].err
    assert {".gitignore", "lock"} == {path.name for path in (tmp_path / "tiny" / "private").iterdir()}
