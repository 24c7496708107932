"""The JSON of saved searches. Goes on from `service.wire`."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations

import msgspec


class SavedSearchLinks(msgspec.Struct, frozen=True):
    """A saved search in each of its forms."""

    self: str
    results: str
    atom: str
    jsonfeed: str
    page: str
    embed: str


class SavedSearchEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a saved search asks.

    `q` is its question as typed, `query` what is asked for it, in the query language; `options` are parameters of a
    search beside it. `problem` says why it cannot be read any more; it is null for one that can.
    """

    id: str
    name: str
    q: str
    query: str
    options: dict[str, tuple[str, ...]]
    created: dt.datetime
    problem: str | None
    links: SavedSearchLinks


class SavedSearchList(msgspec.Struct, frozen=True):
    """Every saved search, in the order they were added."""

    searches: tuple[SavedSearchEntry, ...]


class SavedSearchAnswer(SavedSearchEntry, frozen=True, kw_only=True):
    """A saved search, and how many articles it finds now: `total`, null for one that cannot be read any more.

    `added` are those of them that were added since the mark that was given with `since`, null without one. `mark` is
    what to give the next time.
    """

    total: int | None
    added: int | None
    mark: str
    generation: str
