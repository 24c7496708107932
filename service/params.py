"""The parameters of the API: one table, and reading them.

`Parameter` is a row: name, meaning, how one value is read from text, its JSON schema, its default. `SEARCH`, `FACET`
and so on are the rows that a search, a facet and so on take. Arguments arrive as a query string or a JSON object;
`Arguments` are what both come to: text values by name. `read_params` turns them into `SearchParams`, or into every
problem at once. The same rows make links (`query_string_from_params`) and the OpenAPI document. Asking an engine is
`service.asking`'s work.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote_plus, unquote_to_bytes

from index.document import Role
from index.fields import FIELDS, KEYWORD_FIELDS, FieldKind
from search.days import days_from_date
from search.engine import DateMatch, Interval, Sort
from search.related import MOST_RELATED
from search.syntax import PUBLIC_LIMITS
from service import marks
from service.problems import ParamProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_ARGUMENTS: Final = 200
_TOO_MANY: Final = f"comes after {MAX_ARGUMENTS} others; no more are allowed"
MAX_VALUES: Final = 50
MAX_VALUE_LENGTH: Final = 200
MAX_PER_PAGE: Final = 50
MAX_PAGED: Final = 10_000
"""Articles that can be reached by page number. The rest is reached by cursor."""
MAX_FACET_SIZE: Final = 200
NAMELESS: Final = "(no name)"
"""What a parameter is called whose name is empty, so that every problem names something."""
FACET_FIELDS: Final = tuple(f.name for f in FIELDS if f.kind in {FieldKind.KEYWORD, FieldKind.DAYS})

_QUOTED_LENGTH: Final = 40
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
NO_CONTROL: Final = r"^[^\u0000-\u001f\u007f-\u009f]*$"
_DATE_FORM: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_YEAR: Final = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_DATE: Final = (
    {"type": "string", "pattern": f"^{_YEAR}(-(0[1-9]|1[0-2]))?$"},
    {"type": "string", "format": "date", "pattern": f"^{_YEAR}-[0-9]{{2}}-[0-9]{{2}}$"},
)
_HALF_LIFE: Final = re.compile(r"[1-9][0-9]{0,3}[dwmy]")
_DAYS_OF: Final = {"d": 1, "w": 7, "m": 30, "y": 365}
_JSON_NAMES: Final = {str: "a string", int: "a whole number", bool: "true or false"}
_CURSOR: Final = r"^[A-Za-z0-9_-]+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParams:
    """What was asked, read and checked. What repeats is sorted and without repeats, so equal questions are equal."""

    site: str = ""
    q: str = ""
    op: Literal["and", "or"] = "and"
    region: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    exclude_region: tuple[str, ...] = ()
    exclude_source: tuple[str, ...] = ()
    exclude_topic: tuple[str, ...] = ()
    role: tuple[Role, ...] = ()
    date_from: dt.date | None = None
    date_to: dt.date | None = None
    date_match: DateMatch = DateMatch.POSSIBLE
    since: str = ""
    facet: tuple[str, ...] = ()
    facet_interval: Interval = Interval.MONTH
    facet_size: int = 20
    facet_q: str = ""
    sort: Sort | None = None
    page: int = 1
    per_page: int = 10
    cursor: str = ""
    highlight: bool = True
    variants: bool = True
    corrections: bool = True
    explain: bool = False
    recency: str = ""
    format: Literal["csv", "jsonl"] = "csv"
    dry_run: bool = False
    limit: int = 5


DEFAULTS: Final = SearchParams()


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was given, as text by name, in the order given; and what could not even be taken as text."""

    values: Mapping[str, tuple[str, ...]]
    problems: tuple[ParamProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A row of the table. `read` raises `ValueError` with what is wrong, to be said of the parameter ("must be …").

    `schema` is the JSON schema of one value, `example` one to try; `json_types` are the Python types it may have in a
    JSON body.
    """

    name: str
    meaning: str
    read: Callable[[str], Any]
    schema: Mapping[str, Any]
    json_types: tuple[type, ...] = (str,)
    repeats: bool = False
    example: str | None = None

    @property
    def default(self) -> Any:  # noqa: ANN401 - as many types as there are rows
        """The value when nothing is given."""
        return getattr(DEFAULTS, self.name)


def _words(
    name: str, meaning: str, example: str | None = None, *, longest: int = MAX_VALUE_LENGTH, repeats: bool = False
) -> Parameter:
    def read(text: str) -> str:
        if found := _CONTROL.search(text):
            raise ValueError(f"must not hold control characters or lone surrogates: U+{ord(found.group()):04X}")
        composed = unicodedata.normalize("NFC", text)
        if len(composed) > longest:
            raise ValueError(f"is {len(composed)} characters long; at most {longest} are allowed")
        return composed

    schema = {"type": "string", "maxLength": longest, "pattern": NO_CONTROL}
    return Parameter(name=name, meaning=meaning, read=read, schema=schema, repeats=repeats, example=example)


def _choice(name: str, meaning: str, choices: Iterable[str], *, repeats: bool = False) -> Parameter:
    known = {str(choice): choice for choice in choices}

    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"must be one of {', '.join(known)}; not {_quoted(text)}{_meant(text, known)}")
        return known[text]

    schema = {"type": "string", "enum": list(known)}
    return Parameter(name=name, meaning=meaning, read=read, schema=schema, repeats=repeats)


def _number(name: str, meaning: str, most: int) -> Parameter:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < 1:
            raise ValueError(f"must be a whole number from 1; not {_quoted(text)}")
        if int(text) > most:
            raise ValueError(f"is {int(text)}; at most {most} is allowed")
        return int(text)

    schema = {"type": "integer", "minimum": 1, "maximum": most}
    return Parameter(name=name, meaning=meaning, read=read, schema=schema, json_types=(int,))


def _date(name: str, meaning: str, example: str, *, is_end: bool) -> Parameter:
    def read(text: str) -> dt.date:
        if not _DATE_FORM.fullmatch(text):
            raise ValueError(f"must be YYYY, YYYY-MM or YYYY-MM-DD; not {_quoted(text)}")
        return days_from_date(text)[is_end]

    return Parameter(name=name, meaning=meaning, read=read, schema={"anyOf": list(_DATE)}, example=example)


def _flag(name: str, meaning: str) -> Parameter:
    def read(text: str) -> bool:
        if text not in {"0", "1"}:
            raise ValueError(f"must be 1 or 0; not {_quoted(text)}")
        return text == "1"

    schema = {"type": "integer", "enum": [0, 1]}
    return Parameter(name=name, meaning=meaning, read=read, schema=schema, json_types=(bool, int))


def _half_life(name: str, meaning: str) -> Parameter:
    def read(text: str) -> str:
        if not _HALF_LIFE.fullmatch(text):
            raise ValueError(f"must be a number of days, weeks, months or years (30d, 2w, 6m, 1y); not {_quoted(text)}")
        return text

    return Parameter(
        name=name, meaning=meaning, read=read, schema={"type": "string", "pattern": f"^{_HALF_LIFE.pattern}$"}
    )


def days_of_half_life(text: str) -> int:
    """The days of a half-life as `recency` takes it. A month has 30, a year 365."""
    return int(text[:-1]) * _DAYS_OF[text[-1]]


def _token(name: str, meaning: str, pattern: str, malformed: str) -> Parameter:
    def read(text: str) -> str:
        if len(text) > MAX_VALUE_LENGTH or not re.fullmatch(pattern, text):
            raise ValueError(malformed)
        return text

    schema = {"type": "string", "maxLength": MAX_VALUE_LENGTH, "pattern": pattern}
    return Parameter(name=name, meaning=meaning, read=read, schema=schema)


SITE: Final = _words("site", "Answer as this site is answered: what `dateline sites add` named.", longest=64)
"""Which site asks. It stands in the address, by POST as well, for a browser asks by address who may read the answer."""

SINCE: Final = _token(
    "since", "Only what was added since the answer that gave this mark.", marks.PATTERN, marks.MALFORMED
)
_QUESTION: Final = (
    SITE,
    _words(
        "q",
        "The question, in the query language; empty asks for everything.",
        "smuggl* -stock",
        longest=PUBLIC_LIMITS.characters,
    ),
    _choice("op", "How bare words are joined.", ("and", "or")),
    _words("region", "Articles about this place or one in it: id, name, or path (A > B).", "Sinuiju", repeats=True),
    _words("source", "Articles of this publisher: its id or any name it is known by.", "Daily NK", repeats=True),
    _words("topic", "Articles on this topic: id or name.", "smuggling", repeats=True),
    _words("language", "Articles in this language: a code like en or ko.", "en", repeats=True),
    _words("exclude_region", "No articles about this place or one in it.", repeats=True),
    _words("exclude_source", "No articles of this publisher.", repeats=True),
    _words("exclude_topic", "No articles on this topic.", repeats=True),
    _choice("role", "Which roles of a place count for region; all but caption if none is given.", Role, repeats=True),
    _date("date_from", "The first day: YYYY, YYYY-MM or YYYY-MM-DD, inclusive.", "2019", is_end=False),
    _date("date_to", "The last day: YYYY, YYYY-MM or YYYY-MM-DD, inclusive.", "2020-03", is_end=True),
    _choice("date_match", "Whether an article was possibly or certainly published in those days.", DateMatch),
    _flag("variants", "Whether names in q are also searched by their other names."),
    _flag("corrections", "Whether words of q that no article has are replaced by likely ones."),
    SINCE,
)
_FACET_SIZE: Final = _number("facet_size", "The largest values of a facet to show; all are counted.", MAX_FACET_SIZE)

SEARCH: Final = (
    *_QUESTION,
    _choice("facet", "Count the articles per value of this field.", FACET_FIELDS, repeats=True),
    _choice("facet_interval", "The width of the date facet's buckets.", Interval),
    _FACET_SIZE,
    _choice("sort", "The order of the hits; relevance if words are asked for, else newest.", Sort),
    _half_life("recency", "The age at which a score counts half: 30d, 2w, 6m or 1y. Without it, age counts nothing."),
    _number("page", "The page, from 1.", MAX_PAGED),
    _number("per_page", "Hits on a page.", MAX_PER_PAGE),
    _token(
        "cursor",
        "Go on where the answer with this next_cursor ended.",
        _CURSOR,
        "is not a cursor of this service: pass next_cursor on unchanged",
    ),
    _flag("highlight", "Whether hits show the passages that match."),
    _flag("explain", "Whether hits say why they have their score."),
)
FACET: Final = (
    *_QUESTION,
    _words("facet_q", "Only values whose name has words that begin so.", "sin"),
    _FACET_SIZE,
)
ARTICLE: Final = (SITE,)
RELATED: Final = (SITE, _number("limit", "Articles that are told of, at most.", MOST_RELATED))
SUGGEST: Final = (SITE, _words("q", "What was typed so far.", "smu", longest=PUBLIC_LIMITS.characters))
EXPORT: Final = (
    *SEARCH,
    _choice("format", "How articles are written: a table (csv) or one JSON object a line.", ("csv", "jsonl")),
)
WRITE: Final = (_flag("dry_run", "1: say what would be understood and done, and keep nothing."),)
SEARCH_BODY: Final = tuple(row for row in SEARCH if row is not SITE)
FACET_PATHS: Final = KEYWORD_FIELDS
_EVERY: Final = frozenset(f.name for f in fields(SearchParams))


def arguments_from_query_string(text: str) -> Arguments:
    """The arguments of a query string as WSGI hands it over: bytes as Latin-1."""
    values: dict[str, tuple[str, ...]] = {}
    problems = []
    pairs = [pair for pair in text.encode("latin-1").split(b"&") if pair]
    for pair in pairs[:MAX_ARGUMENTS]:
        encoded_name, _, encoded = (unquote_to_bytes(part.replace(b"+", b" ")) for part in pair.partition(b"="))
        name = encoded_name.decode("utf-8", "replace") or NAMELESS
        try:
            values[name] = (*values.get(name, ()), encoded.decode())
        except UnicodeDecodeError:
            problems.append(ParamProblem(name, "is not percent-encoded UTF-8"))
    if len(pairs) > MAX_ARGUMENTS:
        name = unquote_to_bytes(pairs[MAX_ARGUMENTS].partition(b"=")[0]).decode("utf-8", "replace")
        problems.append(ParamProblem(name or NAMELESS, _TOO_MANY))
    return Arguments(values, tuple(problems))


def arguments_from_json(body: Mapping[str, object], parameters: Iterable[Parameter]) -> Arguments:
    """The arguments of a JSON object: `null` is not given, an array is a repeated one."""
    rows = {row.name: row for row in parameters}
    values: dict[str, tuple[str, ...]] = {}
    problems = []
    for given_name, value in islice(body.items(), MAX_ARGUMENTS):
        name = given_name or NAMELESS
        try:
            values[name] = _texts_from_json(value, rows[name]) if name in rows else ()
        except ValueError as error:
            problems.append(ParamProblem(name, str(error)))
    if len(body) > MAX_ARGUMENTS:
        name = next(islice(body, MAX_ARGUMENTS, None))
        problems.append(ParamProblem(name or NAMELESS, _TOO_MANY))
    return Arguments(values, tuple(problems))


def _texts_from_json(value: object, row: Parameter) -> tuple[str, ...]:
    if isinstance(value, list) and not row.repeats:
        raise ValueError("takes one value, not an array")
    items: list[Any] = value if isinstance(value, list) else [] if value is None else [value]
    texts = []
    for item in items:
        plain = int(item) if isinstance(item, float) and item.is_integer() else item
        if type(plain) not in row.json_types:
            raise ValueError("must be " + " or ".join(_JSON_NAMES[kind] for kind in row.json_types))
        texts.append(plain if isinstance(plain, str) else str(int(plain)))
    return tuple(texts)


def read_params(arguments: Arguments, parameters: Iterable[Parameter]) -> tuple[SearchParams, tuple[ParamProblem, ...]]:
    """The arguments as values, faulty ones having their default, and all that is wrong. Blank text is not given."""
    rows = {row.name: row for row in parameters}
    problems = list(arguments.problems)
    values: dict[str, Any] = {}
    for name, texts in arguments.values.items():
        try:
            row = _row(name, rows)
            value = _value(row, texts)
        except ValueError as error:
            problems.append(ParamProblem(name, str(error)))
        else:
            if not all(map(_is_blank, texts)):
                values[name] = value
    params = SearchParams(**values)
    return params, (*problems, *_contradictions(params, values))


def _row(name: str, rows: Mapping[str, Parameter]) -> Parameter:
    if name in rows:
        return rows[name]
    if name in _EVERY:
        raise ValueError("is not a parameter of this route")
    if not rows:
        raise ValueError("is not a parameter: this route takes none")
    raise ValueError(f"is not a parameter{_meant(name, rows) or '; there are ' + ', '.join(rows)}")


def _value(row: Parameter, texts: tuple[str, ...]) -> Any:  # noqa: ANN401 - as many types as there are rows
    if not row.repeats and len(texts) > 1:
        raise ValueError(f"was given {len(texts)} times; it takes one value")
    if len(texts) > MAX_VALUES:
        raise ValueError(f"was given {len(texts)} times; at most {MAX_VALUES} are allowed")
    values = [row.read(text) for text in texts if not _is_blank(text)]
    if row.repeats:
        return tuple(sorted(set(values)))
    return values[0] if values else row.default


def _is_blank(text: str) -> bool:
    """What forms send for fields nobody filled in."""
    return not text.strip(" ")


def _contradictions(params: SearchParams, given: Mapping[str, object]) -> Iterator[ParamProblem]:
    """What each parameter allows but together makes no sense."""
    if params.date_from and params.date_to and params.date_from > params.date_to:
        yield ParamProblem("date_to", f"ends on {params.date_to}, before date_from begins ({params.date_from})")
    if params.cursor and "page" in given:
        yield ParamProblem("page", "cannot go with cursor, which already says where to go on")
    if params.page * params.per_page > MAX_PAGED:
        yield ParamProblem(
            "page",
            f"{params.page} pages of {params.per_page} reach beyond the first {MAX_PAGED} articles; "
            "follow next_cursor of the API to go on from there, or ask for less",
        )


def query_string_from_params(params: SearchParams, parameters: Iterable[Parameter]) -> str:
    """The shortest query string that reads as these values; empty if all are defaults."""
    pairs = []
    for row in parameters:
        value = getattr(params, row.name)
        if value != getattr(DEFAULTS, row.name):
            pairs += [(row.name, item) for item in (value if row.repeats else (value,))]
    return "&".join(f"{name}={quote_plus(_text(value))}" for name, value in pairs)


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _meant(text: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(text[:_QUOTED_LENGTH], list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _QUOTED_LENGTH else text[:_QUOTED_LENGTH] + "…")
