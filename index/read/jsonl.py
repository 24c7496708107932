"""JSON Lines: one article per line, `.jsonl` or `.ndjson`, plain or gzipped, with the metadata its owner declares.

A row is an object with the fields of `FIELDS`; only `body` must be there. Files that call them otherwise are read with
a mapping of their names to ours. Rows are streamed with a limit on their length, and a bad row is yielded as an
`UnreadableInput` in its place: it never stops the rows after it. What a file says beyond our fields is counted and
yielded once, at its end, as `UnknownFields`.
"""

from __future__ import annotations

import gzip
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import urlsplit

import msgspec

from index.document import Declared, DeclaredRegion, RawDocument, Role
from index.errors import IndexingError, UnreadableInput
from index.identity import id_problem, row_origin
from index.read.text import UTF8_MARK, text_problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FIELDS: Final = ("id", "url", "title", "body", "date", "region", "source", "topic", "authors", "language")

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
MAX_URL_LENGTH: Final = 2048
MAX_UNKNOWN: Final = 100
"""How many fields that were not used are told of, for files whose field names are data."""

_SKIP_BYTES: Final = 64 * 1024
_ROLES: Final = ", ".join(Role)


@dataclass(frozen=True, slots=True)
class UnknownFields:
    """Fields of a file that say nothing to us: (their name, in how many rows), most frequent first."""

    path: str
    counts: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        named = ", ".join(f"{name} ({rows})" for name, rows in self.counts)
        return f"{self.path}: fields that were not used: {named}. If one is ours by another name: --map THEIRS=OURS"


class _BadRow(Exception):
    """Why a row cannot be taken. Stays within this module."""


def check_fields(fields: Mapping[str, str]) -> None:
    """Raise `IndexingError` if a mapping of their field names to ours names none of ours, or one of ours twice."""
    for theirs, ours in fields.items():
        if ours not in FIELDS:
            raise IndexingError(
                f"cannot map {theirs!r} to {ours!r}: there is no such field. There are: {', '.join(FIELDS)}"
            )
    for ours, times in Counter(fields.values()).items():
        if times > 1:
            named = " and ".join(repr(theirs) for theirs in fields if fields[theirs] == ours)
            raise IndexingError(f"cannot map both {named} to {ours!r}: name one of them")


def read_jsonl(
    file: BinaryIO, origin: str, fields: Mapping[str, str]
) -> Iterator[RawDocument | UnreadableInput | UnknownFields]:
    """The articles of a file's rows, each bad row in its place, and at the end the fields that were not used.

    `fields` maps their names to ours (see `check_fields`); a mapped field takes the place of the one with our name.
    """
    names = _our_names(fields)
    unknown: Counter[str] = Counter()
    for number, line in enumerate(_lines(file), start=1):
        if line is None:
            yield UnreadableInput(origin, number, f"is longer than {MAX_LINE_BYTES // 1024**2} MiB")
        elif line.strip():
            try:
                row = _row(line)
                _count_unknown(unknown, row.keys() - names.keys())
                yield _raw({names[name]: value for name, value in row.items() if name in names}, origin, number)
            except _BadRow as bad:
                yield UnreadableInput(origin, number, str(bad))
    if unknown:
        yield UnknownFields(origin, tuple(sorted(unknown.items(), key=lambda item: (-item[1], item[0]))))


def read_gzipped_jsonl(
    file: BinaryIO, origin: str, fields: Mapping[str, str]
) -> Iterator[RawDocument | UnreadableInput | UnknownFields]:
    """`read_jsonl` of a gzipped file. A file that is damaged or cut off yields its rows up to there, then says so."""
    try:
        with gzip.GzipFile(fileobj=file, mode="rb") as unzipped:
            yield from read_jsonl(unzipped, origin, fields)  # type: ignore[arg-type]  # GzipFile reads as a BinaryIO does
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        yield UnreadableInput(origin, None, f"the compressed data is damaged or cut off, rows may be missing: {error}")


def _count_unknown(unknown: Counter[str], names: Iterable[str]) -> None:
    for name in names:
        if name in unknown or len(unknown) < MAX_UNKNOWN:
            unknown[name] += 1


