"""The engine that reads the index with Whoosh's own searcher: the readable reference, and the oracle at scale.

`WhooshEngine` answers requests. `_Translation` turns the tree into Whoosh queries: words are Whoosh's terms, `And`s and
`Or`s; what is not scored is a set of documents known from `Columns`; what Whoosh lacks or has wrong is in
`search.engines.whoosh_queries`. `_Statistics` gives the scores of the contract. `answer` filters, sorts and counts.

Whoosh's traps, and the guards here (each measured; the contract suite holds them shut):
- its top-k skips blocks that could have won, so every match is collected and cut by us;
- its `Not` and `ConstantScoreQuery` add 1 to scores, and `Not` can find deleted documents, so no such node is used;
- its unions for many clauses drop matches of score 0, so only its binary unions are used;
- its proximity misses a third word between two, and its phrases score a repeated word twice, so `Placed` checks both;
- its N, df and average length depend on what was deleted and merged before, so they are counted here;
- its readers seek in files that all threads share, so a lock lets one search in at a time (the rest is outside it).
"""

from __future__ import annotations

import math
import threading
from array import array
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache, partial, reduce
from typing import TYPE_CHECKING, Final, assert_never

from whoosh import query as whoosh_query
from whoosh.query.compound import DefaultOr
from whoosh.reading import IndexReader

from index.fields import FIELDS, KEYWORD_FIELDS, TEXT_FIELDS, FieldKind
from index.whoosh_index import SERIAL, damage_named, first_day_column, last_day_column, open_index
from search.budget import spend
from search.engine import ALL_BUT_CAPTION, MAX_EXPANSIONS, B, DateFilter, Statistics
from search.engines.columns import Columns, answer, docset, numbers
from search.engines.refusing import refuse_unknown_fields
from search.engines.whoosh_queries import (
    AllScores,
    AnyTerm,
    Documents,
    Placed,
    ScoredTerm,
    Weighted,
    stands_as_phrase,
    stands_near,
)
from search.errors import EngineClosed, TooManyExpansions, UnsupportedQuery
from search.query import And, Dates, Everything, Near, Not, Nothing, Or, Phrase, Prefix, Query, Term, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from whoosh.index import FileIndex

    from search.engine import Matches, SearchRequest
    from search.engines.columns import Days, DocSet
    from search.engines.whoosh_queries import Stands

NAME: Final = "whoosh"


class WhooshEngine:
    """Answers from the Whoosh index in a folder. Safe to use from many threads.

    Open it after forking: the files' read positions would be shared between processes. Opening reads every keyword
    posting and column once. `opening` opens the index: by default one of our format, which nothing can be run from.
    Raises `DamagedGeneration` if the folder holds no index that can be read.
    """

    def __init__(self, folder: Path, generation: str, *, opening: Callable[[Path], FileIndex] = open_index) -> None:
        self._generation = generation
        self._lock = threading.Lock()
        self._opened: _Opened | None = _Opened(folder, opening)

    @property
    def generation(self) -> str:
        """The id of the generation it answers from."""
        return self._generation

    def search(self, request: SearchRequest) -> Matches:
        """Answer a request. Raises `TooManyExpansions`, `UnsupportedQuery`, `OverBudget` or `EngineClosed`."""
        refuse_unknown_fields(NAME, request)
        with self._lock:
            if self._opened is None:
                raise EngineClosed(f"generation {self._generation} is closed")
            columns = self._opened.columns
            found, scores = _Translation(self._opened, request).run(request.query)
            if request.after:
                found &= columns.added_after(request.after)
            if request.within != Everything():
                found &= _Translation(self._opened, replace(request, roles=ALL_BUT_CAPTION)).run(request.within)[0]
        return answer(request, columns, found, scores, self._generation)

    def statistics(self) -> Statistics:
        """What scores are made of. Raises `EngineClosed`."""
        opened = self._opened
        if opened is None:
            raise EngineClosed(f"generation {self._generation} is closed")
        return opened.statistics.told()

    def close(self) -> None:
        """Let go of files and memory, after the search under way."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.searcher.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """One of the index's segments: its reader, and the document numbers of the whole index that are its own."""

    reader: IndexReader
    offset: int
    size: int

    def own(self, docs: DocSet) -> list[int]:
        """Those documents of a set that are in this segment, by its own numbers."""
        return numbers((docs >> self.offset) & ((1 << self.size) - 1))


class _Opened:
    """An open index, and what is read from it once."""

    def __init__(self, folder: Path, opening: Callable[[Path], FileIndex]) -> None:
        index = opening(folder)
        with ExitStack() as on_failure, damage_named(folder):
            self.searcher = index.searcher()
            on_failure.callback(self.searcher.close)
            reader = self.searcher.reader()
            leaves = reader.leaf_readers() if reader.doc_count_all() else ()
            segments = [_Segment(leaf, offset, leaf.doc_count_all()) for leaf, offset in leaves]
            self._segments = {segment.reader: segment for segment in segments}
            self.columns = _columns_from_segments(segments)
            self.statistics = _Statistics(segments)
            on_failure.pop_all()

    def numbers_in(self, reader: IndexReader, docs: DocSet) -> list[int]:
        """Those documents of a set that are in the segment of a reader, by its own numbers."""
        return self._segments[reader].own(docs)


