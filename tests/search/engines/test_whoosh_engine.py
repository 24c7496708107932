"""The Whoosh engine's own matters: Whoosh's traps that its guards hold shut, its resources, and its scale.

The tests of traps ask Whoosh itself, over our index. If one fails with another Whoosh, the trap is gone, and the guard
in `search.engines.whoosh` may go too.
"""

from __future__ import annotations

import gc
import gzip
import json
import math
import random
from collections import Counter
from contextlib import closing, suppress
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from whoosh import query as whoosh_query
from whoosh.query.spans import SpanNear2
from whoosh.scoring import BM25F

from index import whoosh_index
from index.analysis import terms
from index.document import Role
from index.errors import DamagedGeneration
from index.fields import region_from_value, region_value
from index.whoosh_index import open_index, update_index, write_index
from search.budget import Budgeted
from search.engine import Ranking, SearchRequest, ValueCounts, ValueFacet
from search.engines.whoosh import WhooshEngine
from search.engines.whoosh_queries import STEPS
from search.errors import EngineClosed, OverBudget
from search.query import And, Near, Not, Or, Phrase, Prefix, Term, Value
from tests.contract.archives import a_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from index.fields import Record
    from search.query import Query

BODY_ALONE = Ranking((("body", 1.0),))


def skewed_records() -> Iterator[Record]:
    """Articles in which some words are common and one is rare, of many lengths, from a fixed seed."""
    chance = random.Random(0)  # noqa: S311 - not for secrets
    for serial in range(1, 301):
        length = chance.randint(1, chance.choice((10, 60)))
        words = chance.choices(("one", "two", "three", "other"), (5, 1, 20, 60), k=length)
        yield a_record(serial, body=" ".join(words))


@pytest.fixture(scope="module")
def skewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of articles on which Whoosh's top-k goes wrong."""
    folder = tmp_path_factory.mktemp("skewed") / "index"
    write_index(folder, skewed_records())
    return folder


def test_why_every_match_is_collected(skewed: Path) -> None:
    """Whoosh's own top 10 of And([Term, Or]) skips articles that belong there; without `optimize` so does its total."""
    one, two, three = (whoosh_query.Term("body", word) for word in ("one", "two", "three"))
    asked = whoosh_query.And([one, whoosh_query.Or([two, three])])
    with open_index(skewed).searcher() as searcher:
        complete = searcher.search(asked, limit=None)
        skipping = searcher.search(asked, limit=10)
        unoptimised = searcher.search(asked, limit=10, optimize=False)
    best = [number for _, number in complete.top_n[:10]]
    assert [number for _, number in skipping.top_n] != best
    assert [number for _, number in unoptimised.top_n] != best
    assert unoptimised.collector.total < len(complete)

    request = SearchRequest(query=And((Term("one"), Or((Term("two"), Term("three"))))), ranking=BODY_ALONE)
    with closing(WhooshEngine(skewed, "skewed")) as engine:
        ours, every = engine.search(request), engine.search(replace(request, limit=300))
    assert ours.top == every.top[:10]
    assert ours.total == every.total == len(complete)


@pytest.mark.parametrize(
    "silent",
    [
        pytest.param(whoosh_query.Not(whoosh_query.Term("body", "absent")), id="Not"),
        pytest.param(whoosh_query.Every(), id="Every"),
        pytest.param(whoosh_query.Term("topic", "t"), id="a keyword"),
    ],
)
def test_why_filters_are_sets(tmp_path: Path, silent: whoosh_query.Query) -> None:
    """Whoosh's own nodes for what should not be scored add to the score of a conjunction."""
    write_index(tmp_path / "index", [a_record(1, body="goods", topic=("t",)), a_record(2)])
    word = whoosh_query.Term("body", "good")
    with open_index(tmp_path / "index").searcher() as searcher:
        [(alone, _)] = searcher.search(word, limit=None).top_n
        [(both, _)] = searcher.search(whoosh_query.And([word, silent]), limit=None).top_n
    assert both == pytest.approx(alone + 1)


def test_why_not_is_a_set(tmp_path: Path) -> None:
    """Whoosh's `Not` finds a deleted article that follows the last match of its part."""
    write_index(tmp_path / "index", [a_record(1, body="goods"), a_record(2), a_record(3)])
    update_index(tmp_path / "index", deletes=[2])
    with open_index(tmp_path / "index").searcher() as searcher:
        found = searcher.search(whoosh_query.Not(whoosh_query.Term("body", "good")), limit=None)
        assert [number for _, number in found.top_n] == [1, 2]


