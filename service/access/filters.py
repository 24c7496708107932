"""Filters of sites, keys and tokens: questions in the query language that ask for no words.

    source:daily-nk      region:"North Pyongan" OR region:Chagang      -topic:markets      date:2015..

A filter says which articles there are for whom it binds, so it is taken exactly or not at all: where a search would
make the best of a question and say so in a notice, a filter is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from search.errors import QueryRefused
from search.query import And, Dates, Everything, Near, Not, Nothing, Or, Phrase, Prefix, Query, Term, Value, all_of
from search.rewrite import rewrite
from search.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.gazetteer import Gazetteer

MOST_FILTERS: Final = 16
"""Filters of one site, key or token; each can be as long as a question."""


def read_filter(text: str) -> Query:
    """A filter as read. Raises `ValueError` that says what is wrong with it."""
    try:
        parsed = parse(text)
    except QueryRefused as refused:
        raise ValueError(f"the filter {text!r} cannot be used: {refused.detail}") from None
    if parsed.warnings:
        raise ValueError(f"the filter {text!r} cannot be used: {parsed.warnings[0].detail}")
    if parsed.query == Everything():
        raise ValueError("a filter must say something, such as source:daily-nk")
    if _has_words(parsed.query):
        raise ValueError(
            f"the filter {text!r} asks for words; it can only name values and dates, as in "
            'source:daily-nk, region:"North Pyongan" OR region:Chagang, -topic:markets, date:2015..'
        )
    return parsed.query


def canonical(text: str) -> str:
    """A filter as it is always written. Raises `ValueError` as `read_filter` does."""
    return str(read_filter(text))


def query_from_filters(filters: Iterable[str], gazetteer: Gazetteer) -> Query:
    """What matches every one of some filters, as engines take it. Raises `ValueError`."""
    return all_of(rewrite(read_filter(text), gazetteer) for text in filters)


def _has_words(query: Query) -> bool:
    match query:
        case Term() | Phrase() | Near() | Prefix():
            return True
        case And(parts) | Or(parts):
            return any(map(_has_words, parts))
        case Not(part):
            return _has_words(part)
        case Value() | Dates() | Everything() | Nothing():
            return False
        case _:
            assert_never(query)