def _columns_from_segments(segments: Sequence[_Segment]) -> Columns:
    size = sum(segment.size for segment in segments)
    live = (segment.offset + number for segment in segments for number in segment.reader.all_doc_ids())
    return Columns(
        serials=_column(segments, SERIAL),
        days=_days(segments),
        live=docset(live, size),
        values={field: _docs_by_value(segments, field, size) for field in KEYWORD_FIELDS},
    )


def _column(segments: Iterable[_Segment], name: str) -> list[int]:
    columns = ((segment.reader.column_reader(name, translate=False), segment.size) for segment in segments)
    return [column[number] for column, size in columns for number in range(size)]


def _days(segments: Sequence[_Segment]) -> list[Days | None]:
    [field] = [field.name for field in FIELDS if field.kind is FieldKind.DAYS]
    first, last = _column(segments, first_day_column(field)), _column(segments, last_day_column(field))
    interned: dict[Days, Days] = {}
    return [interned.setdefault(days, days) if days[0] else None for days in zip(first, last, strict=True)]


def _docs_by_value(segments: Iterable[_Segment], field: str, size: int) -> Mapping[str, DocSet]:
    found: dict[str, list[int]] = defaultdict(list)
    for segment in segments:
        for value in segment.reader.lexicon(field):
            own = segment.reader.postings(field, value).all_ids()
            found[value.decode()].extend(segment.offset + number for number in own)
    return {value: docset(having, size) for value, having in found.items() if having}


class _Statistics:
    """What scores are made of, counted over the articles that are there: N, df, rounded lengths and their average."""

    def __init__(self, segments: Sequence[_Segment]) -> None:
        self._segments = segments
        self._articles = sum(segment.reader.doc_count() for segment in segments)
        self._averages: dict[str, float] = {}
        self._norms = {field: dict(self._norms_of(field)) for field in TEXT_FIELDS}
        self.idf = lru_cache(maxsize=4096)(self._idf)

    def _norms_of(self, field: str) -> Iterator[tuple[IndexReader, array[float]]]:
        """What frequencies are divided by, for each document of each segment's reader."""
        lengths = {segment.reader: _rounded_lengths(segment, field) for segment in self._segments}
        live = (
            lengths[segment.reader][number] for segment in self._segments for number in segment.reader.all_doc_ids()
        )
        self._averages[field] = average = sum(live) / (self._articles or 1) or 1.0
        for reader, own in lengths.items():
            yield reader, array("d", ((1 - B) + B * length / average for length in own))

    def told(self) -> Statistics:
        """What the contract tells of them."""
        return Statistics(self._articles, self._averages)

    def _idf(self, fields: tuple[str, ...], term: bytes) -> float:
        spend()
        having = sum(len(_articles_with(segment.reader, fields, term)) for segment in self._segments)
        return math.log(1 + (self._articles - having + 0.5) / (having + 0.5))

    def document_frequency(self, field: str, term: bytes) -> int:
        """How many articles have a term, not counting the deleted ones that Whoosh still keeps."""
        spend()
        return sum(_document_frequency(segment.reader, field, term) for segment in self._segments)

    def terms_with(self, field: str, prefix: str) -> list[bytes]:
        """The terms of a field that begin so and that some article has."""
        found = {term for segment in self._segments for term in segment.reader.expand_prefix(field, prefix)}
        return sorted(term for term in found if self.document_frequency(field, term))

    def norms(self, reader: IndexReader, field: str) -> array[float]:
        """What the frequencies of a field are divided by, for each document of a segment."""
        norms: array[float] = self._norms[field][reader]
        return norms


def _rounded_lengths(segment: _Segment, field: str) -> list[int]:
    """Field lengths as the index has them, rounded to one byte. Whoosh says None or 0 for an empty field."""
    return [segment.reader.doc_field_length(number, field) or 0 for number in range(segment.size)]


def _document_frequency(reader: IndexReader, field: str, term: bytes) -> int:
    if not reader.has_deletions():
        return int(reader.doc_frequency(field, term))
    return sum(1 for _ in reader.postings(field, term).all_ids()) if (field, term) in reader else 0


def _articles_with(reader: IndexReader, fields: Iterable[str], term: bytes) -> set[int]:
    """The documents of a segment that have a term in any of some fields, but the deleted ones."""
    return {number for field in fields if (field, term) in reader for number in reader.postings(field, term).all_ids()}


