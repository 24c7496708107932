"""Who puts the right articles first: Dateline beside other search libraries, judged by ir-measures.

    python -m benchmarks.ranking [--page docs/ranking.md] [--opensearch http://127.0.0.1:9200]

On Cranfield and on KCNA every library indexes the same titles and texts in two fields, unless it has one only, and is
asked the same questions: all words of each, joined by or. It has its own analysis and its own defaults. `RANKERS` says
how each is driven; `page_from_scores` fills `ranking_page.md`. What isn't installed is left out, and said to be; so is
Dateline's own engine over a cluster (`ON_CLUSTER`), which ranks Cranfield only, unless it is told where one is.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import importlib.metadata
import importlib.util
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from whoosh import analysis, fields, qparser
from whoosh.index import create_in

from benchmarks.cranfield import find_cranfield
from benchmarks.judging import ALL, DEPTH, EVEN, FIRST, ODD, Collection, Run, mean_scores
from benchmarks.kcna import find_kcna, read_questions
from benchmarks.machine import ROOT, say, this_machine
from benchmarks.peers import peer_named
from index.analysis import terms
from index.fields import FIELDS
from index.gazetteer import load_gazetteer
from index.layout import Reflects
from index.opensearch.client import Cluster, Connection
from index.opensearch.schema import average_lengths, entry_from_record
from index.opensearch.state import delete_index
from index.opensearch.view import open_view
from index.opensearch.writing import create_index
from index.whoosh_index import write_index
from search.engine import K1, B, Ranking, SearchRequest
from search.engines.arrays import ArraysEngine
from search.engines.opensearch import OpenSearchEngine
from search.query import Term, any_of
from search.rewrite import understand
from search.thesaurus import Lexicon, load_synonyms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from benchmarks.machine import Machine
    from search.engine import Engine
    from search.query import Query

PAGE: Final = ROOT / "docs" / "ranking.md"
TEMPLATE: Final = Path(__file__).with_name("ranking_page.md")
HALVES: Final = (ODD, EVEN, ALL)
NOTHING: Final = "none"
NOT_HERE: Final = "Not measured: the articles are not on this machine."
EMBEDDED: Final = "Dateline"
ON_CLUSTER: Final = "Dateline on OpenSearch"
SAME: Final = 1e-6
"""How far our own figures may be from those of ir-measures."""

Scores: TypeAlias = "Mapping[str, Mapping[str, tuple[float, float]]]"
"""By ranker and half: nDCG@10 and recall@100."""

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Ranker:
    """A way of asking a library, and which of `benchmarks.peers` it is."""

    title: str
    peer: str
    rank: Callable[[Collection], Run]


@contextmanager
def dateline_over(collection: Collection) -> Iterator[Engine]:
    """Dateline's engine over the articles of a collection."""
    with tempfile.TemporaryDirectory() as folder:
        write_index(Path(folder) / "index", collection.records)
        engine = ArraysEngine(Path(folder) / "index", "ranking")
        yield engine
        engine.close()


def rank_by_dateline(collection: Collection, ranking: Ranking = Ranking()) -> Run:  # noqa: B008 - a value
    """Dateline as it is: its engine, its analyser, its weights."""
    with dateline_over(collection) as engine:
        return {
            question: _found(engine, any_of(map(Term, terms(text))), ranking)
            for question, text in collection.questions.items()
        }


def rank_as_typed(collection: Collection) -> Run:
    """Dateline as it answers readers: all words must be there, in any form and by any of their names."""
    with dateline_over(collection) as engine:
        lexicon = Lexicon.of(load_gazetteer(), load_synonyms())
        understood = {
            question: understand(text, gazetteer=lexicon.gazetteer, thesaurus=lexicon.thesaurus)
            for question, text in collection.questions.items()
        }
        return {question: _found(engine, asked.query) for question, asked in understood.items()}


def _found(engine: Engine, query: Query, ranking: Ranking = Ranking()) -> list[int]:  # noqa: B008 - a value
    matches = engine.search(SearchRequest(query=query, limit=DEPTH, ranking=ranking))
    return [match.serial for match in matches.top]


def rank_by_cluster(collection: Collection, url: str) -> Run:
    """Dateline over an index of three shards on an OpenSearch cluster, which is deleted afterwards."""
    cluster = Cluster(Connection(urls=(url,)))
    reflects = Reflects(archive="ranking", change=1, rules="")
    now = dt.datetime.now(dt.UTC)
    entries = [entry_from_record(record, "", "{}") for record in collection.records]
    lengths = average_lengths(entries)
    writer = create_index(cluster, "benchmark", reflects, shards=3, replicas=0, now=now, lengths=lengths)
    try:
        writer.write(entries, change=1)
        writer.publish(reflects, now=now)
        engine = OpenSearchEngine(open_view(cluster, writer.name))
        run = {
            question: _found(engine, any_of(map(Term, terms(text)))) for question, text in collection.questions.items()
        }
        engine.close()
    finally:
        delete_index(cluster, writer.name)
        cluster.close()
    return run


