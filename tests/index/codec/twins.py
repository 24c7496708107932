"""Two indexes of the same commits, one in Whoosh's own format (W3) and one in ours, and everything to be asked of them.

`Twins` makes both. `SCHEMA` is a small schema; `WIDE` has every kind of field, and `wide_entry` makes entries for it
from a seeded random source. `postings`, `statistics`, `blocks` and `documents` say all that a reader has, and `agree`
compares them; `queries` makes a query of each kind, and `answer` says what a searcher finds. What the two say must be
equal, to the last bit of every score.
"""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

from whoosh import columns, fields, query, scoring, sorting
from whoosh.analysis import RegexTokenizer, StandardAnalyzer, StemmingAnalyzer
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex
from whoosh.query import spans

from index.codec.contents import ArrayIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from whoosh.codec.base import Segment
    from whoosh.reading import IndexReader
    from whoosh.searching import Searcher

    from index.codec.inverted import InvertedArrays

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Twins:
    """The same index twice."""

    whooshs: FileIndex
    ours: ArrayIndex

    @classmethod
    def create(cls, folder: Path, schema: fields.Schema) -> Twins:
        """Two empty indexes in new folders."""
        storages = [FileStorage(str(folder / name)).create() for name in ("w3", "arrays")]
        return cls(
            storages[0].create_index(deepcopy(schema)),
            storages[1].create_index(deepcopy(schema), indexclass=ArrayIndex),
        )

    @classmethod
    def open(cls, folder: Path, schema: fields.Schema) -> Twins:
        """Twins that are in a folder already."""
        storages = [FileStorage(str(folder / name)) for name in ("w3", "arrays")]
        return cls(storages[0].open_index(), storages[1].open_index(schema=deepcopy(schema), indexclass=ArrayIndex))

    def both(self) -> tuple[FileIndex, ArrayIndex]:
        """Whoosh's, ours."""
        return self.whooshs, self.ours

    def commit(self, work: Callable[[Any], object], **options: Any) -> None:
        """Do the same with the writer of each, and commit."""
        for index in self.both():
            writer = index.writer(compound=False)
            work(writer)
            writer.commit(**options)

    def add(self, entries: list[Entry], **options: Any) -> None:
        """Add documents in one commit."""

        def work(writer: Any) -> None:
            for entry in entries:
                writer.add_document(**entry)

        self.commit(work, **options)

    def add_each(self, commits: list[list[Entry]]) -> None:
        """Add documents in several commits that merge nothing."""
        for entries in commits:
            self.add(entries, merge=False)

    def replace(self, entries: list[Entry]) -> None:
        """Replace documents in one commit, which merges as Whoosh likes."""

        def work(writer: Any) -> None:
            for entry in entries:
                writer.update_document(**entry)

        self.commit(work)


SCHEMA: Final = fields.Schema(
    key=fields.ID(unique=True, stored=True),
    body=fields.TEXT,
    places=fields.ID,
    number=fields.COLUMN(columns.NumericColumn("q")),
)
"""A small schema."""

WIDE: Final = fields.Schema(
    key=fields.ID(unique=True, stored=True),
    title=fields.TEXT(stored=True, field_boost=2.0, sortable=True),
    body=fields.TEXT(analyzer=StandardAnalyzer(stoplist=None, minsize=1), stored=True, vector=True),
    stemmed=fields.TEXT(analyzer=StemmingAnalyzer(), spelling=True),
    letters=fields.TEXT(chars=True, analyzer=RegexTokenizer()),
    plain=fields.TEXT(phrase=False),
    tags=fields.KEYWORD(commas=True, lowercase=True, scorable=True, stored=True),
    kind=fields.ID(sortable=True, stored=True),
    places=fields.ID(),
    number=fields.NUMERIC(int, sortable=True, signed=True),
    ratio=fields.NUMERIC(float),
    day=fields.DATETIME(sortable=True),
    flag=fields.BOOLEAN,
    grams=fields.NGRAM(minsize=2, maxsize=3),
    bits=fields.COLUMN(columns.BitColumn()),
    refs=fields.COLUMN(columns.RefBytesColumn()),
    small=fields.COLUMN(columns.NumericColumn("b", default=-1)),
    single=fields.COLUMN(columns.NumericColumn("f", default=0.5)),
    large=fields.COLUMN(columns.NumericColumn("Q", default=2**64 - 1)),
)

