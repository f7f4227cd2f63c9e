"""CSV and the like: what becomes a record, what is said, and that nothing makes a reader fall over."""

from __future__ import annotations

import csv
import io
import random
import string
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersong.media.text.reading import fields
from undersong.media.text.reading.document import Document
from undersong.media.text.reading.tables import parse_csv

DATA = Path(__file__).parents[5] / "shared" / "data"


def read(text: str, name: str = "a.csv") -> Document:
    document = parse_csv(text, name)
    assert document is not None
    return document


def shared(name: str) -> str:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout (../shared/data)")
    return path.read_text("utf-8")


def said(document: Document) -> str:
    return " ".join(document.notes)


# ── CSV ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_a_table_is_read_whatever_parts_its_values(sign: str) -> None:
    rows = [("title", "topic"), ("Rain over the harbour", "weather"), (f"Boats{sign} nets, and ropes", "sea")]
    quoted = "\n".join(sign.join(f'"{value}"' if sign in value else value for value in row) for row in rows)

    document = read(quoted)

    assert ({"title": "Rain over the harbour", "topic": "weather"}, {
        "title": f"Boats{sign} nets, and ropes",
        "topic": "sea",
    }) == document.records  # fmt: skip
    assert "{title}\t{topic}" == document.template


def test_a_quoted_value_may_hold_lines_and_quotation_marks() -> None:
    document = read('name,text\nAna,"She said ""no"",\nand left."\nBen,Yes\n')

    assert ({"name": "Ana", "text": 'She said "no",\nand left.'}, {"name": "Ben", "text": "Yes"}) == document.records
    assert "{name}\n{text}\n" == document.template, "a row of several lines ends with an empty one"


def test_the_mark_of_a_spreadsheet_is_no_part_of_a_name() -> None:
    document = read("\ufeffsep=;\nword;meaning\ntide;what comes and goes\n")

    assert ({"word": "tide", "meaning": "what comes and goes"},) == document.records


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("id,sentence\n1,The sea is calm\n2,The sea is rough\n", ["id", "sentence"]),
        ("context_label,AuthorID\na,b\nc,d\n", ["context_label", "AuthorID"]),
        ("Überschrift,Ressort\n" + "Der Hafen von Altmar wird wieder befahren,Meer\n" * 5, ["Überschrift", "Ressort"]),
        ("Gewicht,Preis\n12,30\n14,31\n15,29\n", ["Gewicht", "Preis"]),
        ("one long string of clichés\t0\na fine film\t1\nanother\t1\n", ["column 1", "column 2"]),
        ("Mary,F\nAnna,F\nOtto,M\n", ["column 1", "column 2"]),
        ("title,title\na,b\nc,d\n", ["column 1", "column 2"]),
    ],
    ids=[
        "known names",
        "as programs write",
        "longer below",
        "numbers below",
        "no names",
        "values recur",
        "twice the same",
    ],
)
def test_a_first_row_names_the_columns_only_where_it_looks_like_it(text: str, names: list[str]) -> None:
    document = read(text)

    assert names == list(document.records[0])
    assert ("No row of it names the columns" in said(document)) == (names[0] == "column 1")


def test_rows_too_short_or_too_long_are_kept_and_counted() -> None:
    document = read("title,tag\nCalm,sea\nOnly a title\nOne, two, three\nMore,a,b,c\nEmpty,,,\n" + "So,on\n" * 9)

    assert document.records[1] == {"title": "Only a title"}
    assert document.records[3] == {"title": "More", "tag": "a,b,c"}
    assert document.records[4] == {"title": "Empty"}
    assert "what was over was left in the last column (2)" in said(document)


def test_a_list_of_headlines_with_commas_in_them_is_one_column() -> None:
    lines = ["Rain, wind and waves", "A boat is found", "Fog, again, over the bay, they say", "Nobody came", "One, two"]

    assert tuple({"column 1": line} for line in lines * 3) == read("\n".join(lines * 3)).records


def test_a_quotation_mark_that_never_closes_swallows_nothing() -> None:
    """As tables have that were written without a thought of quotation."""
    rows = [f"sentence {n} of the sea\t{n}" for n in range(40)]
    rows[7] = '"so begins a quote\t7'
    rows[21] = 'and here it " stands\t21'

    document = read("\n".join(rows), "a.tsv")

    assert 40 == len(document.records)
    assert '"so begins a quote' == document.records[7]["column 1"]


def test_two_stray_quotation_marks_hold_no_rows_together() -> None:
    rows = [f"sentence {n} of the sea\t{n}" for n in range(40)]
    rows[7] = '"so begins a quote\t7'
    rows[31] = '"and another\t31'

    assert 40 == len(read("\n".join(rows), "a.tsv").records)


