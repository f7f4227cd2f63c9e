from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from undersong.errors import MissingFileError, TooLittleError, UnreadableFileError
from undersong.media.text.reading import encoding
from undersong.media.text.reading.reader import LEAST_CHARACTERS, read

POEM = "Über allen Gipfeln ist Ruh, in allen Wipfeln spürest du kaum einen Hauch; die Vögelein schweigen.\n" * 4


posix = pytest.mark.skipif(os.name != "posix", reason="pipes, devices and user ids are things of POSIX systems")


def written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (POEM.encode(), "as UTF-8."),
        (POEM.encode("utf-8-sig"), "its byte order mark dropped"),
        (POEM.encode("utf-16"), "as UTF-16."),
        (b"\xfe\xff" + POEM.encode("utf-16-be"), "as UTF-16."),
        (POEM.encode("utf-32"), "as UTF-32."),
        (POEM.encode("latin-1"), "is not UTF-8; read as cp125"),
    ],
    ids=["utf-8", "utf-8 with BOM", "utf-16", "utf-16 big end first", "utf-32", "latin-1"],
)
def test_reader_finds_the_encoding_and_says_so(tmp_path: Path, data: bytes, said: str) -> None:
    """The same poem, however it was saved."""
    material = read([written(tmp_path / "poem.txt", data)])

    assert material.pieces[0].to_json() == POEM
    assert said in material.notes[0]
    assert "poem.txt" in material.notes[0]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Le cœur a ses raisons que la raison ne connaît point; où êtes-vous, mère? Le garçon rêvait. ", "cp1252"),
        ("A truth universally acknowledged, “that a single man” — of any café — must want a wife’s purse. ", "cp1252"),
        ("Мой дядя самых честных правил, когда не в шутку занемог, он уважать себя заставил. ", "koi8-r"),
        ("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", "shift_jis"),
        ("床前明月光,疑是地上霜。举头望明月,低头思故乡。", "gb18030"),
    ],
)
def test_reader_reads_old_encodings(tmp_path: Path, text: str, encoding: str) -> None:
    """Files from before Unicode are read right, and the guess is admitted."""
    material = read([written(tmp_path / "old.txt", (text * 20).encode(encoding))])

    assert material.pieces[0].to_json() == text * 20
    assert "is not UTF-8" in material.notes[0]


def test_reader_guesses_an_old_encoding_from_the_beginning_of_a_large_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To try them all on all of it would take many times its memory."""
    monkeypatch.setattr(encoding, "_LOOKED_AT", 1000)
    text = "Мой дядя самых честных правил, когда не в шутку занемог, он уважать себя заставил.\n" * 200
    material = read([written(tmp_path / "old.txt", text.encode("koi8-r"))])

    assert text == material.pieces[0].to_json()


def test_reader_mends_utf8_that_was_cut_by_bytes(tmp_path: Path) -> None:
    """One broken character does not turn a whole book into another encoding."""
    material = read([written(tmp_path / "cut.txt", (POEM + "ü").encode()[:-1])])

    assert material.pieces[0].to_json() == POEM
    assert "broken places (1), which were left out" in material.notes[0]


def test_reader_makes_line_ends_unix_and_says_so(tmp_path: Path) -> None:
    """A model should not learn which system a text was typed on."""
    windows = POEM.replace("\n", "\r\n") + "old Mac\rline"
    material = read([written(tmp_path / "windows.txt", windows.encode())])

    assert material.pieces[0].to_json() == POEM + "old Mac\nline"
    assert any("line ends of" in note and "windows.txt" in note for note in material.notes)


def test_reader_leaves_characters_as_they_are(tmp_path: Path) -> None:
    """What changes their look, what joins them and what turns a line around is the writer's own."""
    text = "é ﬁ ｆｕｌｌ “curly” it’s \u200d\u200c\u200e\u200f \x0c \x1b[0m &amp; …" * 20

    assert text == read([written(tmp_path / "odd", text.encode())]).pieces[0].to_json()


def test_reader_forces_no_normal_form_on_who_wants_none(tmp_path: Path) -> None:
    """A composed é and a built one are one thing, unless somebody asks to keep them two."""
    path = written(tmp_path / "odd", ("é e\u0301 " * 80).encode())

    assert "é é " * 80 == read([path]).pieces[0].to_json()
    assert "é e\u0301 " * 80 == read([path], asked={"normal": "none"}).pieces[0].to_json()
    assert any("(80)" in note and "NFC" in note for note in read([path]).notes)


def test_reader_takes_files_of_any_ending_and_odd_names(tmp_path: Path) -> None:
    """A file named by a person is read whatever it is called."""
    paths = [written(tmp_path / name, POEM.encode()) for name in ("🦑 poème.txt", "notes", "code.py")]
    material = read([*paths, paths[0]])

    assert material.sources == tuple(map(str, paths))
    assert material.notes == ("Read 3 files as UTF-8.",)


def test_reader_can_print_names_that_are_not_unicode(tmp_path: Path) -> None:
    """A file name from an old system does not break the notes."""
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    try:
        written(path, POEM.encode())
    except OSError:
        pytest.skip("this file system holds Unicode names only")

    assert read([path]).sources[0].endswith("caf?.txt")


