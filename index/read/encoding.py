"""From bytes to text, without guessing.

`text_from_bytes` believes, in this order: a byte order mark, UTF-8 where the bytes are UTF-8, the encoding the file
declares. Whatever is left is refused: a wrong guess would be found by nobody and searched by everybody. A file that
says Latin and holds Korean decodes without an error, so Latin is believed only where it makes words.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from index.read.reading import Refused
from index.read.text import UTF8_MARK, text_problem

MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks, and the codec that reads what follows together with the mark."""

# What browsers read where a page names the narrower encoding: https://encoding.spec.whatwg.org/#names-and-labels
_WIDER: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "utf-8-sig": "utf-8",
}
_OTHER_NAMES: Final = {"windows-949": "cp949", "x-euc-kr": "cp949", "x-sjis": "cp932", "x-gbk": "gb18030"}
_ENCODING = re.compile(
    r"utf-8|ascii|cp\d+|iso8859-\d+|iso2022_\w+|euc_\w+|koi8-\w|mac-\w+|big5\w*|gb\w+|hz|shift_jis\w*|johab|tis-620"
)
"""Names of Python's codecs that are encodings of text, and not, say, "hex" or "idna"."""

_LATIN: Final = frozenset({"cp1252", "cp1254", "iso8859-2", "iso8859-3", "iso8859-10", "iso8859-14", "iso8859-15"})
_HIGH = re.compile("[\xa1-\u024f]+")
_RUN: Final = 4
"""Letters beyond ASCII in a row that hardly a word in Latin letters has; a Korean syllable read as Latin is two."""

_DECLARED_XML = re.compile(rb"""<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([\w.:-]{1,40})["']""")
_DECLARED_HTML = re.compile(rb"""<meta\s[^>]{0,400}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)


def text_from_bytes(content: bytes, declared: str | None = None) -> str:
    """The text that the bytes are, without a byte order mark. Raises `Refused`."""
    for mark, marked in MARKS:
        if content.startswith(mark):
            return _decoded(content.removeprefix(UTF8_MARK), marked, "by its first bytes")
    codec = codec_of(content, declared, is_all=True)
    return _decoded(content, codec, f"by its own words ({declared})" if declared else "for the most part")


def checked(text: str) -> str:
    """The text, if it can be one. Raises `Refused`."""
    if problem := text_problem(text):
        raise Refused(problem)
    return text


def codec_of(content: bytes, declared: str | None, *, is_all: bool) -> str:
    """The Python codec for some bytes; if they are not all, they may break off within a character.

    Raises `Refused` if there is none.
    """
    codec = find_codec(declared) if declared else None
    if codec and codec.startswith(("iso2022", "hz")) and (b"\x1b" in content or b"~{" in content):
        return codec  # seven bits a byte, so UTF-8 would take it
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=is_all)
    except UnicodeDecodeError as error:
        if declared is None:
            raise Refused(
                "is not in UTF-8 and does not say what it is in: "
                f"byte {error.start} (0x{content[error.start]:02x}) is not part of a character; save it as UTF-8"
            ) from error
        if codec is None:
            raise Refused(f"says that it is in {declared!r}, which is no known encoding; save it as UTF-8") from error
    else:
        return "utf-8"
    if codec in _LATIN and not _is_plausible_latin(content.decode(codec, "replace")):
        raise Refused(
            f"says that it is in {declared}, which makes no words of it; save it as UTF-8, or correct what it says"
        )
    return codec


def find_codec(declared: str) -> str | None:
    """The Python codec for the name of an encoding, the wider one where browsers take that; None if there is none."""
    name = declared.strip().lower()
    try:
        codec = codecs.lookup(_OTHER_NAMES.get(name, name)).name
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return None
    if codec.startswith(("utf-16", "utf-32")):
        return "utf-8"  # it could not have been read as ASCII: https://html.spec.whatwg.org/#prescan-a-byte-stream
    codec = _WIDER.get(codec, codec)
    return codec if _ENCODING.fullmatch(codec) else None


def find_declared(head: bytes) -> str | None:
    """The encoding that the beginning of an HTML or XML file declares."""
    match = _DECLARED_XML.search(head) or _DECLARED_HTML.search(head)
    return match[1].decode("ascii", "replace") if match else None


def _decoded(content: bytes, codec: str, said: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        raise Refused(
            f"is in {codec} {said}, but byte {error.start} (0x{content[error.start]:02x}) is not part of a character; "
            "save it as UTF-8"
        ) from error


def _is_plausible_latin(text: str) -> bool:
    """Whether most letters beyond ASCII stand alone or in pairs, as they do in languages written in Latin letters."""
    runs = [len(run) for run in _HIGH.findall(text)]
    return 2 * sum(run for run in runs if run >= _RUN) <= sum(runs)
