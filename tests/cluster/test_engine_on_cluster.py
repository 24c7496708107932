"""What OpenSearch's engine promises beyond the contract: exact counts over shards, far pages, names, words, budgets."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import pytest

from index.document import (
    Block,
    BlockKind,
    Document,
    Evidence,
    Found,
    Label,
    Region,
    Role,
)
from index.layout import Reflects
from index.opensearch.client import Cluster, Connection
from index.opensearch.schema import Entry, entry_from_document, entry_from_record
from index.opensearch.view import View, open_view
from index.opensearch.writing import create_index
from search.engine import SearchRequest, Sort, ValueCounts, ValueFacet
from search.engines import opensearch, opensearch_counts
from search.engines.opensearch import OpenSearchEngine
from search.engines.opensearch_articles import OpenSearchArticles
from search.engines.opensearch_vocabulary import OpenSearchVocabulary
from search.errors import OverBudget, UnsupportedQuery
from search.query import Near, Or, Term
from tests.contract.archives import a_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.nodes import Cluster as Nodes

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
REFLECTS = Reflects(archive="beef" * 4, change=1, rules="rules")


@pytest.fixture(scope="module")
def opened(cluster: Nodes) -> Iterator[Cluster]:
    """The cluster."""
    opened = Cluster(Connection(urls=tuple(cluster.url.split())))
    yield opened
    opened.ask("DELETE", "/tried-*")
    opened.close()


@pytest.fixture(scope="module")
def view_of(opened: Cluster) -> Iterator[Callable[[list[Entry]], View]]:
    """Makes an index of three shards with these entries, and opens it."""
    views: list[View] = []

    def view_of(entries: list[Entry]) -> View:
        writer = create_index(opened, "tried", REFLECTS, shards=3, replicas=1, now=NOW)
        writer.write(entries, change=1)
        writer.publish(REFLECTS, now=NOW)
        views.append(open_view(opened, writer.name))
        return views[-1]

    yield view_of
    for view in views:
        view.close()


def entry(serial: int, **fields: object) -> Entry:
    """An article in which nothing is known but what is given."""
    return entry_from_record(a_record(serial, **fields), f"article-{serial}", "{}")


@pytest.fixture(scope="module")
def skewed(view_of: Callable[[list[Entry]], View]) -> View:
    """1,500 articles of 400 sources, whose counts lie so close together that what is first on a shard is chance."""
    chance = random.Random(7)  # noqa: S311 - not for secrets
    sources = [f"source-{chance.randrange(400)}" for _ in range(1500)]
    return view_of([entry(serial, source=(source,)) for serial, source in enumerate(sources, start=1)])


def test_counts_over_skewed_shards_are_exact(skewed: View) -> None:
    """All values are asked for, so every count is right where the cluster's own default gets some wrong."""
    chance = random.Random(7)  # noqa: S311 - the same as above
    expected = Counter(f"source-{chance.randrange(400)}" for _ in range(1500))
    facet = ValueFacet("source")
    counts = OpenSearchEngine(skewed).search(SearchRequest(facets=(facet,), limit=0)).facets[facet]
    assert counts == ValueCounts(tuple(sorted(expected.items(), key=lambda item: (-item[1], item[0]))), 0)
    usual = skewed.search({"size": 0, "aggs": {"usual": {"terms": {"field": "source", "size": 10}}}})
    told = {bucket["key"]: bucket["doc_count"] for bucket in usual["aggregations"]["usual"]["buckets"]}
    first = dict(counts.values[:10])
    assert told != first or usual["aggregations"]["usual"]["doc_count_error_upper_bound"] > 0


