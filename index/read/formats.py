"""Which format is this? `FORMATS` are the ones that are read, `UNREADABLE` the ones that are known and are not.

`find_format_of_name` goes by the end of a file's name and `format_of` by its content, which wins where it is certain:
an `.xml` may be a feed or a WordPress export, a `.txt` a saved web page, standard input has no name at all. Each
format is a module of this package with a reader named after it, which is not imported before it is needed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from index.errors import IndexingError
from index.read.reading import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.read.reading import Reader


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the module that reads it, and the ends of the names of its files, in small letters."""

    name: str
    endings: tuple[str, ...]

    @property
    def reader(self) -> Reader:
        """What reads it. Imports the module."""
        return cast("Reader", getattr(import_module(f"index.read.{self.name}"), f"read_{self.name}"))


FORMATS: Final[Mapping[str, Format]] = {
    format_.name: format_
    for format_ in (
        Format("text", (".txt", ".text")),
        Format("markdown", (".md", ".markdown")),
        Format("html", (".html", ".htm", ".xhtml")),
        Format("jsonl", (".jsonl", ".ndjson")),
        Format("json", (".json",)),
        Format("csv", (".csv", ".tsv")),
        Format("feed", (".rss", ".atom", ".rdf", ".xml")),
        Format("wordpress", (".wxr",)),
    )
}

PACKED: Final = ".gz"

_PDF: Final = "is a PDF; save its text as .txt, for example with pdftotext"
_WORDS: Final = "is a word processor's file; save it as HTML or as plain text in UTF-8"
_TABLE: Final = 'is a spreadsheet; save it as "CSV UTF-8"'
_ARCHIVE: Final = "is an archive; unpack it and name the folder"
_PACKED: Final = "is compressed; unpack it, or compress it with gzip, which is read"
_MAIL: Final = "is mail or a web archive; save what is in it as HTML"
_DATABASE: Final = "is a database; export its articles as CSV or JSONL"
_MEDIA: Final = "holds no text that can be read"

UNREADABLE: Final[Mapping[str, str]] = {
    ending: reason
    for endings, reason in (
        (".pdf", _PDF),
        (".doc .docx .odt .rtf .pages .hwp .hwpx .wpd .epub", _WORDS),
        (".xls .xlsx .ods .numbers", _TABLE),
        (".zip .tar .tgz .tar.gz .7z .rar .jar", _ARCHIVE),
        (".bz2 .xz .zst .lz4 .z", _PACKED),
        (".eml .mbox .msg .pst .mht .mhtml .webarchive .warc", _MAIL),
        (".db .sqlite .sqlite3 .mdb .accdb .sql", _DATABASE),
        (".png .jpg .jpeg .gif .webp .svg .tif .tiff .bmp .heic .ico .psd", _MEDIA),
        (".mp3 .mp4 .m4a .wav .ogg .avi .mov .mkv .webm", _MEDIA),
    )
    for ending in endings.split()
}
"""What is known and cannot be read, by the end of its name, and what to do."""

_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF-", _PDF),
    (
        b"PK\x03\x04",
        "is a zip archive, or a word processor's file or spreadsheet; unpack it, or save it as text or CSV",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _WORDS),
    (rb"{\rtf", _WORDS),
    (b"BZh", _PACKED),
    (b"\xfd7zXZ\0", _PACKED),
    (b"\x28\xb5\x2f\xfd", _PACKED),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"SQLite format 3\0", _DATABASE),
    (b"\x89PNG\r\n", _MEDIA),
    (b"\xff\xd8\xff", _MEDIA),
    (b"GIF8", _MEDIA),
)
"""What files begin with that cannot be read."""

