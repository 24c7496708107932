"""A request of InstantSearch taken apart: `items_from_body` gives `Item`s, or names everything that is wrong.

Each parameter has a reader. What would change which articles are found and is not supported is refused; what changes
nothing here is ignored; anything else unknown is ignored with a warning. Numbers beyond a limit are lowered to it, and
the result says what was used.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec

from search.query import Everything, Query, all_of
from search.syntax import PUBLIC_LIMITS, Notice
from service.instantsearch.attributes import ATTRIBUTES, INDEX, INDICES, VALUES
from service.instantsearch.filters import query_from_facet_filters, query_from_filters, query_from_numeric_filters
from service.instantsearch.wire import LARGEST, LONGEST_TAG, MOST_ITEMS
from service.params import MAX_PER_PAGE, MAX_VALUE_LENGTH
from service.problems import InvalidParameters, ParamProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from search.engine import Sort

MOST_VALUES: Final = 1000
MOST_FACET_HITS: Final = 100

_NO_MATTER: Final = frozenset({
    "analytics", "analyticsTags", "clickAnalytics", "userToken", "enablePersonalization", "enableABTest",
    "attributesToRetrieve", "attributesToHighlight", "attributesToSnippet", "responseFields", "getRankingInfo",
    "facetName",
})  # fmt: skip
"""Parameters that change nothing of what is found; nobody needs to be told that they are left out."""

_REFUSED: Final = frozenset({
    "tagFilters", "aroundLatLng", "aroundLatLngViaIP", "insideBoundingBox", "insidePolygon", "similarQuery",
    "optionalWords", "restrictSearchableAttributes", "offset", "length",
})  # fmt: skip
"""Parameters that would change what is found, and are not supported."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question. `where` names it in problems; `filters` has texts for values; `facet` makes it a facet search."""

    where: str
    index: str = INDEX
    facet: str | None = None
    query: str = ""
    page: int = 0
    hits_per_page: int = 20
    facets: tuple[str, ...] = ()
    filters: Query = field(default_factory=Everything)
    max_values: int = 100
    pre_tag: str = "<em>"
    post_tag: str = "</em>"
    facet_query: str = ""
    max_facet_hits: int = 10
    echo: str = ""
    warnings: tuple[Notice, ...] = ()

    @property
    def sort(self) -> Sort | None:
        """The order that the index's name asks for, if any."""
        return INDICES[self.index]


def items_from_body(body: Mapping[str, object]) -> tuple[Item, ...]:
    """The items of a request. Raises `InvalidParameters` with all that is wrong."""
    requests = body.get("requests")
    if not isinstance(requests, list):
        raise InvalidParameters((ParamProblem("requests", "must be a list of searches"),))
    if len(requests) > MOST_ITEMS:
        detail = f"has {len(requests)} searches; at most {MOST_ITEMS} are allowed"
        raise InvalidParameters((ParamProblem("requests", detail),))
    problems: list[ParamProblem] = []
    items = [_item(request, f"requests[{number}]", problems) for number, request in enumerate(requests)]
    if problems:
        raise InvalidParameters(tuple(problems))
    return tuple(items)


def _item(request: object, where: str, problems: list[ParamProblem]) -> Item:
    """One item; adds what is wrong with it to `problems`."""
    if not isinstance(request, dict):
        problems.append(ParamProblem(where, "must be an object"))
        return Item(where=where)
    params = request.get("params")
    if not isinstance(params, dict | None):
        problems.append(ParamProblem(f"{where}.params", "must be an object"))
        params = None
    beside = {name: value for name, value in request.items() if name not in _OF_ITEM and name != "params"}
    given = {name: value for name, value in (beside | (params or {})).items() if value is not None}
    values: dict[str, Any] = {}
    warnings: list[Notice] = []
    named = [(name, request.get(name), f"{where}.{name}") for name in _needed(request)]
    named += [(name, value, f"{where}.params.{name}") for name, value in given.items()]
    for name, value, param in named:
        try:
            _take(name, value, values, warnings)
        except ValueError as error:
            problems.append(ParamProblem(param, str(error)))
    return _made(values, warnings, given, where)


def _needed(request: Mapping[str, object]) -> tuple[str, ...]:
    """What an item must say beside its parameters: its index, and a search in a facet which facet."""
    has_facet = request.get("type") == "facet" or request.get("facet") is not None
    return "indexName", *(["type"] if "type" in request else []), *(["facet"] if has_facet else [])


