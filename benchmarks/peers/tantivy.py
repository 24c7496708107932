"""tantivy, a search library in Rust that is driven from Python by its own bindings.

Text fields have its English analyser (`en_stem`), keyword fields are raw terms and fast fields, days are a date; the
year is a number of its own, as its date histogram knows no calendar. A page with its total is one search, four facets
are one aggregation of the same query. Filters are clauses of score 0. Where the bindings offer several ways (documents
made at once or value by value, a prefix as an automaton or a range, the total by the search or by the aggregation, the
year as terms or a histogram) the one that measured quickest is used.
"""

from __future__ import annotations

import datetime as dt
import importlib
import importlib.util
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from benchmarks.peers import Peer, Summary
from benchmarks.questions import FIELD, TOP, Shape
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS, region_from_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from benchmarks.questions import Question
    from index.fields import Record

MEMORY_BYTES: Final = 128_000_000
"""Of its writer, as its bindings propose."""
FACETED: Final = ("region", "source", "topic")
AGGREGATION: Final = {
    **{field: {"terms": {"field": field, "size": 1000}} for field in FACETED},
    "date": {"terms": {"field": "year", "size": 1000}},
}


class TantivyOpened:
    """An open index of tantivy's."""

    def __init__(self, folder: Path) -> None:
        self._tantivy: Any = importlib.import_module("tantivy")
        index = self._tantivy.Index.open(str(folder))
        self._schema = index.schema
        self._searcher = index.searcher()

    def prepare(self, question: Question, *, is_faceted: bool) -> Callable[[], tuple[Any, Any]]:
        """What gives (its search result, its aggregation or None)."""
        query, searcher = self._query(question), self._searcher
        if is_faceted:
            return lambda: (searcher.search(query, TOP, count=True), searcher.aggregate(query, AGGREGATION))
        return lambda: (searcher.search(query, TOP, count=True), None)

    def summary(self, question: Question, answer: Any) -> Summary:  # noqa: ANN401 - see `Opened`
        """What the two say."""
        found, aggregation = answer
        narrowed = {name for name, by in (("region", question.region), ("date", question.days)) if by}
        facets = {
            name: {_key(bucket["key"]): int(bucket["doc_count"]) for bucket in counted["buckets"]}
            for name, counted in (aggregation or {}).items()
            if name not in narrowed
        }
        return Summary(found.count, facets)

    def close(self) -> None:
        """Let go of files: the bindings do when nothing refers to them."""
        del self._searcher

    def _query(self, question: Question) -> Any:  # noqa: ANN401 - the bindings' own values
        make, must = self._tantivy.Query, self._tantivy.Occur.Must
        words = self._words(question)
        narrowing = []
        if question.region:
            narrowing.append(make.term_query(self._schema, "region", question.region, index_option="basic"))
        if question.days:
            first, last = map(_midnight, question.days)
            narrowing.append(make.range_query(self._schema, "date", self._tantivy.FieldType.Date, first, last))
        if not narrowing:
            return words
        return make.boolean_query([(must, words), *((must, make.const_score_query(part, 0.0)) for part in narrowing)])

    def _words(self, question: Question) -> Any:  # noqa: ANN401 - the bindings' own values
        make, occur, schema = self._tantivy.Query, self._tantivy.Occur, self._schema
        match question.shape:
            case Shape.EVERYTHING:
                return make.all_query()
            case Shape.PHRASE:
                return make.phrase_query(schema, FIELD, list(question.words))
            case Shape.PREFIX:
                return make.phrase_prefix_query(schema, FIELD, list(question.words))
            case Shape.ANY | Shape.ALL:
                terms = [make.term_query(schema, FIELD, word) for word in question.words]
                each = occur.Should if question.shape is Shape.ANY else occur.Must
                return make.boolean_query([(each, term) for term in terms]) if len(terms) > 1 else terms[0]


class Tantivy:
    """The peer that goals are measured against."""

    title = "tantivy"
    analysis = "its `en_stem`: words of letters and digits, lower case, Snowball English stems; stop words kept"
    lacks = (
        "hierarchical facets (it is given each place with all it lies in), facets that ignore their own filter, "
        "intervals of days, calendar units (it is given the year as a number), scores of prefixes"
    )

    def is_installed(self) -> bool:
        """Whether its bindings are there."""
        return importlib.util.find_spec("tantivy") is not None

    def version(self) -> str:
        """Its version."""
        return version("tantivy")

    def write(self, folder: Path, records: Iterable[Record], *, is_alone: bool) -> None:
        """Add every record, commit, wait for merges. Alone, it has one thread of indexing beside the one that adds."""
        tantivy: Any = importlib.import_module("tantivy")
        folder.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(_schema(tantivy), path=str(folder))
        writer = index.writer(heap_size=MEMORY_BYTES, num_threads=1 if is_alone else 0)
        for record in records:
            writer.add_document(tantivy.Document(**_entry(record)))
        writer.commit()
        writer.wait_merging_threads()

    def open(self, folder: Path) -> TantivyOpened:
        """Open its index."""
        return TantivyOpened(folder)

    def answers(self, question: Question, *, is_faceted: bool) -> bool:  # noqa: ARG002 - see `Peer`
        """Everything but scores over several fields that would be comparable."""
        return question.is_of_body


def _schema(tantivy: Any) -> Any:  # noqa: ANN401 - the bindings' own values
    builder = tantivy.SchemaBuilder()
    for field in TEXT_FIELDS:
        builder.add_text_field(field, tokenizer_name="en_stem", index_option="position")
    for field in KEYWORD_FIELDS:
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_integer_field("serial", fast=True)
    builder.add_integer_field("year", fast=True)
    builder.add_date_field("date", indexed=True, fast=True)
    return builder.build()


def _entry(record: Record) -> dict[str, Any]:
    entry: dict[str, Any] = {field: getattr(record, field) for field in TEXT_FIELDS}
    entry |= {field: list(getattr(record, field)) for field in KEYWORD_FIELDS}
    entry["region"] = list(dict.fromkeys(region_from_value(value)[0] for value in record.region))
    entry["serial"] = record.serial
    if record.date:
        day = dt.date.fromordinal(record.date[0])
        entry["date"], entry["year"] = _midnight(day), day.year
    return entry


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def _key(key: str | float) -> str:
    """A bucket's value as Dateline would call it: years are numbers."""
    return key if isinstance(key, str) else str(int(key))


PEER: Peer = Tantivy()
