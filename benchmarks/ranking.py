"""Who puts the right articles first: Dateline beside other search libraries on Cranfield, judged by ir-measures.

    python -m benchmarks.ranking [--page docs/ranking.md] [--opensearch http://127.0.0.1:9200]

Every library indexes the same titles and abstracts in two fields, unless it has one only, and is asked the same
questions: all words of each, joined by or. It has its own analysis and its own defaults. `RANKERS` says how each is
driven; `page_from_scores` fills `ranking_page.md`. What isn't installed is left out, and said to be; so is Dateline's
own engine over a cluster (`ON_CLUSTER`), unless it is told where one is.
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
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any, Final

from whoosh import analysis, fields, qparser
from whoosh.filedb.filestore import RamStorage

from benchmarks.cranfield import ALL, DEPTH, EVEN, FIRST, ODD, Cranfield, Run, find_cranfield, mean_scores
from benchmarks.machine import ROOT, say, this_machine
from benchmarks.peers import peer_named
from index.analysis import terms
from index.fields import FIELDS
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

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.machine import Machine
    from search.engine import Engine

PAGE: Final = ROOT / "docs" / "ranking.md"
TEMPLATE: Final = Path(__file__).with_name("ranking_page.md")
HALVES: Final = (ODD, EVEN, ALL)
NOTHING: Final = "none"
EMBEDDED: Final = "Dateline"
ON_CLUSTER: Final = "Dateline on OpenSearch"
SAME: Final = 1e-6
"""How far our own figures may be from those of ir-measures."""

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Ranker:
    """A way of asking a library, and which of `benchmarks.peers` it is."""

    title: str
    peer: str
    rank: Callable[[Cranfield], Run]


def rank_by_dateline(cranfield: Cranfield, ranking: Ranking = Ranking()) -> Run:  # noqa: B008 - a value
    """Dateline as it is: its engine, its analyser, its weights."""
    with tempfile.TemporaryDirectory() as folder:
        write_index(Path(folder) / "index", cranfield.records)
        engine = ArraysEngine(Path(folder) / "index", "cranfield")
        run = _asked(engine, cranfield, ranking)
        engine.close()
    return run


def rank_by_cluster(cranfield: Cranfield, url: str) -> Run:
    """Dateline over an index of three shards on an OpenSearch cluster, which is deleted afterwards."""
    cluster = Cluster(Connection(urls=(url,)))
    reflects = Reflects(archive="cranfield", change=1, rules="")
    now = dt.datetime.now(dt.UTC)
    entries = [entry_from_record(record, "", "{}") for record in cranfield.records]
    lengths = average_lengths(entries)
    writer = create_index(cluster, "benchmark", reflects, shards=3, replicas=0, now=now, lengths=lengths)
    try:
        writer.write(entries, change=1)
        writer.publish(reflects, now=now)
        engine = OpenSearchEngine(open_view(cluster, writer.name))
        run = _asked(engine, cranfield, Ranking())
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


def _asked(engine: Engine, cranfield: Cranfield, ranking: Ranking) -> Run:
    """What an engine finds for each question, all its words joined by or."""
    run = {}
    for question, text in cranfield.questions.items():
        query = any_of(map(Term, terms(text)))
        matches = engine.search(SearchRequest(query=query, limit=DEPTH, ranking=ranking))
        run[question] = [match.serial for match in matches.top]
    return run


def overlap(one: Run, other: Run) -> float:
    """The mean share of the first ten of one run that are among the first ten of the other.

    >>> overlap({"1": [1, 2], "2": [3]}, {"1": [2, 4], "2": [3]})
    0.75
    """
    shares = [
        len({*one[question][:FIRST]} & {*other[question][:FIRST]}) / len(one[question][:FIRST]) for question in one
    ]
    return sum(shares) / len(shares)


def rank_by_whoosh(cranfield: Cranfield, analyzer: analysis.Analyzer) -> Run:
    """Whoosh's own index, parser and BM25F, whose fields it scores apart and adds up."""
    text = fields.TEXT(analyzer=analyzer)
    index = RamStorage().create_index(fields.Schema(serial=fields.STORED, title=text, body=text))
    with index.writer() as writer:
        for record in cranfield.records:
            writer.add_document(serial=record.serial, title=record.title, body=record.body)
    parser = qparser.MultifieldParser(["title", "body"], index.schema, group=qparser.OrGroup)
    with index.searcher() as searcher:
        # Without `optimize`, which leaves out matches that belong there
        asked = {question: parser.parse(_words(text)) for question, text in cranfield.questions.items()}
        return {
            question: [hit["serial"] for hit in searcher.search(query, limit=DEPTH, optimize=False)]
            for question, query in asked.items()
        }


def rank_by_tantivy(cranfield: Cranfield, tokenizer: str) -> Run:
    """Tantivy's parser, which joins words by or, over two fields whose scores it adds up."""
    tantivy: Any = importlib.import_module("tantivy")
    builder = tantivy.SchemaBuilder()
    for name in ("title", "body"):
        builder.add_text_field(name, tokenizer_name=tokenizer)
    builder.add_integer_field("serial", stored=True)
    index = tantivy.Index(builder.build())
    writer = index.writer()
    for record in cranfield.records:
        writer.add_document(tantivy.Document(title=record.title, body=record.body, serial=record.serial))
    writer.commit()
    index.reload()
    searcher = index.searcher()

    def found(text: str) -> list[int]:
        query = index.parse_query(_words(text), ["title", "body"])
        return [searcher.doc(address)["serial"][0] for _, address in searcher.search(query, DEPTH).hits]

    return {question: found(text) for question, text in cranfield.questions.items()}