def test_columns_of_numbers_dates_and_ids_are_left_out_of_the_running_text() -> None:
    rows = "\n".join(f"{n},a{n}f3c,2024-01-{n:02},https://a.org/{n},The sea is calm,true" for n in range(1, 20))
    document = read(f"id,key,date,url,text,flag\n{rows}")

    assert "{text}" == document.template
    assert "https://a.org/3" == document.records[2]["url"]


def test_a_name_that_cannot_stand_in_a_template_is_changed() -> None:
    document = read('id,"{text}",name,,label\n1,x,y,z,w\n2,x,y,z,w\n')

    assert ["id", "(text)", "name", "column 4", "label"] == list(document.records[0])
    assert ["a", "column 2", "a 2", "a 3"] == fields.field_names(["a", " ", "a", "a"])


def test_a_value_longer_than_the_standard_library_likes_is_read_and_its_limit_is_left_alone() -> None:
    before = csv.field_size_limit()
    long = "sea " * 100_000
    document = read(f'title,text\na,"{long}"\nb,short\n')

    assert long.strip() == document.records[0]["text"]
    assert before == csv.field_size_limit()


def test_a_value_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undersong.media.text.reading.tables.LONGEST", 1000)
    monkeypatch.setattr(fields, "LONGEST", 1000)
    document = read('title,text\na,"' + "sea " * 1000 + '"\nb,short\n')

    assert all(len(value) <= 1000 for row in document.records for value in row.values())


def test_a_table_too_large_for_memory_is_read_in_part_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "MOST_CELLS", 100)
    document = read("title,text\n" + "a,the sea\n" * 200)

    assert 50 == len(document.records)
    assert "Only its first 50 rows were read, not 150 more" in said(document)


def test_tables_are_read_side_by_side() -> None:
    long, found = "sea " * 50_000, []
    text = f'title,text\na,"{long}"\n'
    threads = [threading.Thread(target=lambda: found.append(len(read(text).records))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [1] * 4 == found


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", ",,,\n,,\n", "a,b\n", '"', " \t \n"])
def test_a_table_without_a_value_is_none_or_harmless(text: str) -> None:
    document = parse_csv(text, "a.csv")

    assert document is None or all(document.records)


@pytest.mark.parametrize(
    "text",
    [
        "," * 2_000_000,
        '"' * 1_000_001,
        'a,b\n"' + "x,\n" * 300_000,
        "\n" * 1_000_000,
        "a;" * 500_000 + "\n",
        "\0,\0\r\0",
    ],
    ids=["commas", "quotation marks", "open quote", "empty lines", "one row", "nothing"],
)
def test_hostile_tables_end(text: str) -> None:
    document = parse_csv(text, "a.csv")

    assert document is None or all(isinstance(value, str) for row in document.records for value in row.values())


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=3, max_size=8), st.sampled_from([",", ";", "\t", "|"]))
def test_what_a_spreadsheet_writes_comes_back(rows: list[tuple[str, str, str]], sign: str) -> None:
    """Every value that is there, whatever is in it, with every sign that parts values."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=sign, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(("title", "tag", "text"))
    writer.writerows(rows)
    document = parse_csv(f"sep={sign}\n{out.getvalue()}", "a.csv")

    expected = [
        {name: value for name, value in zip(("title", "tag", "text"), row, strict=True) if value} for row in rows
    ]
    assert [row for row in expected if row] == (list(document.records) if document else [])


@given(st.text(st.sampled_from('ab ,;\t|"\n\r\0\ufeffé.0{}'), max_size=200))
def test_no_text_is_too_odd_for_a_table(text: str) -> None:
    document = parse_csv(text, "a.csv")

    if document is not None:
        assert all(field and value and "\0" not in value for row in document.records for field, value in row.items())


def test_tables_that_were_spoiled_somewhere_never_crash() -> None:
    dice = random.Random(4)
    for _ in range(800):
        letters = list('title,text\nCalm,"The sea, they say,\nis calm"\nStorm,No\n' * 3)
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(letters))
            letters[at] = dice.choice(string.printable + "\0\ufeff\ud800")
            if dice.random() < 0.3:
                del letters[at : at + dice.randint(1, 20)]
                letters = letters or ["x"]
        document = parse_csv("".join(letters), "a")
        for row in document.records if document else ():
            assert not any("\ud800" in text or "\0" in text for text in (*row.values(), *row))


# ── real files ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_sentences_with_a_verdict_are_a_table_without_names() -> None:
    text = shared("sst2/train.tsv")
    document = read(text, "train.tsv")

    assert len(text.strip().split("\n")) == len(document.records)
    assert "{column 1}" == document.template
    assert {"0", "1"} == {row["column 2"] for row in document.records}


def test_a_table_of_headlines_has_its_names() -> None:
    document = read(shared("textgenrnn/reddit_rarepuppers_politics_2000_context.csv"))

    assert (2000, ["title", "context_label"]) == (len(document.records), list(document.records[0]))