WORDS: Final = (
    "goods", "trader", "traders", "market", "smuggling", "smugglers", "river", "border", "rice", "price", "신의주",
    "물가", "Sinŭiju", "a", "b", "c", "the", "of", "and", "in",
)  # fmt: skip
KINDS: Final = ("report", "notice", "letter")


def seeded(seed: int | str) -> Random:
    """A random source that says the same every time."""
    return Random(seed)  # noqa: S311 - not for secrets


def segments_of(index: FileIndex) -> list[Segment]:
    """The segments of an index of Whoosh's."""
    return list(index._segments())  # noqa: SLF001 - Whoosh has no other way to tell


def inverted_of(reader: IndexReader) -> InvertedArrays:
    """The arrays that a reader of one segment of ours reads."""
    return reader._terms.inverted  # type: ignore[no-any-return]  # noqa: SLF001 - Whoosh has no other way to them


def wide_entry(random: Random, key: int) -> Entry:
    """A document for `WIDE`: each field there or not, boosted or not."""

    def text(most: int) -> str:
        return " ".join(random.choices(WORDS, weights=range(len(WORDS), 0, -1), k=random.randint(0, most)))

    entry: Entry = {
        "key": f"k{key}",
        "title": text(6),
        "body": text(60),
        "stemmed": text(10),
        "letters": text(8),
        "plain": text(12),
        "tags": ",".join(random.choices(WORDS[:8], k=random.randint(0, 4))),
        "kind": random.choice(KINDS),
        "places": random.sample(KINDS, k=random.randint(0, 3)),
        "number": random.randint(-1000, 1000),
        "ratio": random.choice((0.5, -1.25, 1e300, 3.0)),
        "day": dt.datetime(2020, 1, 1) + dt.timedelta(days=random.randint(0, 400)),  # noqa: DTZ001 - Whoosh knows no time zones
        "flag": random.random() < 0.5,
        "grams": text(2),
        "bits": random.random() < 0.5,
        "refs": random.choice((b"x", b"yy", b"")),
        "small": random.randint(-128, 127),
        "single": random.choice((0.5, -1.25, 0.1)),
        "large": random.choice((0, 2**64 - 1, 2**63, key)),
    }
    kept = {name: value for name, value in entry.items() if name == "key" or random.random() < 0.9}
    if random.random() < 0.3:
        kept["_title_boost"] = random.choice((0.5, 1.5, 3.0))
    if random.random() < 0.2:
        kept["_boost"] = random.choice((2.0, 1.25))
    return kept


SPELLING: Final = "spell_"
"""How the fields are named that Whoosh keeps for its suggestions. See `test_words_for_suggestions_are_kept_once`."""


def postings(reader: IndexReader) -> list[tuple[Any, ...]]:
    """Every posting of a reader: field, term, document, weight, value."""
    found = (posting for posting in reader.iter_postings() if not posting[0].startswith(SPELLING))
    return [(*posting[:4], posting[4] or b"") for posting in found]


def statistics(reader: IndexReader) -> dict[tuple[str, bytes], tuple[Any, ...]]:
    """All that a reader says of each term."""
    return {
        term: (
            info.weight(), info.doc_frequency(), info.min_length(), info.max_length(), info.max_weight(),
            info.min_id(), info.max_id(), reader.frequency(*term), reader.doc_frequency(*term), term in reader,
        )
        for term, info in reader
        if not term[0].startswith(SPELLING)
    }  # fmt: skip


