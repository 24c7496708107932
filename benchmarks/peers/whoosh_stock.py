"""Whoosh 2.7.4 as it comes, with its own index format, writer, searcher and grouping, and Dateline's analyser.

Given our analyser rather than its own, so that terms are the same. Everything else is its own, as its documentation
shows: `writer(limitmb=…)`, `search(limit=10, filter=…, groupedby=…)`, `len(results)` for the total.
"""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from whoosh import fields, query, sorting
from whoosh.index import create_in, open_dir

from benchmarks.peers import Peer, Summary
from benchmarks.questions import FIELD, TOP, Shape
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS, region_from_value
from index.whoosh_index import Analyser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from benchmarks.questions import Question
    from index.fields import Record

MEMORY_MB: Final = 128
FACETED: Final = ("region", "source", "topic")


class WhooshOpened:
    """An open index of Whoosh's."""

    def __init__(self, folder: Path) -> None:
        self._searcher = open_dir(str(folder), readonly=True).searcher()
        self._facets = sorting.Facets()
        for field in FACETED:
            self._facets.add_field(field, allow_overlap=True, maptype=sorting.Count)
        self._facets.add_field("year", maptype=sorting.Count)

    def prepare(self, question: Question, *, is_faceted: bool) -> Callable[[], tuple[int, Any]]:
        """What gives (the total, its results)."""
        query, narrowed = _query(question), _filter(question)
        facets = self._facets if is_faceted else None

        def ask() -> tuple[int, Any]:
            results = self._searcher.search(query, limit=TOP, filter=narrowed, groupedby=facets)
            return len(results), results

        return ask

    def summary(self, question: Question, answer: Any) -> Summary:  # noqa: ANN401 - see `Opened`
        """What its results say."""
        total, results = answer
        names = [name for name in (*FACETED, "year") if name in results.facet_names()]
        counted = {"date" if name == "year" else name: _counts(results.groups(name)) for name in names}
        narrowed = {name for name, by in (("region", question.region), ("date", question.days)) if by}
        return Summary(total, {name: counts for name, counts in counted.items() if name not in narrowed})

    def close(self) -> None:
        """Let go of files."""
        self._searcher.close()


def _counts(groups: dict[Any, int]) -> dict[str, int]:
    return {str(value): count for value, count in groups.items() if value and count}


def _query(question: Question) -> Any:  # noqa: ANN401 - Whoosh is untyped
    match question.shape:
        case Shape.EVERYTHING:
            return query.Every()
        case Shape.PHRASE:
            return query.Phrase(FIELD, list(question.words))
        case Shape.PREFIX:
            return query.Prefix(FIELD, question.words[0])
        case Shape.ANY | Shape.ALL:
            terms = [query.Term(FIELD, word) for word in question.words]
            join = query.Or if question.shape is Shape.ANY else query.And
            return join(terms) if len(terms) > 1 else terms[0]


def _filter(question: Question) -> Any:  # noqa: ANN401 - Whoosh is untyped
    if question.region:
        return query.Term("region", question.region)
    if question.days:
        first, last = (dt.datetime.combine(day, dt.time()) for day in question.days)
        return query.DateRange("date", first, last)
    return None


class WhooshStock:
    """What Dateline's own engine grew out of."""

    title = "Whoosh"
    analysis = "Dateline's analyser, given to it"
    lacks = (
        "hierarchical facets (it is given each place with all it lies in), facets that ignore their own filter, "
        "intervals of days"
    )

    def is_installed(self) -> bool:
        """Always: Dateline is built on it."""
        return True

    def version(self) -> str:
        """Its version."""
        return version("whoosh")

    def write(self, folder: Path, records: Iterable[Record], *, is_alone: bool) -> None:
        """Add every record and commit; with a process for each core unless alone."""
        folder.mkdir(parents=True, exist_ok=True)
        writer = create_in(str(folder), _schema()).writer(limitmb=MEMORY_MB, **({} if is_alone else {"procs": 2}))
        for record in records:
            writer.add_document(**_entry(record))
        writer.commit()

    def open(self, folder: Path) -> WhooshOpened:
        """Open its index."""
        return WhooshOpened(folder)

    def answers(self, question: Question, *, is_faceted: bool) -> bool:  # noqa: ARG002 - see `Peer`
        """Everything but scores over several fields that would be comparable."""
        return question.is_of_body


def _schema() -> fields.Schema:
    schema = fields.Schema(
        serial=fields.NUMERIC(int, bits=64, signed=False, sortable=True),
        date=fields.DATETIME(sortable=True),
        year=fields.NUMERIC(int, sortable=True),
    )
    for field in TEXT_FIELDS:
        schema.add(field, fields.TEXT(analyzer=Analyser()))
    for field in KEYWORD_FIELDS:
        schema.add(field, fields.ID())
    return schema


def _entry(record: Record) -> dict[str, Any]:
    entry: dict[str, Any] = {field: getattr(record, field) for field in ("serial", *TEXT_FIELDS)}
    entry |= {field: list(getattr(record, field)) for field in KEYWORD_FIELDS}
    entry["region"] = list(dict.fromkeys(region_from_value(value)[0] for value in record.region))
    if record.date:
        day = dt.date.fromordinal(record.date[0])
        entry["date"], entry["year"] = dt.datetime.combine(day, dt.time()), day.year
    return entry


PEER: Peer = WhooshStock()