def _version(url: str) -> str:
    cluster = Cluster(Connection(urls=(url,)))
    version = str(cluster.ask("GET", "/")["version"]["number"])
    cluster.close()
    return version


def overlap(one: Run, other: Run) -> float:
    """The mean share of the first ten of one run that are among the first ten of the other.

    >>> overlap({"1": [1, 2], "2": [3]}, {"1": [2, 4], "2": [3]})
    0.75
    """
    shares = [
        len({*one[question][:FIRST]} & {*other[question][:FIRST]}) / len(one[question][:FIRST]) for question in one
    ]
    return sum(shares) / len(shares)


def rank_by_whoosh(collection: Collection, analyzer: analysis.Analyzer) -> Run:
    """Whoosh's own index, parser and BM25F, whose fields it scores apart and adds up."""
    text = fields.TEXT(analyzer=analyzer)
    with ExitStack() as held:
        # Not in memory: Whoosh would have its scratch files where those of any other process are
        folder = held.enter_context(tempfile.TemporaryDirectory())
        index = create_in(folder, fields.Schema(serial=fields.STORED, title=text, body=text))
        with index.writer() as writer:
            for record in collection.records:
                writer.add_document(serial=record.serial, title=record.title, body=record.body)
        parser = qparser.MultifieldParser(["title", "body"], index.schema, group=qparser.OrGroup)
        searcher = held.enter_context(index.searcher())
        # Without `optimize`, which leaves out matches that belong there
        asked = {question: parser.parse(_words(text)) for question, text in collection.questions.items()}
        return {
            question: [hit["serial"] for hit in searcher.search(query, limit=DEPTH, optimize=False)]
            for question, query in asked.items()
        }


def rank_by_tantivy(collection: Collection, tokenizer: str) -> Run:
    """Tantivy's parser, which joins words by or, over two fields whose scores it adds up."""
    tantivy: Any = importlib.import_module("tantivy")
    builder = tantivy.SchemaBuilder()
    for name in ("title", "body"):
        builder.add_text_field(name, tokenizer_name=tokenizer)
    builder.add_integer_field("serial", stored=True)
    index = tantivy.Index(builder.build())
    writer = index.writer()
    for record in collection.records:
        writer.add_document(tantivy.Document(title=record.title, body=record.body, serial=record.serial))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def found(text: str) -> list[int]:
        query = index.parse_query(_words(text), ["title", "body"])
        return [searcher.doc(address)["serial"][0] for _, address in searcher.search(query, DEPTH).hits]

    return {question: found(text) for question, text in collection.questions.items()}


def rank_by_sqlite(collection: Collection) -> Run:
    """FTS5's `rank`, with the Porter stemmer that it brings."""
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE VIRTUAL TABLE articles USING fts5(title, body, tokenize = 'porter unicode61')")
        database.executemany(
            "INSERT INTO articles (rowid, title, body) VALUES (?, ?, ?)",
            [(record.serial, record.title, record.body) for record in collection.records],
        )
        asked = f"SELECT rowid FROM articles WHERE articles MATCH ? ORDER BY rank LIMIT {DEPTH}"  # noqa: S608 - a number
        run = {
            question: [serial for (serial,) in database.execute(asked, (_any_of(text),))]
            for question, text in collection.questions.items()
        }
    database.close()
    return run


def rank_by_bm25s(collection: Collection) -> Run:
    """bm25s as its page shows it: English stop words left out, a Snowball stemmer; title and abstract as one text."""
    bm25s: Any = importlib.import_module("bm25s")
    stemmer = importlib.import_module("Stemmer").Stemmer("english")

    def tokens(texts: Iterable[str]) -> Any:  # noqa: ANN401 - bm25s' own
        return bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, show_progress=False)

    serials = [record.serial for record in collection.records]
    model = bm25s.BM25()
    model.index(tokens(f"{record.title} {record.body}" for record in collection.records), show_progress=False)
    found, _ = model.retrieve(tokens(collection.questions.values()), k=min(DEPTH, len(serials)), show_progress=False)
    return {
        question: [serials[place] for place in places.tolist()]
        for question, places in zip(collection.questions, found, strict=True)
    }


def _words(text: str) -> str:
    """A question as words alone: nothing that a parser would take for an operator."""
    return " ".join(_WORD.findall(text))


def _any_of(text: str) -> str:
    return " OR ".join(f'"{word}"' for word in _WORD.findall(text))


RANKERS: Final = (
    Ranker(EMBEDDED, "dateline", rank_by_dateline),
    Ranker("bm25s, stemmed", "bm25s", rank_by_bm25s),
    Ranker("tantivy, en_stem", "tantivy", lambda given: rank_by_tantivy(given, "en_stem")),
    Ranker("tantivy, default", "tantivy", lambda given: rank_by_tantivy(given, "default")),
    Ranker("SQLite FTS5, porter", "sqlite_fts5", rank_by_sqlite),
    Ranker("Whoosh, default", "whoosh_stock", lambda given: rank_by_whoosh(given, analysis.StandardAnalyzer())),
    Ranker("Whoosh, stemmed", "whoosh_stock", lambda given: rank_by_whoosh(given, analysis.StemmingAnalyzer())),
)