def _take(name: str, value: object, values: dict[str, Any], warnings: list[Notice]) -> None:
    """Add what a parameter says to `values` or `warnings`. Raises `ValueError`."""
    if name in _READERS:
        into, read = _READERS[name]
        values[into] = _lowered(name, read(value), warnings)
    elif name in _REFUSED:
        _refuse(value)
    elif name not in _NO_MATTER:
        warnings.append(Notice("ignored-parameter", f"{name} was left out: it means nothing here"))


def _lowered(name: str, value: Any, warnings: list[Notice]) -> Any:  # noqa: ANN401 - as many types as parameters
    """The value, but no more than is allowed of its parameter; then that is said."""
    most = _MOST.get(name)
    if most is None or value <= most:
        return value
    warnings.append(Notice("lowered", f"{name} was lowered from {value} to {most}"))
    return most


def _made(values: dict[str, Any], warnings: list[Notice], given: Mapping[str, object], where: str) -> Item:
    """The item of values that were read."""
    filters = all_of(values.pop(name, Everything()) for name in ("facet_filters", "numeric_filters", "text_filters"))
    if values.pop("type", None) != "facet":
        values.pop("facet", None)
    echo = urlencode({name: _plain(value) for name, value in given.items()})
    return Item(where=where, filters=filters, echo=echo, warnings=tuple(warnings), **values)


def _text(longest: int) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("must be a string")  # noqa: TRY004 - what was sent is wrong, not what was called
        if found := _CONTROL.search(value):
            raise ValueError(f"must not hold control characters or lone surrogates: U+{ord(found.group()):04X}")
        if len(value) > longest:
            raise ValueError(f"is {len(value)} characters long; at most {longest} are allowed")
        return unicodedata.normalize("NFC", value)

    return read


def _number(value: object) -> int:
    plain = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(plain, int) or isinstance(plain, bool) or not 0 <= plain <= LARGEST:
        raise ValueError("must be a whole number from 0")
    return plain


def _index(value: object) -> str:
    if not isinstance(value, str) or value not in INDICES:
        raise ValueError(f"must be one of {', '.join(INDICES)}")
    return value


def _type(value: object) -> str:
    if value not in ("default", "facet"):
        raise ValueError("must be default or facet")
    return str(value)


def _facet(value: object) -> str:
    if not isinstance(value, str) or value not in VALUES:
        raise ValueError(f"must be a facet that can be searched in: {', '.join(VALUES)}")
    return value


def _facets(value: object) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("must be a string or a list of strings")
    asked = dict.fromkeys(name.strip() for name in names if name.strip())
    if "*" in asked:
        return ATTRIBUTES
    unknown = [name for name in asked if name not in ATTRIBUTES]
    if unknown:
        raise ValueError(f"names {unknown[0][:_QUOTED]!r}, which is no facet; there are {', '.join(ATTRIBUTES)}")
    return tuple(asked)


def _refuse(value: object) -> None:
    if value not in (None, "", False, []):
        raise ValueError("is not supported here, and would change what is found: leave it out")


def _plain(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_QUOTED: Final = 40
_OF_ITEM: Final = ("indexName", "type", "facet")
_READERS: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "indexName": ("index", _index),
    "type": ("type", _type),
    "facet": ("facet", _facet),
    "query": ("query", _text(PUBLIC_LIMITS.characters)),
    "page": ("page", _number),
    "hitsPerPage": ("hits_per_page", _number),
    "facets": ("facets", _facets),
    "facetFilters": ("facet_filters", query_from_facet_filters),
    "numericFilters": ("numeric_filters", query_from_numeric_filters),
    "filters": ("text_filters", query_from_filters),
    "maxValuesPerFacet": ("max_values", _number),
    "highlightPreTag": ("pre_tag", _text(LONGEST_TAG)),
    "highlightPostTag": ("post_tag", _text(LONGEST_TAG)),
    "facetQuery": ("facet_query", _text(MAX_VALUE_LENGTH)),
    "maxFacetHits": ("max_facet_hits", _number),
}
_MOST: Final = {"hitsPerPage": MAX_PER_PAGE, "maxValuesPerFacet": MOST_VALUES, "maxFacetHits": MOST_FACET_HITS}