def _our_names(fields: Mapping[str, str]) -> Mapping[str, str]:
    """Every name that says something to us, and which of our fields it is."""
    mapped = set(fields.values())
    return {name: name for name in FIELDS if name not in mapped} | dict(fields)


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """The lines of a file; None for one that is too long, which is passed over without being held."""
    mark = UTF8_MARK  # at the beginning only
    while line := file.readline(MAX_LINE_BYTES + 1):
        if len(line) <= MAX_LINE_BYTES:
            yield line.removeprefix(mark)
        else:
            while line and not line.endswith(b"\n"):
                line = file.readline(_SKIP_BYTES)
            yield None
        mark = b""


def _row(line: bytes) -> dict[str, object]:
    try:
        row = msgspec.json.decode(line)
    except UnicodeDecodeError as error:
        raise _BadRow(f"is not in UTF-8: {error.reason}") from error
    except RecursionError as error:
        raise _BadRow("is nested too deeply") from error
    except msgspec.DecodeError as error:
        raise _BadRow(f"is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise _BadRow("is not a JSON object")
    return row


def _raw(row: Mapping[str, object], origin: str, line: int) -> RawDocument:
    """The article of a row whose names are ours."""
    title = _text(row, "title")
    return RawDocument(
        id=_id(row),
        url=_url(row),
        origin=row_origin(origin, line),
        content=_body(row, title),
        media_type="text/plain",
        declared=Declared(
            title=title,
            date=_text(row, "date"),
            regions=_regions(row),
            source=_text(row, "source"),
            topics=_texts(row, "topic"),
            authors=_texts(row, "authors"),
            language=_text(row, "language"),
        ),
    )


def _text(row: Mapping[str, object], field: str) -> str | None:
    value = row.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _BadRow(f"{field} is {_kind(value)}, not text")
    if "\0" in value:
        raise _BadRow(f"{field} holds a NUL character")
    return value.strip() or None


def _texts(row: Mapping[str, object], field: str) -> tuple[str, ...]:
    value = row.get(field)
    items = value if isinstance(value, list) else [value]
    texts = (_text({field: item}, field) for item in items)
    return tuple(dict.fromkeys(text for text in texts if text))


def _id(row: Mapping[str, object]) -> str | None:
    value = row.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    article_id = _text({"id": value}, "id")
    if article_id is not None and (problem := id_problem(article_id)):
        raise _BadRow(problem)
    return article_id


def _url(row: Mapping[str, object]) -> str | None:
    url = _text(row, "url")
    if url is None:
        return None
    if len(url) > MAX_URL_LENGTH:
        raise _BadRow(f"url is {len(url)} characters long; at most {MAX_URL_LENGTH} are allowed")
    if not _is_web_address(url):
        raise _BadRow(f"url is not a web address (http or https): {url[:100]!r}")
    return url


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:  # what urlsplit says of a bad IPv6 host
        return False
    return is_web and url.isprintable() and " " not in url


def _body(row: Mapping[str, object], title: str | None) -> str:
    body = row.get("body")
    if body is None:
        raise _BadRow("has no body. If it goes by another name: --map NAME=body")
    if not isinstance(body, str):
        raise _BadRow(f"body is {_kind(body)}, not text")
    if not body.strip():
        if title is None:
            raise _BadRow("has neither words in its body nor a title")
    elif problem := text_problem(body):
        raise _BadRow(f"body {problem}")
    return body


def _regions(row: Mapping[str, object]) -> tuple[DeclaredRegion, ...]:
    value = row.get("region")
    items = value if isinstance(value, list) else [value]
    regions = (_region(item) for item in items)
    return tuple(dict.fromkeys(region for region in regions if region))


def _region(item: object) -> DeclaredRegion | None:
    if not isinstance(item, dict):
        name = _text({"region": item}, "region")
        return DeclaredRegion(name) if name else None
    name = _text(item, "id") or _text(item, "name")
    if name is None:
        raise _BadRow("a region has neither id nor name")
    role = _text(item, "role")
    if role is None:
        return DeclaredRegion(name)
    if role not in set(Role):
        raise _BadRow(f"there is no region role {role!r}. There are: {_ROLES}")
    return DeclaredRegion(name, Role(role))


def _kind(value: object) -> str:
    """What JSON calls a value's type."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "text"
