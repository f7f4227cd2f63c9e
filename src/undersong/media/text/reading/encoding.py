"""Bytes → a text: which encoding, and which line ends. What is a guess is said to be one."""

from __future__ import annotations

import codecs
import re

from undersong.errors import UnreadableFileError

__all__ = ["decoded", "with_unix_ends"]

_MARKS = (  # byte order marks; UTF-32 first, since its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 (its byte order mark dropped)"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_PART = 1 << 20  # characters searched at a time
_LOOKED_AT = 4_000_000  # bytes after whose line nothing more is asked about an old encoding
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ufffd]")
_OLD = re.compile("ascii|iso8859|cp\\d|koi8|mac|shift_jis|euc|gb|big5|iso2022|tis|hz$")  # not punycode and its like
_CONTROL = re.compile("[\x01-\x07\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")  # not \b \t \n \v \f \r ESC, which texts hold


def decoded(data: bytes, name: str, declared: str = "") -> tuple[str, str, str]:
    """The text, its encoding, and what to say about a guessed one: nothing where it is sure.

    `declared` is what the file says of its own encoding, believed unless it is UTF-8.
    Raises UnreadableFileError for what is not text.
    """
    try:
        return _decode(data, declared)
    except UnicodeError as error:
        raise UnreadableFileError(
            f"'{name}' looks like binary, not text: {error}.", "Save it as plain text in UTF-8 and try again."
        ) from error


def with_unix_ends(content: str) -> str:
    """The text with \\n as its line ends, itself where it has no others."""
    for end in ("\r\n", "\r"):  # one after the other, so that no more than two copies are held
        content = content.replace(end, "\n")
    return content


def _decode(data: bytes, declared: str) -> tuple[str, str, str]:
    """Content, encoding, and the doubt about it in words. Raises UnicodeError for what is not text."""
    for mark, codec, encoding in _MARKS:
        if data.startswith(mark):
            return _as_text(data.decode(codec)), encoding, ""
    if b"\0" in data:
        raise UnicodeError("it holds NUL bytes")
    try:
        return _as_text(data.decode()), "UTF-8", ""
    except UnicodeDecodeError:
        return _believed(data, declared) or _mend(data) or _guess(data)


def _believed(data: bytes, declared: str) -> tuple[str, str, str] | None:
    """As the file itself says, where that is an encoding of texts in which it can be read."""
    try:
        codec = codecs.lookup(declared).name
        if not _OLD.match(codec):
            return None
        codec = "cp1252" if codec in ("iso8859-1", "ascii") else codec  # as every browser has it
        return _as_text(data.decode(codec)), f"{codec}, as it says of itself", ""
    except (LookupError, ValueError):
        return None


def _mend(data: bytes) -> tuple[str, str, str] | None:
    """UTF-8 with a few broken places, as files have that were cut by bytes; None where it is another encoding."""
    shown = data.decode(errors="replace")
    broken = shown.count("\ufffd") - data.count("\ufffd".encode())
    whole = _count(_BEYOND_ASCII, shown)
    del shown
    if broken * 4 > whole:  # what other encodings write hardly ever is well-formed UTF-8
        return None
    doubt = f"is UTF-8 with broken places ({broken}), which were left out."
    return _as_text(data.decode(errors="ignore")), "UTF-8", doubt


def _as_text(content: str) -> str:
    if "\0" in content:
        raise UnicodeError("it holds NUL characters")
    controls = _count(_CONTROL, content)
    if controls > len(content) / 20:  # real texts hold next to none
        raise UnicodeError(f"{controls} of its {len(content)} characters are control characters")
    return content


def _count(pattern: re.Pattern[str], content: str) -> int:
    """How often; in parts, for of a whole book the list of what was found would be larger than the book."""
    return sum(len(pattern.findall(content, at, at + _PART)) for at in range(0, len(content), _PART))


def _guess(data: bytes) -> tuple[str, str, str]:
    """An old encoding, by how well the text reads in it.

    charset-normalizer 3.5 alone read 71 of 150 translations of the Declaration of Human Rights right (129 in cp1252,
    the rest in cp1250 … cp1257). With cp1252, by far the commonest in files, winning unless clearly worse: 123.
    """
    import charset_normalizer  # here, because UTF-8 needs none of it

    enough = data.find(b"\n", _LOOKED_AT, 2 * _LOOKED_AT) + 1 or data.rfind(b" ", 0, 2 * _LOOKED_AT)
    fits = list(charset_normalizer.from_bytes(data[: enough if enough > 0 else 2 * _LOOKED_AT]))
    if not fits:
        doubt = "is not UTF-8, and no other encoding fits well; read as cp1252: look at its accented letters."
        return _as_text(data.decode("cp1252")), "cp1252", doubt
    near = [fit for fit in fits if fit.chaos <= fits[0].chaos + 0.1 and fit.coherence >= fits[0].coherence - 0.05]
    chosen = next((fit for fit in near if fit.encoding == "cp1252"), fits[0])
    rival = next((fit.encoding for fit in near if str(fit) != str(chosen)), None)
    sure = f"though {rival} fits nearly as well: look at its accented letters" if rival else "which alone fits well"
    return _as_text(data.decode(chosen.encoding)), chosen.encoding, f"is not UTF-8; read as {chosen.encoding}, {sure}."