def blocks(reader: IndexReader, field: str, term: bytes) -> list[tuple[Any, ...]]:
    """All that Whoosh's skipping is told of each block of a term's list."""
    matcher = reader.postings(field, term)
    found = []
    while matcher.is_active():
        found.append(
            (
                matcher.block_min_id(), matcher.block_max_id(), matcher.block_min_length(),
                matcher.block_max_length(), matcher.block_max_weight(),
            )
        )  # fmt: skip
        while matcher.is_active() and not matcher.next():
            pass
    return found


def documents(reader: IndexReader) -> list[Any]:
    """All that a reader says of each document."""
    names = [name for name, _ in reader.schema.items()]
    lengths = {name: [reader.doc_field_length(doc, name) or 0 for doc in reader.all_doc_ids()] for name in names}
    extremes = [
        (name, leaf.min_field_length(name), leaf.max_field_length(name))
        for name in names
        for leaf, _ in reader.leaf_readers()
        if any(leaf.doc_field_length(doc, name) for doc in range(leaf.doc_count_all()))
    ]
    rows = [  # of each segment: Whoosh's reader of several mixes them up where one has no such column
        {
            name: [leaf.column_reader(name, translate=False)[doc] for doc in leaf.all_doc_ids()]
            for name in names
            if leaf.has_column(name)
        }
        for leaf, _ in reader.leaf_readers()
    ]
    vectors = {
        doc: list(reader.vector(doc, "body").items_as("frequency"))
        for doc in reader.all_doc_ids()
        if "body" in names and reader.has_vector(doc, "body")
    }
    totals = {name: reader.field_length(name) for name in names}
    return [
        list(reader.iter_docs()),
        lengths,
        extremes,
        rows,
        vectors,
        totals,
        reader.doc_count(),
        reader.doc_count_all(),
    ]


def answer(searcher: Searcher, question: query.Query, **options: Any) -> list[tuple[int, float]]:
    """What a search finds: documents and scores, best first."""
    return [(hit.docnum, hit.score) for hit in searcher.search(question, **options)]


class ByLength(scoring.WeightingModel):  # type: ignore[misc]  # Whoosh is untyped
    """Rare words in short fields: what Whoosh's DFree and PL2 look at, both of which Whoosh 2.7.4 fails to run."""

    def scorer(self, searcher: Searcher, fieldname: str, text: bytes, qf: int = 1) -> scoring.BaseScorer:  # noqa: ARG002 - Whoosh's signature
        """A scorer that lets Whoosh skip blocks."""
        if not searcher.schema[fieldname].scorable:
            return scoring.WeightScorer.for_(searcher, fieldname, text)
        return _ByLengthScorer(searcher, fieldname, text)


class _ByLengthScorer(scoring.WeightLengthScorer):  # type: ignore[misc]  # Whoosh is untyped
    def __init__(self, searcher: Searcher, fieldname: str, text: bytes) -> None:
        self._frequency = searcher.get_parent().reader().frequency(fieldname, text)
        self.setup(searcher, fieldname, text)

    def _score(self, weight: float, length: int) -> float:
        return float(weight / (length + 1) / (self._frequency + 0.1))


WEIGHTINGS: Final[Mapping[str, Callable[[], scoring.WeightingModel]]] = {
    "BM25F": lambda: scoring.BM25F(title_B=0.3),
    "TF_IDF": scoring.TF_IDF,
    "Frequency": scoring.Frequency,
    "by length": ByLength,
    "own": lambda: scoring.FunctionWeighting(
        lambda searcher, name, text, matcher: (
            matcher.weight() + (searcher.doc_field_length(matcher.id(), name, 1) or 1) / 7 + searcher.idf(name, text)
        )
    ),
}