def test_why_unions_are_binary(tmp_path: Path) -> None:
    """Of a thousand clauses Whoosh makes another union, which drops matches of score 0; the engine does not."""
    write_index(tmp_path / "index", [a_record(1, body="goods"), a_record(2, body="goods")])
    words = ["good", *(f"absent{number}" for number in range(1100))]
    with open_index(tmp_path / "index").searcher() as searcher:
        union = whoosh_query.Or([whoosh_query.Term("body", word, boost=0.0) for word in words])
        assert len(searcher.search(union, limit=None)) == 1
    request = SearchRequest(query=Or(tuple(Term(word) for word in words)), ranking=Ranking((("body", 0.0),)))
    with closing(WhooshEngine(tmp_path / "index", "g")) as engine:
        assert engine.search(request).total == 2


def test_why_proximity_is_checked_here(tmp_path: Path) -> None:
    """Whoosh's unordered proximity does not find a third word that stands between the other two."""
    write_index(tmp_path / "index", [a_record(1, body="a x b")])
    near = SpanNear2([whoosh_query.Term("body", word) for word in ("a", "b", "x")], slop=1, ordered=False)
    with open_index(tmp_path / "index").searcher() as searcher:
        assert len(searcher.search(near, limit=None)) == 0
    with closing(WhooshEngine(tmp_path / "index", "g")) as engine:
        assert engine.search(SearchRequest(query=Near(("a", "b", "x"), 0))).total == 1


def test_why_phrases_are_checked_here(tmp_path: Path) -> None:
    """Whoosh's phrase scores a word as often as the phrase names it; the contract once."""
    write_index(tmp_path / "index", [a_record(1, body="a a")])
    with open_index(tmp_path / "index").searcher() as searcher:
        [(word, _)] = searcher.search(whoosh_query.Term("body", "a"), limit=None).top_n
        [(phrase, _)] = searcher.search(whoosh_query.Phrase("body", ["a", "a"]), limit=None).top_n
    assert phrase == pytest.approx(2 * word)
    with closing(WhooshEngine(tmp_path / "index", "g")) as engine:
        alone, twice = (engine.search(SearchRequest(query=query)).top for query in (Term("a"), Phrase(("a", "a"))))
    assert alone == twice


def test_scores_are_whooshs_own_but_for_the_idf(tmp_path: Path) -> None:
    """In one field and segment of texts whose lengths are exact in a byte, Whoosh's BM25 is ours but for the idf."""
    texts = [" ".join(record.body.split()[:10]) for record in skewed_records()]
    write_index(tmp_path / "index", [a_record(serial, body=text) for serial, text in enumerate(texts, 1)])
    with open_index(tmp_path / "index").searcher(weighting=BM25F(B=0.75, K1=2.0)) as searcher:
        found = searcher.search(whoosh_query.Term("body", "two"), limit=None)
        theirs = {number + 1: score / searcher.idf("body", "two") for score, number in found.top_n}
    idf = math.log(1 + (len(texts) - len(theirs) + 0.5) / (len(theirs) + 0.5))
    with closing(WhooshEngine(tmp_path / "index", "g")) as engine:
        ours = engine.search(SearchRequest(query=Term("two"), ranking=BODY_ALONE, limit=300)).top
    assert {match.serial: match.score / idf for match in ours} == pytest.approx(theirs, abs=1e-9)


def test_answers_do_not_depend_on_how_the_index_came_about(tmp_path: Path) -> None:
    """Deleting an article and adding it again, with others, gives the very answers of an index written at once."""
    articles = list(skewed_records())
    write_index(tmp_path / "once", articles)
    write_index(tmp_path / "piecemeal", articles[:200])
    update_index(tmp_path / "piecemeal", articles[200:], [7, 8, 9])
    update_index(tmp_path / "piecemeal", [*articles[6:9], articles[0]])
    request = SearchRequest(query=Or((Term("two"), Term("three"))), limit=300)
    with closing(WhooshEngine(tmp_path / "once", "g")) as once:
        expected = once.search(request)
    with closing(WhooshEngine(tmp_path / "piecemeal", "g")) as piecemeal:
        assert piecemeal.search(request) == expected


@pytest.fixture
def forgotten_files() -> Iterator[None]:
    """Whoosh leaves files that it could not read to the garbage collector, which is asked to come by afterwards."""
    yield
    gc.collect()


def open_files(folder: Path) -> list[Path]:
    """The files of a folder that this process has open."""
    targets = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return [target for target in targets if target.is_relative_to(folder)]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux tells which files are open")
def test_closing_lets_go_of_files(skewed: Path) -> None:
    """After `close` no file of the index is open, and a search says why it fails."""
    gc.collect()
    before = open_files(skewed)
    engine = WhooshEngine(skewed, "skewed")
    assert engine.search(SearchRequest(query=Term("one"))).total > 0
    assert len(open_files(skewed)) > len(before)
    engine.close()
    assert open_files(skewed) == before
    with pytest.raises(EngineClosed, match="skewed"):
        engine.search(SearchRequest())


