"""A saved search as a rule of a topic: the row for `topics.toml`.

A rule is a query and nothing else, so what a search was filtered by goes into the query. What a query cannot say is
refused, for the topic would be given to other articles than the search finds. The order is nothing to a topic.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from search.engine import DateMatch
from search.query import And, Dates, Everything, Not, Or, Value, all_of, any_of, negated
from search.syntax import parse
from service.saved.searches import params_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from search.query import Query
    from service.params import SearchParams
    from service.saved.searches import SavedSearch

_FIELDS: Final = ("region", "source", "language")


def topic_row(search: SavedSearch) -> str:
    """The TOML of a topic that has the search's id, name and question.

    Raises `SearchUnreadable`, or `ValueError` for a search that no query can say.
    """
    params = params_of(search)
    _refuse_what_no_query_says(params)
    query = all_of(_parts(params))
    if query == Everything():
        raise ValueError(f"{search.id} asks for everything, so every article would be given the topic")
    return f"[{search.id}]\nname = {_quoted(search.name)}\nquery = {_quoted(str(query))}\nmatches = []\nnot = []\n"


def _refuse_what_no_query_says(params: SearchParams) -> None:
    """Raises `ValueError`."""
    if params.topic or params.exclude_topic or _names_topic(parse(params.q, limits=None).query):
        raise ValueError(
            "a topic is told by the words of an article, not by its topics: leave topics out of the search"
        )
    if params.role:
        raise ValueError("a query does not say which roles of a place count: leave role out of the search")
    if params.date_match is not DateMatch.POSSIBLE and (params.date_from or params.date_to):
        raise ValueError("a query means possible days: leave date_match out of the search")


def _names_topic(query: Query) -> bool:
    match query:
        case Value(field, _):
            return field == "topic"
        case And(parts) | Or(parts):
            return any(map(_names_topic, parts))
        case Not(part):
            return _names_topic(part)
        case _:
            return False


def _parts(params: SearchParams) -> Iterator[Query]:
    yield parse(params.q, limits=None).query
    for field in _FIELDS:
        wanted: tuple[str, ...] = getattr(params, field)
        if wanted:
            yield any_of(Value(field, value) for value in wanted)
        yield from (negated(Value(field, value)) for value in getattr(params, f"exclude_{field}", ()))
    if params.date_from or params.date_to:
        yield Dates(params.date_from, params.date_to)


def _quoted(text: str) -> str:
    """A basic string of TOML, which JSON's are."""
    return json.dumps(text, ensure_ascii=False)