def test_reader_walks_folders_in_order_and_names_what_it_left_out(tmp_path: Path) -> None:
    """Texts below a folder, sorted; hidden ones are none of our business."""
    for name in ("b.md", "a/2.txt", "a/1.TXT", ".git/x.txt", "a/.draft.txt"):
        written(tmp_path / name, f"{name} {POEM}".encode())
    written(tmp_path / "photo.png", b"\x89PNG\0")
    written(tmp_path / "empty.txt", b"")
    written(tmp_path / "wrong.txt", b"\x89PNG\0")
    material = read([tmp_path])

    assert [Path(source).name for source in material.sources] == ["1.TXT", "2.txt", "b.md"]
    assert sum(note.startswith("Left out") for note in material.notes) == 3
    for cause in ("other kinds: 1, such as .png", "empty.txt' is empty", "wrong.txt' looks like binary"):
        assert any(cause in note for note in material.notes)


@pytest.mark.parametrize(
    "data",
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 40, POEM.encode() + b"\0", bytes(range(1, 32)) * 40, b"\xff\xfe\x00"],
    ids=["picture", "one NUL", "control characters", "broken UTF-16"],
)
def test_reader_refuses_binary(tmp_path: Path, data: bytes) -> None:
    """Nothing is learned from a picture by mistake."""
    with pytest.raises(UnreadableFileError, match=r"blob\.txt' looks like binary"):
        read([written(tmp_path / "blob.txt", data)])


def test_reader_refuses_too_little(tmp_path: Path) -> None:
    """It says how many characters there are, and how many are needed."""
    ten = written(tmp_path / "ten.txt", b"ten letter")

    with pytest.raises(TooLittleError, match=f"holds 10 characters; learning needs at least {LEAST_CHARACTERS}"):
        read([ten])
    with pytest.raises(TooLittleError, match=r"nothing\.txt' holds no text"):
        read([written(tmp_path / "nothing.txt", b"")])
    with pytest.raises(TooLittleError, match="2 files hold 20 characters"):
        read([ten, written(tmp_path / "more.txt", b"ten letter")])
    assert read([written(tmp_path / "enough.txt", b"x" * LEAST_CHARACTERS)]).pieces


def test_reader_refuses_a_folder_without_texts(tmp_path: Path) -> None:
    """An empty folder is not an empty book."""
    written(tmp_path / "photo.png", b"\x89PNG\0")

    with pytest.raises(TooLittleError, match=r"holds no file .* \(other files: 1, such as \.png\)"):
        read([tmp_path])
    written(tmp_path / "wrong.txt", b"\x89PNG\0")
    with pytest.raises(TooLittleError, match="looks like binary"):
        read([tmp_path])


def test_reader_suggests_the_nearest_name(tmp_path: Path) -> None:
    """A typo in a file name is answered with the file that was meant."""
    written(tmp_path / "sonnets.txt", POEM.encode())

    with pytest.raises(MissingFileError, match=r"(?s)no '.*sonets\.txt'.*Did you mean '.*sonnets\.txt'"):
        read([tmp_path / "sonets.txt"])
    with pytest.raises(MissingFileError, match="the folder"):
        read([tmp_path / "nowhere" / "sonnets.txt"])
    with pytest.raises(MissingFileError):
        read([tmp_path / "sonnets.txt" / "below"])


@posix
def test_reader_refuses_what_is_no_file(tmp_path: Path) -> None:
    """Pipes, endless devices and impossible names end in a sentence, not in waiting or a traceback."""
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path / ("x" * 5000), Path("a\0b")):
        with pytest.raises(UnreadableFileError):
            read([path])


@posix
def test_reader_names_a_file_it_may_not_read() -> None:
    """Root may read everything, so the question is put by nobody (uid 65534)."""
    asking = (
        "import os, pathlib, sys\n"
        "from undersong.errors import UnreadableFileError\n"
        "from undersong.media.text.reading.reader import read\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: read([pathlib.Path(sys.argv[1])])\n"
        "except UnreadableFileError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to others as a whole
        Path(folder).chmod(0o755)
        secret = written(Path(folder, "secret.txt"), POEM.encode())
        secret.chmod(0)
        command = [sys.executable, "-c", asking, str(secret)]
        asked = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if "os.setuid" in asked.stderr:
        pytest.skip("this user cannot become another")

    assert "secret.txt' cannot be read: Permission denied" in asked.stdout, asked.stderr


def test_what_is_only_counted_shows_no_sign_of_how_it_was_found_alike(tmp_path: Path) -> None:
    """Tables with fields of their own are told one by one, then as so many more."""
    members = {f"{number}.csv": f"word,f{'x' * number}\n" + "sea,salt and water\n" * 9 for number in range(9)}
    for name, content in members.items():
        (tmp_path / name).write_text(content, "utf-8")
    notes = read([tmp_path], 1).notes

    assert any("and so on, of 6 more files." in note for note in notes)
    assert not any("\0" in note for note in notes)