def queries(random: Random) -> Iterator[tuple[str, query.Query]]:
    """A query of each kind, with its name."""

    def term() -> query.Term:
        field = random.choice(("title", "body", "body", "stemmed", "plain", "tags", "kind", "letters"))
        return query.Term(field, random.choice((*WORDS[:14], "trader", "report", "missing")))

    def body() -> query.Term:
        return query.Term("body", random.choice(WORDS[:12]))

    def words(count: int) -> list[str]:
        return random.choices(WORDS[:12], k=count)

    start = dt.datetime(2020, 3, 1)  # noqa: DTZ001 - Whoosh knows no time zones
    yield "term", term()
    yield "and", query.And([term(), term()])
    yield "or", query.Or([term(), term(), term()])
    yield "or of many", query.Or([term() for _ in range(12)])
    yield "and of ors", query.And([query.Or([term(), term()]), query.Or([term(), term()])])
    yield "not", query.And([term(), query.Not(term())])
    yield "not alone", query.Not(term())
    yield "and not", query.AndNot(term(), term())
    yield "and maybe", query.AndMaybe(term(), term())
    yield "require", query.Require(term(), term())
    yield "otherwise", query.Otherwise(term(), term())
    yield "phrase", query.Phrase("body", words(2))
    yield "phrase with slop", query.Phrase("title", words(2), slop=3)
    yield "near", spans.SpanNear(body(), body(), slop=4, ordered=False)
    yield "near, ordered", spans.SpanNear2([body(), body()], slop=3)
    yield "first", spans.SpanFirst(body(), limit=3)
    yield "span or", spans.SpanOr([body(), body()])
    yield "span not", spans.SpanNot(body(), body())
    yield "contains", spans.SpanContains(spans.SpanNear(body(), body(), slop=8), body())
    yield "before", spans.SpanBefore(body(), body())
    yield "characters", query.Phrase("letters", words(2), slop=2)
    yield "prefix", query.Prefix("body", random.choice(("t", "s", "", "신", "q")))
    yield "wildcard", query.Wildcard("body", random.choice(("*r*", "?", "tr?der*")))
    yield "regex", query.Regex("body", "[a-m].*")
    yield "fuzzy", query.FuzzyTerm("body", random.choice(("tradr", "marked", "rise")), maxdist=random.randint(1, 2))
    yield "range of terms", query.TermRange("body", "g", "s")
    yield "range of numbers", query.NumericRange("number", random.randint(-900, 0), random.randint(0, 900))
    yield "range of ratios", query.NumericRange("ratio", 0.0, None)
    yield "range of days", query.DateRange("day", start, start + dt.timedelta(days=90))
    yield "every", query.Every()
    yield "every of a field", query.Every("tags")
    yield "variations", query.Variations("body", "trade")
    yield "constant score", query.ConstantScoreQuery(term(), 3.5)
    yield "disjunction max", query.DisjunctionMax([term(), term()])
    yield "boosted", query.Or([term().with_boost(2.5), query.And([term(), term()], boost=0.5)])
    yield "nothing", query.NullQuery


FACETS: Final[Mapping[str, Callable[[], Any]]] = {
    "kind": lambda: sorting.FieldFacet("kind"),
    "number": lambda: sorting.FieldFacet("number", reverse=True),
    "tags": lambda: sorting.FieldFacet("tags", allow_overlap=True),
    "day": lambda: sorting.DateRangeFacet(
        "day",
        dt.datetime(2020, 1, 1),  # noqa: DTZ001 - Whoosh knows no time zones
        dt.datetime(2021, 6, 1),  # noqa: DTZ001 - likewise
        dt.timedelta(days=30),
    ),
    "title": lambda: sorting.FieldFacet("title"),
}


def add(index: FileIndex, *bodies: str, **options: Any) -> None:
    """Add documents with these bodies in one commit."""
    with index.writer() as writer:
        for key, body in enumerate(bodies):
            writer.add_document(key=f"{key}", body=body, number=key)
        for name, value in options.items():
            setattr(writer, name, value)


def agree(twins: Twins) -> None:
    """All that readers of the twins say is the same."""
    with twins.whooshs.reader() as whooshs, twins.ours.reader() as ours:
        assert postings(ours) == postings(whooshs)
        assert statistics(ours) == statistics(whooshs)
        if whooshs.doc_count_all():
            assert documents(ours) == documents(whooshs)