@pytest.mark.usefixtures("forgotten_files")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # see the fixture
def test_a_damaged_index_is_refused_at_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment whose column was cut short is named as damage, with the remedy."""
    monkeypatch.setattr(whoosh_index, "OPEN_PAUSE_S", 0)
    write_index(tmp_path / "index", [a_record(serial, body="goods") for serial in range(1, 9)])
    next((tmp_path / "index").glob("*.inv")).write_bytes(b"DATELINE")
    with pytest.raises(DamagedGeneration, match="dateline build --from-store"):
        WhooshEngine(tmp_path / "index", "g")


REUTERS = Path(__file__).parents[3].parent / "shared" / "data" / "reuters21578.jsonl.gz"


def record_from_reuters(serial: int, article: dict[str, Any]) -> Record:
    """An article of the Reuters archive."""
    return a_record(
        serial,
        title=article["title"] or "",
        body=article["body"] or "",
        region=tuple(region_value(place, Role.EVENT) for place in article["places"]),
        topic=tuple(article["topics"]),
    )


@pytest.mark.skipif(not REUTERS.exists(), reason="the Reuters archive is not beside the repository")
def test_totals_and_facets_of_real_articles(tmp_path: Path) -> None:
    """On 2,000 real articles, total and counts by region and topic are those of reading them one by one."""
    with gzip.open(REUTERS, "rt", encoding="utf-8") as lines:
        articles = [json.loads(line) for line in islice(lines, 2000)]
    records = [record_from_reuters(serial, article) for serial, article in enumerate(articles, 1)]
    write_index(tmp_path / "index", records)
    with closing(WhooshEngine(tmp_path / "index", "reuters")) as engine:
        _assert_counts(engine, records)


def _assert_counts(engine: WhooshEngine, records: list[Record]) -> None:
    for word in ("the", "oil", "price"):
        matches = engine.search(SearchRequest(query=Term(word), facets=(ValueFacet("region"), ValueFacet("topic"))))
        having = [record for record in records if word in terms(record.title) or word in terms(record.body)]
        places = Counter(region_from_value(value)[0] for record in having for value in set(record.region))
        topics = Counter(value for record in having for value in set(record.topic))
        assert matches.total == len(having) > 10
        assert matches.facets[ValueFacet("region")] == counted(places, sum(not record.region for record in having))
        assert matches.facets[ValueFacet("topic")] == counted(topics, sum(not record.topic for record in having))


def counted(values: Counter[str], missing: int) -> ValueCounts:
    """Counts as a facet has them."""
    return ValueCounts(tuple(sorted(values.items(), key=lambda item: (-item[1], item[0]))), missing)


def ticking() -> Callable[[], float]:
    """A timer by which every look at it takes a second."""
    ticks = count()
    return lambda: float(next(ticks))


def looks(engine: WhooshEngine, request: SearchRequest) -> int:
    """How often an engine looks at the time for a question: the least budget that answers it, in looks."""
    for seconds in range(1, 1000):
        with suppress(OverBudget):
            Budgeted(engine, seconds * 1000, ticking()).search(request)
            return seconds
    raise AssertionError("it looks at the time without end")


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of many articles that have the same words."""
    folder = tmp_path_factory.mktemp("common") / "index"
    write_index(folder, (a_record(serial, body=f"one two three word{serial % 50:02}") for serial in range(1, 2001)))
    return folder


@pytest.mark.parametrize(
    ("query", "least"),
    [
        pytest.param(Term("one"), 2 * 2000 // STEPS, id="the postings and matches of a common word"),
        pytest.param(Phrase(("one", "two")), 2000, id="positions"),
        pytest.param(Near(("three", "one"), 3), 2000, id="distances"),
        pytest.param(Prefix("word"), 50, id="the words that a prefix begins"),
        pytest.param(And((Phrase(("one", "three")), Term("word07"))), 40, id="positions, of a rare word"),
        pytest.param(Or(tuple(Term(f"word{number:02}") for number in range(30))), 30, id="many words"),
        pytest.param(Not(Phrase(("two", "one"))), 2000, id="what is not so"),
    ],
)
def test_a_question_that_costs_too_much_is_given_up(common: Path, query: Query, least: int) -> None:
    """The time is looked at as often as there is work; what is over the budget is refused, and harms no later one."""
    with closing(WhooshEngine(common, "common")) as engine:
        fresh = Budgeted(engine, 1000 * (least // 2), ticking())
        with pytest.raises(OverBudget):
            fresh.search(SearchRequest(query=query))
        unbounded = engine.search(SearchRequest(query=query))
        bounded = Budgeted(engine, 1000 * 100_000, ticking()).search(SearchRequest(query=query))
        assert bounded == unbounded


def test_what_is_cheap_is_seldom_looked_at(common: Path) -> None:
    """A filter alone, or a rare word, costs few looks at the time."""
    with closing(WhooshEngine(common, "common")) as engine:
        assert looks(engine, SearchRequest(query=Value("topic", "t"))) == 1
        assert looks(engine, SearchRequest(query=Term("absent"))) < 30