_MISC = rb"(?>\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?:[^<>\[]|\[[^\]]*\])*>)"
_ROOT = re.compile(rb"(?:\xef\xbb\xbf)?" + _MISC + rb"*+<([A-Za-z_][\w.:-]*)", re.DOTALL | re.IGNORECASE)
# Nothing is given back (`(?>`, `*+`): a head of blanks could be split in more ways than there is time to try.
_HTML_TYPE = re.compile(rb"<!doctype\s+html", re.IGNORECASE)
_WORDPRESS = b"wordpress.org/export/"
_FEED_ROOTS: Final = frozenset({"rss", "feed", "rdf"})
_FEED_SIGNS = re.compile(rb"<\?xml|\sxmlns|\sversion\s*=|<channel")
_WRITTEN: Final = frozenset({"text", "markdown"})
"""What people write by hand may begin with a headline like <Feed shortage>; it is a feed if more says so."""
_HTML_TAGS: Final = (
    "html head body title meta link style script article main section header div p h1 h2 h3 table ul ol span font"
    " center br img a b i em strong figure"
)
_HTML_PARTS: Final = frozenset(_HTML_TAGS.split())
_ARRAY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*[{\]]")
_OBJECT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
_FRONT_MATTER = re.compile(rb"(?:\xef\xbb\xbf)?(---|\+\+\+)[ \t]*\r?\n(?:[^\n]*\n){0,200}?\1[ \t]*(?:\r?\n|\Z)")


def find_format(name: str) -> Format | None:
    """The format that a file's name tells, packed or not."""
    bare = name.lower().removesuffix(PACKED)
    return next((known for known in FORMATS.values() if bare.endswith(known.endings)), None)


def find_unreadable(name: str) -> str | None:
    """Why a file of this name cannot be read and what to do, if that is known."""
    return next((reason for ending, reason in UNREADABLE.items() if name.lower().endswith(ending)), None)


def format_named(name: str) -> Format:
    """A format by its name. Raises `IndexingError` if there is none."""
    if name not in FORMATS:
        raise IndexingError(f"there is no format {name!r}. There are: {', '.join(FORMATS)}")
    return FORMATS[name]


def format_of(head: bytes, told: Format | None, fields: Mapping[str, str]) -> Format:
    """What a file is, by how it begins (in UTF-8) and what its name told. Raises `Refused` for what cannot be read.

    `fields` maps names of columns to ours, by which a table without a name is known.
    """
    for mark, reason in _MARKS:
        if head.startswith(mark):
            raise Refused(reason)
    found = _find_certain(head, told)
    if found is None and told is not None:
        return told
    return FORMATS[found or _guess(head, fields)]


def _find_certain(head: bytes, told: Format | None) -> str | None:
    """The format that the content leaves no doubt about, whatever the name says."""
    name = told.name if told else None
    if _ARRAY.match(head) and name in {None, "json", "jsonl"}:
        return "json"
    root = _ROOT.match(head)
    if root is None:
        return None
    tag = root[1].decode("ascii", "replace").lower().rpartition(":")[2]
    if tag in _FEED_ROOTS and (name not in _WRITTEN or _FEED_SIGNS.search(head)):
        return "wordpress" if tag == "rss" and _WORDPRESS in head else "feed"
    if tag == "html" or _HTML_TYPE.search(root[0]):
        return "html"
    if name in {"feed", "wordpress"} or (name is None and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml")):
        raise Refused(f"is XML of another kind (<{tag}>): neither a feed nor a WordPress export nor a web page")
    return None


def _guess(head: bytes, fields: Mapping[str, str]) -> str:
    """The format of a file whose name tells none."""
    from index.read.csv import delimiter_of  # noqa: PLC0415 - not before it is needed

    root = _ROOT.match(head)
    if root and root[1].decode("ascii", "replace").lower() in _HTML_PARTS:
        return "html"
    if _OBJECT.match(head):
        return "jsonl" if head.partition(b"\n")[0].rstrip().endswith(b"}") else "json"
    if _FRONT_MATTER.match(head):
        return "markdown"
    header = head.lstrip(b"\xef\xbb\xbf\r\n").partition(b"\n")[0].decode(errors="replace")
    return "csv" if delimiter_of(header, fields) else "text"
