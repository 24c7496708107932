"""A saved search: made from what was typed, kept in canonical form, and read back.

A `SavedSearch` is what is kept. The question is there twice: as typed, for people, and as the one way to spell it
(`query`), which is what is asked; so bare words joined by OR say OR, and a change of what people may type changes no
search that was kept. Filters are kept as ids, order and days as the API's parameters say them. `params_of` reads one,
and raises `SearchUnreadable` for one that this version does not understand: it is said then, never left out or guessed.
"""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the types of fields
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from search.errors import QueryRefused
from search.query import Everything
from search.syntax import parse
from service.asking import ask
from service.params import (
    DEFAULTS,
    SEARCH,
    SINCE,
    SITE,
    Arguments,
    arguments_from_query_string,
    query_string_from_params,
    read_params,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from search.syntax import Notice
    from search.thesaurus import Lexicon
    from service.params import SearchParams

ID: Final = r"^[a-z0-9][a-z0-9-]{0,63}\Z"
LONGEST_NAME: Final = 120
_NAME: Final = r"^\S[^\u0000-\u001f\u007f-\u009f]*\Z"

_OF_ANSWERS: Final = {
    "site", "since", "facet", "facet_interval", "facet_size", "page", "per_page", "cursor", "highlight", "explain",
}  # fmt: skip
"""What an answer is like, which whoever asks decides."""

ASKED: Final = tuple(row for row in SEARCH if row.name not in _OF_ANSWERS)
"""The parameters that a search is saved of."""

_WORDS: Final = {"q", "op"}
KEPT: Final = tuple(row for row in ASKED if row.name not in _WORDS)
"""Those of them that are kept beside the question."""

SHOWN: Final = tuple(row for row in SEARCH if row.name in _OF_ANSWERS)
"""The parameters that whoever asks for the results of a saved search adds."""

SINCE_AND_SITE: Final = (SITE, SINCE)
"""Those that whoever asks for the search itself adds."""


class SearchUnreadable(Exception):
    """A saved search that this version does not understand: its id and why."""

    def __init__(self, search_id: str, reason: str) -> None:
        self.search_id, self.reason = search_id, reason
        super().__init__(f"the saved search {search_id} cannot be read any more: {reason}")


class SavedSearch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of a saved search.

    `typed` is the question as it was typed, `query` its canonical form; `options` holds what else was asked, parameters
    of the API as text; `created` is in UTC.
    """

    id: Annotated[str, msgspec.Meta(pattern=ID)]
    name: Annotated[str, msgspec.Meta(pattern=_NAME, max_length=LONGEST_NAME)]
    typed: str
    query: str
    options: dict[str, tuple[str, ...]]
    created: Annotated[dt.datetime, msgspec.Meta(tz=True)]


def search_from_arguments(
    arguments: Mapping[str, tuple[str, ...]], *, search_id: str, name: str, now: dt.datetime, lexicon: Lexicon
) -> tuple[SavedSearch, tuple[Notice, ...]]:
    """A search made from parameters of the API as text (`ASKED`), and what is odd about its question.

    Raises `InvalidParameters` with all that is wrong with it, `ValueError` for a name or an id that cannot be.
    """
    asked = ask(Arguments(arguments), lexicon, ASKED)
    made: dict[str, Any] = {
        "id": search_id,
        "name": name,
        "typed": asked.params.q,
        "query": "" if asked.question.parsed == Everything() else str(asked.question.parsed),
        "options": _options(asked.params, {wanted.field: wanted for wanted in asked.request.filters}),
        "created": now.replace(microsecond=0),
    }
    search = msgspec.convert(made, SavedSearch)
    try:
        params_of(search)
    except SearchUnreadable as error:
        raise ValueError(f"the question cannot be kept: written out as {search.query!r}, {error.reason}") from None
    return search, asked.question.warnings


def params_of(search: SavedSearch, shown: SearchParams = DEFAULTS) -> SearchParams:
    """The parameters that ask a search, with those that say how it is to be answered. Raises `SearchUnreadable`."""
    params, problem = _read(search.query, tuple(search.options.items()))
    if problem is not None:
        raise SearchUnreadable(search.id, problem)
    return replace(shown, **{row.name: getattr(params, row.name) for row in ASKED})


def find_problem(search: SavedSearch) -> str | None:
    """Why a search cannot be read any more; None if it can."""
    return _read(search.query, tuple(search.options.items()))[1]


@lru_cache(maxsize=1024)
def _read(query: str, options: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[SearchParams, str | None]:
    """What was kept of a search as parameters, and what is wrong with it. Remembered, for lists read all of them."""
    rows = tuple(row for row in ASKED if row.name != "op")  # bare words are joined as the canonical form says
    params, problems = read_params(Arguments({**dict(options), "q": (query,)}), rows)
    reasons = [f"{problem.param} {problem.detail}" for problem in problems] or _reasons(query)
    return params, "; ".join(reasons) or None


def _options(params: SearchParams, filters: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What was asked beside the question, places, sources and topics by their ids."""
    ids = {name: wanted.any_of for name, wanted in filters.items()}
    ids |= {f"exclude_{name}": wanted.none_of for name, wanted in filters.items() if wanted.none_of}
    options = arguments_from_query_string(query_string_from_params(replace(params, **ids), KEPT)).values
    return dict(options)


def _reasons(query: str) -> tuple[str, ...]:
    """Why a canonical question is not read as it stands: it once was, so any remark means that the language changed."""
    try:
        return tuple(notice.detail for notice in parse(query).warnings)
    except QueryRefused as refused:
        return (refused.detail,)