def test_more_values_than_can_be_counted_are_refused(skewed: View, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the cluster leaves values out, it says so, and no count is given."""
    monkeypatch.setattr(opensearch_counts, "MOST_VALUES", 100)
    with pytest.raises(UnsupportedQuery, match="a facet of source, which has more than 100 values"):
        OpenSearchEngine(skewed).search(SearchRequest(facets=(ValueFacet("source"),)))


@pytest.mark.parametrize("sort", list(Sort))
def test_far_pages_go_on_where_others_ended(skewed: View, sort: Sort, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages beyond what one request may go through are the same as if they could be asked for at once."""
    whole = OpenSearchEngine(skewed).search(SearchRequest(sort=sort, limit=2000)).top
    assert len(whole) == 1500
    monkeypatch.setattr(opensearch, "PAGE_WINDOW", 300)
    monkeypatch.setattr(opensearch, "BOOKMARKED_FROM", 100)
    engine = OpenSearchEngine(skewed)
    pages = [engine.search(SearchRequest(sort=sort, offset=offset, limit=250)).top for offset in range(0, 1750, 250)]
    assert tuple(match for page in pages for match in page) == whole
    assert OpenSearchEngine(skewed).search(SearchRequest(sort=sort, offset=1234, limit=9)).top == whole[1234:1243]


def test_a_question_of_too_many_parts_is_refused(skewed: View) -> None:
    """What the cluster will not take, and what could not be exact, is said to be unsupported."""
    engine = OpenSearchEngine(skewed)
    with pytest.raises(UnsupportedQuery, match="so many parts"):
        engine.search(SearchRequest(query=Or(tuple(Term(f"word{number}") for number in range(2000)))))
    with pytest.raises(UnsupportedQuery):
        engine.search(SearchRequest(query=Near((*"abcdef", "a"), 3)))


def test_half_characters_are_in_no_article(skewed: View) -> None:
    """What cannot be sent is not there, and that is the answer."""
    assert OpenSearchEngine(skewed).search(SearchRequest(query=Term("\ud800"))).total == 0


def test_a_question_that_takes_too_long_is_given_up(skewed: View) -> None:
    """The cluster ends what takes longer than a question may, and that is said."""
    engine = OpenSearchEngine(skewed, budget_ms=1)
    asked = SearchRequest(query=Or(tuple(Near(("a", f"b{number}"), 5) for number in range(100))))

    def ask_often() -> None:
        for _ in range(50):
            engine.search(asked)

    with pytest.raises(OverBudget, match="more than the 1 ms"):
        ask_often()


def test_what_shards_found_in_time_is_no_answer(skewed: View, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shards that gave up say so, and their counts are not taken for counts of everything."""
    search = skewed.search
    monkeypatch.setattr(skewed, "search", lambda *body, **options: search(*body, **options) | {"timed_out": True})
    with pytest.raises(OverBudget, match="more than the 1000 ms"):
        OpenSearchEngine(skewed, budget_ms=1000).search(SearchRequest())


def test_words_are_told_from_the_index(view_of: Callable[[list[Entry]], View]) -> None:
    """Known are the terms of all text fields; near are those within some edits, with their distance."""
    texts = ["smuggling rice", "smugglers", "ricer mice", "신의주 시장"]
    view = view_of([entry(serial, body=text, title="Headline") for serial, text in enumerate(texts, start=1)])
    vocabulary = OpenSearchVocabulary(view)
    assert vocabulary.known(["rice", "headlin", "absent", "신의", ""]) == {"rice", "headlin", "신의"}
    assert vocabulary.near("rcie", 1) == {"rice": 1}
    assert vocabulary.near("rice", 1) == {"rice": 0, "ricer": 1, "mice": 1}
    assert vocabulary.near("rice", 1, beginning="r") == {"rice": 0, "ricer": 1}
    assert vocabulary.near("smugler", 2) == {"smuggler": 1}


def document(serial: int, source: str, region: tuple[tuple[str, str], ...] = ()) -> Document:
    """An article with a source, and perhaps a region."""
    why = (Evidence("declared", None, source),)
    path = tuple(Label(one, name) for one, name in region)
    return Document(
        id=f"article-{serial}",
        url=None,
        text="words",
        blocks=(Block(BlockKind.BODY, 0, 5),),
        title=Found("words", why),
        regions=(Found(Region(path, Role.EVENT), why),) if path else (),
        source=Found(Label(source.lower(), source), why),
    )


def test_names_are_those_of_the_earliest_article(view_of: Callable[[list[Entry]], View]) -> None:
    """Where articles disagree about a name, the earliest decides, on whichever shard it lies; regions have paths."""
    korea = ("kp", "North Korea")
    documents = [
        document(1, "Daily NK", (korea, ("kp-sinuiju", "Sinuiju"))),
        document(2, "DAILY NK", (("kp", "DPRK"),)),
        *(document(serial, f"Source {serial % 3}") for serial in range(3, 40)),
    ]
    view = view_of([entry_from_document(serial, one) for serial, one in enumerate(documents, start=1)])
    articles = OpenSearchArticles(view)
    assert articles.labels("source")["daily nk"] == (Label("daily nk", "Daily NK"),)
    assert len(articles.labels("source")) == 4
    assert articles.labels("region") == {
        "kp": (Label(*korea),),
        "kp-sinuiju": (Label(*korea), Label("kp-sinuiju", "Sinuiju")),
    }
    assert articles.labels("topic") == {}
    assert articles.documents([39, 1, 1]) == (documents[38], documents[0], documents[0])
    assert msgspec.json.encode(articles.find("article-7")) == msgspec.json.encode(documents[6])