def rank_by_sqlite(cranfield: Cranfield) -> Run:
    """FTS5's `rank`, with the Porter stemmer that it brings."""
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE VIRTUAL TABLE articles USING fts5(title, body, tokenize = 'porter unicode61')")
        database.executemany(
            "INSERT INTO articles (rowid, title, body) VALUES (?, ?, ?)",
            [(record.serial, record.title, record.body) for record in cranfield.records],
        )
        asked = f"SELECT rowid FROM articles WHERE articles MATCH ? ORDER BY rank LIMIT {DEPTH}"  # noqa: S608 - a number
        run = {
            question: [serial for (serial,) in database.execute(asked, (_any_of(text),))]
            for question, text in cranfield.questions.items()
        }
    database.close()
    return run


def rank_by_bm25s(cranfield: Cranfield) -> Run:
    """bm25s as its page shows it: English stop words left out, a Snowball stemmer; title and abstract as one text."""
    bm25s: Any = importlib.import_module("bm25s")
    stemmer = importlib.import_module("Stemmer").Stemmer("english")

    def tokens(texts: Iterable[str]) -> Any:  # noqa: ANN401 - bm25s' own
        return bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, show_progress=False)

    serials = [record.serial for record in cranfield.records]
    model = bm25s.BM25()
    model.index(tokens(f"{record.title} {record.body}" for record in cranfield.records), show_progress=False)
    found, _ = model.retrieve(tokens(cranfield.questions.values()), k=min(DEPTH, len(serials)), show_progress=False)
    return {
        question: [serials[place] for place in places.tolist()]
        for question, places in zip(cranfield.questions, found, strict=True)
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


def judged(cranfield: Cranfield, run: Run) -> dict[str, tuple[float, float]]:
    """Mean nDCG@10 and recall@100 of each half, by ir-measures. Raises `ValueError` if ours are others."""
    measures: Any = importlib.import_module("ir_measures")
    wanted = (measures.nDCG @ 10, measures.R @ 100)
    scores = {}
    for half in HALVES:
        questions = cranfield.half(half)
        grades = [
            measures.Qrel(question, str(serial), grade)
            for question in questions
            for serial, grade in cranfield.grades[question].items()
        ]
        # A library's order is what is judged, so that ties are as it broke them
        found = [
            measures.ScoredDoc(question, str(serial), float(-place))
            for question in questions
            for place, serial in enumerate(run[question])
        ]
        means = measures.calc_aggregate(wanted, grades, found)
        theirs, ours = tuple(means[measure] for measure in wanted), mean_scores(cranfield, run, half)
        if any(abs(one - other) > SAME for one, other in zip(theirs, ours, strict=True)):
            raise ValueError(f"ir-measures says {theirs} where benchmarks.cranfield says {ours}")
        scores[half] = ours
    return scores


def page_from_scores(
    scores: Mapping[str, Mapping[str, tuple[float, float]]],
    machine: Machine,
    missing: Iterable[str],
    shared: float | None = None,
) -> str:
    """The page as Markdown; `scores` by ranker and half, `shared` the overlap of our two engines."""
    head = ("", *(f"{name}, {half}" for half in HALVES for name in ("nDCG@10", "recall@100")))
    rows = (
        (title, *(f"{score:.3f}" for half in HALVES for score in of_half[half])) for title, of_half in scores.items()
    )
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        machine=machine,
        versions=", ".join(f"{name} {version}" for name, version in sorted(machine.versions.items())),
        date=machine.date,
        table="\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)),
        missing=", ".join(missing) or NOTHING,
        shared="not measured" if shared is None else f"{shared:.3f}",
        k1=K1,
        b=B,
        weights=", ".join(f"{field.name} {field.weight:g}" for field in FIELDS if field.weight),
    )


def main(arguments: list[str] | None = None) -> None:
    """Rank, judge, write the page. Says what is missing, and stops, without the collection or ir-measures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ranking", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--opensearch", metavar="URL", help="a cluster to rank on, too")
    chosen = parser.parse_args(arguments)
    cranfield = find_cranfield()
    if cranfield is None:
        sys.exit("needs ../shared/data/cranfield: corpus.jsonl, queries.jsonl, qrels.tsv")
    if importlib.util.find_spec("ir_measures") is None:
        sys.exit("needs ir-measures: run make ranking, which installs benchmarks/requirements.txt")
    scores, versions, missing = {}, {"ir-measures": importlib.metadata.version("ir-measures")}, []
    runs: dict[str, Run] = {}
    on_cluster = Ranker(ON_CLUSTER, "dateline", lambda given: rank_by_cluster(given, chosen.opensearch))
    if chosen.opensearch:
        versions["OpenSearch"] = _version(chosen.opensearch)
    else:
        missing.append(ON_CLUSTER)
    for ranker in (*RANKERS, *([on_cluster] if chosen.opensearch else [])):
        peer = peer_named(ranker.peer)
        if not peer.is_installed():
            missing.append(ranker.title)
            continue
        versions[peer.title] = peer.version()
        runs[ranker.title] = ranker.rank(cranfield)
        scores[ranker.title] = judged(cranfield, runs[ranker.title])
        say(
            f"{ranker.title:24}" + "  ".join(f"{half} {n:.4f} {r:.4f}" for half, (n, r) in scores[ranker.title].items())
        )
    shared = overlap(runs[EMBEDDED], runs[ON_CLUSTER]) if ON_CLUSTER in runs else None
    chosen.page.write_text(page_from_scores(scores, this_machine(versions), missing, shared), encoding="utf-8")


if __name__ == "__main__":
    main()