class _Translation:
    """Turns one request's tree into Whoosh queries and runs them."""

    def __init__(self, opened: _Opened, request: SearchRequest) -> None:
        self._opened = opened
        self._columns = opened.columns
        self._request = request
        self._weights = dict(request.ranking.weights)
        self._fields = tuple(self._weights)
        self._context = opened.searcher.context(needs_current=True, weighting=None)

    def run(self, query: Query) -> tuple[DocSet, Mapping[int, float]]:
        """The documents that match, and the scores of those that have any."""
        translated = self._translate(query)
        if isinstance(translated, Documents):
            return translated.docs, {}
        if not self._columns.live:
            return 0, {}
        collector = AllScores()
        self._opened.searcher.search_with_collector(translated, collector, self._context)
        return docset(collector.scores, self._columns.size), collector.scores

    def _translate(self, query: Query) -> whoosh_query.Query:  # noqa: C901 - one case for each kind of node
        match query:
            case Everything():
                return self._documents(self._columns.live)
            case Nothing():
                return self._documents(0)
            case Term(text, field):
                return AnyTerm([self._scored(text.encode("utf-8", "surrogatepass"), self._asked(query, field))])
            case Phrase(words, field):
                return self._placed(words, stands_as_phrase, self._asked(query, field))
            case Near(words, distance, field):
                return self._placed(words, partial(stands_near, distance=distance), self._asked(query, field))
            case Prefix(text, field):
                return AnyTerm(self._expanded(text, self._asked(query, field)))
            case Value(field, value):
                return self._documents(self._having(query, field, value))
            case Dates(start, end):
                return self._documents(self._columns.within(DateFilter(start, end)))
            case And(parts):
                return self._all_of([self._translate(part) for part in parts])
            case Or(parts):
                return self._either_of([self._translate(part) for part in parts])
            case Not(part):
                return self._documents(self._columns.live & ~self.run(part)[0])
            case _:
                assert_never(query)

    def _documents(self, docs: DocSet) -> Documents:
        return Documents(docs, self._opened.numbers_in)

    def _asked(self, query: Query, field: str | None) -> tuple[str, ...]:
        """The fields a leaf of words asks."""
        if field is None:
            return self._fields
        if field not in TEXT_FIELDS:
            raise UnsupportedQuery(NAME, str(query))
        return (field,)

    def _having(self, query: Query, field: str, value: str) -> DocSet:
        if field not in KEYWORD_FIELDS:
            raise UnsupportedQuery(NAME, str(query))
        return self._columns.by_value(field, self._request.roles).get(value, 0)

    def _scored(self, term: bytes, fields: tuple[str, ...]) -> ScoredTerm:
        """A term over the fields asked, with what its scores are made of."""
        statistics = self._opened.statistics
        weighted = tuple(
            Weighted(field, self._weights.get(field, 1.0), partial(statistics.norms, field=field)) for field in fields
        )
        return ScoredTerm(term, weighted, statistics.idf(fields, term))

    def _placed(self, words: tuple[str, ...], stands: Stands, fields: tuple[str, ...]) -> whoosh_query.Query:
        """Where the words stand so in a field; each distinct one is scored over all fields asked."""
        scored = [AnyTerm([self._scored(word.encode(), fields)]) for word in dict.fromkeys(words)]
        return whoosh_query.And([_any_of([Placed(field, words, stands) for field in fields]), *scored])

    def _expanded(self, prefix: str, fields: tuple[str, ...]) -> list[ScoredTerm]:
        terms_with = self._opened.statistics.terms_with
        found = [term for field in fields for term in terms_with(field, prefix)]
        if len(found) > MAX_EXPANSIONS:
            raise TooManyExpansions(prefix, allowed=MAX_EXPANSIONS, found=len(found))
        return [self._scored(term, fields) for term in sorted(set(found))]

    def _all_of(self, parts: Sequence[whoosh_query.Query]) -> whoosh_query.Query:
        """All parts, those that are not scored as one set."""
        scored = [part for part in parts if not isinstance(part, Documents)]
        rest = [part.docs for part in parts if isinstance(part, Documents)]
        docs = self._documents(reduce(int.__and__, rest, self._columns.live))
        if not scored:
            return docs
        return whoosh_query.And([*scored, docs] if rest else scored)

    def _either_of(self, parts: Sequence[whoosh_query.Query]) -> whoosh_query.Query:
        """Any part, those that are not scored as one set."""
        scored = [part for part in parts if not isinstance(part, Documents)]
        rest = [part.docs for part in parts if isinstance(part, Documents)]
        docs = self._documents(reduce(int.__or__, rest, 0))
        if not scored:
            return docs
        return _any_of([*scored, docs] if rest else scored)


def _any_of(parts: list[whoosh_query.Query]) -> whoosh_query.Query:
    """Whoosh's binary union, whatever the number of parts and documents."""
    return DefaultOr(parts)