AS_TYPED: Final = Ranker("Dateline, as typed", "dateline", rank_as_typed)
"""What readers get. It is asked in another way than libraries are, so it is none of them."""


def judged(collection: Collection, run: Run, halves: Iterable[str] = HALVES) -> dict[str, tuple[float, float]]:
    """Mean nDCG@10 and recall@100 of each half, by ir-measures. Raises `ValueError` if ours are others."""
    measures: Any = importlib.import_module("ir_measures")
    wanted = (measures.nDCG @ 10, measures.R @ 100)
    scores = {}
    for half in halves:
        questions = collection.half(half)
        grades = [
            measures.Qrel(question, str(serial), grade)
            for question in questions
            for serial, grade in collection.grades[question].items()
        ]
        # A library's order is what is judged, so that ties are as it broke them
        found = [
            measures.ScoredDoc(question, str(serial), float(-place))
            for question in questions
            for place, serial in enumerate(run[question])
        ]
        means = measures.calc_aggregate(wanted, grades, found)
        theirs, ours = tuple(means[measure] for measure in wanted), mean_scores(collection, run, half)
        if any(abs(one - other) > SAME for one, other in zip(theirs, ours, strict=True)):
            raise ValueError(f"ir-measures says {theirs} where benchmarks.judging says {ours}")
        scores[half] = ours
    return scores


def page_from_scores(  # noqa: PLR0913 - what the page says, by name
    cranfield: Scores,
    kcna: Scores,
    machine: Machine,
    *,
    missing: Iterable[str],
    questions: int,
    shared: float | None = None,
) -> str:
    """The page as Markdown.

    `questions` is how many KCNA is asked; without its scores the page says that it is not. `shared` is the overlap of
    our two engines on Cranfield, None if it was not measured.
    """
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        machine=machine,
        versions=", ".join(f"{name} {version}" for name, version in sorted(machine.versions.items())),
        date=machine.date,
        table=_table(cranfield, HALVES),
        kcna=_table(kcna, (ALL,)) if kcna else NOT_HERE,
        questions=questions,
        missing=", ".join(missing) or NOTHING,
        shared="not measured" if shared is None else f"{shared:.3f}",
        k1=K1,
        b=B,
        weights=", ".join(f"{field.name} {field.weight:g}" for field in FIELDS if field.weight),
    )


def _table(scores: Scores, halves: Iterable[str]) -> str:
    """A row for each ranker: nDCG@10 and recall@100 of each half."""
    halves = tuple(halves)
    head = ("", *(f"{name}, {half}" for half in halves for name in ("nDCG@10", "recall@100")))
    rows = (
        (title, *(f"{score:.3f}" for half in halves for score in of_half[half])) for title, of_half in scores.items()
    )
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def main(arguments: list[str] | None = None) -> None:
    """Rank, judge, write the page. Says what is missing, and stops, without Cranfield or ir-measures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ranking", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--opensearch", metavar="URL", help="a cluster to rank on, too")
    chosen = parser.parse_args(arguments)
    cranfield, kcna = find_cranfield(), find_kcna()
    if cranfield is None:
        sys.exit("needs ../shared/data/cranfield: corpus.jsonl, queries.jsonl, qrels.tsv")
    if importlib.util.find_spec("ir_measures") is None:
        sys.exit("needs ir-measures: run make ranking, which installs benchmarks/requirements.txt")
    versions = {"ir-measures": importlib.metadata.version("ir-measures")}
    present = [ranker for ranker in RANKERS if peer_named(ranker.peer).is_installed()]
    for ranker in present:
        peer = peer_named(ranker.peer)
        versions[peer.title] = peer.version()
    runs = {ranker.title: ranker.rank(cranfield) for ranker in present}
    missing = [ranker.title for ranker in RANKERS if ranker not in present]
    shared = None
    if chosen.opensearch:
        versions["OpenSearch"] = _version(chosen.opensearch)
        runs[ON_CLUSTER] = rank_by_cluster(cranfield, chosen.opensearch)
        shared = overlap(runs[EMBEDDED], runs[ON_CLUSTER])
    else:
        missing.append(ON_CLUSTER)
    of_cranfield = {title: _scored(title, cranfield, run, HALVES) for title, run in runs.items()}
    of_kcna = {}
    if kcna is not None:
        asked = kcna.collection
        of_kcna = {
            ranker.title: _scored(ranker.title, asked, ranker.rank(asked), (ALL,)) for ranker in (*present, AS_TYPED)
        }
    text = page_from_scores(
        of_cranfield,
        of_kcna,
        this_machine(versions),
        missing=missing,
        questions=len(read_questions()),
        shared=shared,
    )
    chosen.page.write_text(text, encoding="utf-8")


def _scored(title: str, collection: Collection, run: Run, halves: Iterable[str]) -> dict[str, tuple[float, float]]:
    scores = judged(collection, run, halves)
    say(f"{title:24}" + "  ".join(f"{half} {n:.4f} {r:.4f}" for half, (n, r) in scores.items()))
    return scores


if __name__ == "__main__":
    main()
