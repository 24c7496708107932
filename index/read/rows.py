"""Articles as rows of named values, whatever they are written in: JSON, CSV, the front matter of Markdown.

`FIELDS` are the names that say something to us; only `body` must be there. Owners who call them otherwise map their
names to ours (`check_fields`, `our_names`). `raw_from_row` makes the article or says why not, all that is wrong at
once. It takes what owners wrote at its word: an address, an id or a role that cannot be is refused, not repaired.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

from index.archive.identity import id_problem
from index.document import Declared, DeclaredRegion, RawDocument, Role
from index.errors import IndexingError
from index.read.metadata import MAX_URL_LENGTH, is_web_address
from index.read.reading import Refused
from index.read.text import character_problem, text_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

FIELDS: Final = ("id", "url", "title", "body", "date", "region", "source", "topic", "authors", "language")

LISTS: Final = ("region", "topic", "authors")
"""Fields that may have several values."""

LEAST_NUMBER: Final = -(2**63)
MOST_NUMBER: Final = 2**63 - 1
"""Between these an id may be a number. What is beyond, other programs round, and two articles become one."""

_NO_BODY: Final = "has no body"

_ROLES: Final = ", ".join(Role)


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


def our_names(fields: Mapping[str, str]) -> Mapping[str, str]:
    """Every name that says something to us, and which of our fields it is.

    A mapped name takes the place of the one that is called like our field.
    """
    mapped = set(fields.values())
    return {name: name for name in FIELDS if name not in mapped} | dict(fields)


def raw_from_row(
    row: Mapping[str, object], origin: str, theirs: Mapping[str, str] = MappingProxyType({})
) -> RawDocument:
    """The article of a row whose names are ours. Raises `Refused` with all that is wrong.

    `theirs` are the names that its owner knows some fields by, to say so.
    """
    faults: list[str] = []

    def read(part: Callable[[], T]) -> T | None:
        try:
            return part()
        except Refused as refused:
            faults.extend(refused.reasons)
            return None

    article_id, url = read(partial(_id, row)), read(partial(_url, row))
    title, date, source, language = (
        read(partial(_text, row.get(field), theirs.get(field, field)))
        for field in ("title", "date", "source", "language")
    )
    body, regions = read(partial(_body, row)), read(partial(_regions, row))
    topics, authors = (
        read(partial(_texts, row.get(field), theirs.get(field, field))) for field in ("topic", "authors")
    )
    if faults:
        raise Refused(*faults)
    declared = Declared(
        title=title,
        date=date,
        regions=regions or (),
        source=source,
        topics=topics or (),
        authors=authors or (),
        language=language,
    )
    return RawDocument(
        id=article_id, url=url, origin=origin, content=body or "", media_type="text/plain", declared=declared
    )


def reasons_of(refused: Refused) -> tuple[str, ...]:
    """What is wrong with a row of a file, whose names can be mapped to ours."""
    hint = f"{_NO_BODY}. If it goes by another name: --map NAME=body"
    return tuple(hint if reason == _NO_BODY else reason for reason in refused.reasons)


def values_of(value: object) -> list[object]:
    """The values of a field that may have several: a list, one, or a text with `;` or `|` between them."""
    if isinstance(value, str):
        return [part for part in value.replace("|", ";").split(";") if part.strip()]
    return value if isinstance(value, list) else [value]


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused(f"{name} is {_kind(value)}, not text")
    if problem := character_problem(value):
        raise Refused(f"{name} {problem}")
    return value.strip() or None


def _texts(value: object, name: str) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    texts = (_text(item, name) for item in items)
    return tuple(dict.fromkeys(text for text in texts if text))


def _id(row: Mapping[str, object]) -> str | None:
    value = row.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        if not LEAST_NUMBER <= value <= MOST_NUMBER:
            raise Refused("id is a number that 64 bits cannot hold; write it as text")
        value = str(value)
    article_id = _text(value, "id")
    if article_id is not None and (problem := id_problem(article_id)):
        raise Refused(problem)
    return article_id


def _url(row: Mapping[str, object]) -> str | None:
    url = _text(row.get("url"), "url")
    if url is None:
        return None
    if len(url) > MAX_URL_LENGTH:
        raise Refused(f"url is {len(url)} characters long; at most {MAX_URL_LENGTH} are allowed")
    if not is_web_address(url):
        raise Refused(f"url is not a web address (http or https): {url[:100]!r}")
    return url


def _body(row: Mapping[str, object]) -> str:
    body = row.get("body")
    if body is None:
        raise Refused(_NO_BODY)
    if not isinstance(body, str):
        raise Refused(f"body is {_kind(body)}, not text")
    if not body.strip():
        title = row.get("title")
        if title is None or (isinstance(title, str) and not title.strip()):
            raise Refused("has neither words in its body nor a title")
    elif problem := text_problem(body):
        raise Refused(f"body {problem}")
    return body


def _regions(row: Mapping[str, object]) -> tuple[DeclaredRegion, ...]:
    value = row.get("region")
    items = value if isinstance(value, list) else [value]
    regions = (_region(item) for item in items)
    return tuple(dict.fromkeys(region for region in regions if region))


def _region(item: object) -> DeclaredRegion | None:
    if not isinstance(item, dict):
        name = _text(item, "region")
        return DeclaredRegion(name) if name else None
    name = _text(item.get("id"), "id") or _text(item.get("name"), "name")
    if name is None:
        raise Refused("a region has neither id nor name")
    role = item.get("role")
    if role is None:
        return DeclaredRegion(name)
    if not isinstance(role, str) or role not in set(Role):
        raise Refused(f"there is no region role {role!r}. There are: {_ROLES}")
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
