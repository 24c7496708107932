"""The promises of `search.engine`, kept by OpenSearch on three nodes: an index of three shards, each on two of them.

All tests of `tests/contract/` but those of the formula of scores and of how it is explained. Matches, totals, facets,
orders of time, and what age makes of scores are the oracle's. Orders of relevance are the engine's own: what they are
worth is measured (`benchmarks/ranking.py`).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.layout import Reflects
from index.opensearch.client import Cluster, Connection
from index.opensearch.schema import entry_from_record
from index.opensearch.view import open_view
from index.opensearch.writing import Gone, create_index
from search.engine import Recency, SearchRequest, Sort
from search.engines.opensearch import OpenSearchEngine
from search.errors import EngineClosed, UnexplainedScores
from search.query import Term
from tests.contract.archives import FIVE_ARTICLES, Commit, articles_of, histories, requests
from tests.contract.conftest import GENERATION, engine, oracle, sample, small  # noqa: F401 - fixtures
from tests.contract.test_explanations import explained
from tests.contract.test_promises import *  # noqa: F403 - all of them
from tests.contract.test_scores import (  # noqa: F401 - tests
    test_a_named_field_outside_the_ranking_has_weight_one,
    test_a_phrase_scores_its_words_wherever_they_are,
    test_a_score_halves_with_each_half_life_of_age,
    test_an_archive_without_articles_answers_everything_with_nothing,
    test_positions_are_those_of_the_definition,
    test_the_newer_of_two_comes_first,
    test_what_is_not_words_adds_nothing_to_a_score,
)
from tests.reference_engine import ReferenceEngine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from search.engine import Engine, Matches
    from tests.cluster.nodes import Cluster as Nodes
    from tests.contract.archives import History
    from tests.contract.conftest import BuildEngine

ARCHIVE = "c0117ac70c0117ac"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Bench:
    """One index, which has one archive after the other. Engines that are open keep what they saw."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._change = 1
        self._writer = create_index(cluster, "contract", self._reflects(), shards=3, replicas=1, now=NOW)
        self._present: set[int] = set()
        self._built: list[Engine] = []

    def build(self, history: History) -> Engine:
        """The engine over an index that has seen every commit of a history, after those of others."""
        self._commit([*map(Gone, sorted(self._present))])
        for commit in history:
            self._commit([*map(Gone, commit.deletes)])
            self._commit([entry_from_record(record, f"article-{record.serial}", "{}") for record in commit.upserts])
        self._present = {record.serial for record in articles_of(history)}
        self._writer.publish(self._reflects(), now=NOW)
        view = open_view(self.cluster, self._writer.name)
        view.generation = GENERATION
        self._built.append(OpenSearchEngine(view))
        return self._built[-1]

    def close(self) -> None:
        """Close what was built."""
        for built in self._built:
            built.close()

    def _commit(self, items: list[object]) -> None:
        self._change += 1
        self._writer.write(items, change=self._change)  # type: ignore[arg-type]  # entries or serials

    def _reflects(self) -> Reflects:
        return Reflects(archive=ARCHIVE, change=self._change, rules="rules")


@pytest.fixture(scope="session")
def build_engine(cluster: Nodes) -> Iterator[BuildEngine]:
    """Makes OpenSearch's engine over any archive."""
    opened = Cluster(Connection(urls=tuple(cluster.url.split())))
    bench = Bench(opened)
    yield bench.build
    bench.close()
    opened.close()


def assert_agree(found: Matches, expected: Matches, request: SearchRequest) -> None:
    """Totals and facets equal, and orders of time; an order of relevance is of the same articles, by their scores."""
    assert found.total == expected.total
    assert found.facets == expected.facets
    assert len(found.top) == len(expected.top)
    if request.sort is not Sort.RELEVANCE:
        assert [match.serial for match in found.top] == [match.serial for match in expected.top]
        return
    assert list(found.top) == sorted(found.top, key=lambda match: (-match.score, match.serial))
    if request.offset == 0 and request.limit >= expected.total:
        scores = {match.serial: match.score for match in expected.top}
        assert scores.keys() == {match.serial for match in found.top}
        for match in found.top:
            assert (match.score > 0) == (scores[match.serial] > 0)


@settings(max_examples=25, deadline=None)  # each is many requests to three nodes
@given(history=histories, asked=st.lists(requests, min_size=1, max_size=6))
def test_answers_on_random_archives_are_the_oracles(
    build_engine: BuildEngine, history: History, asked: list[SearchRequest]
) -> None:
    """Whatever was added, replaced and deleted, matches and counts are those of plain loops."""
    built = build_engine(history)
    reference = ReferenceEngine(articles_of(history), GENERATION)
    for request in asked:
        assert_agree(built.search(request), reference.search(request), request)
    built.close()


@settings(max_examples=120, deadline=None)
@given(request_=requests)
def test_answers_on_a_larger_archive_are_the_oracles(engine: Engine, oracle: Engine, request_: SearchRequest) -> None:  # noqa: F811 - fixtures
    """Matches and counts are those of plain loops where every shard has some of the articles."""
    assert_agree(engine.search(request_), oracle.search(request_), request_)


@settings(max_examples=40, deadline=None)
@given(request_=requests)
def test_age_multiplies_whatever_scores_there_are(engine: Engine, sample: History, request_: SearchRequest) -> None:  # noqa: F811 - fixtures
    """Whatever is asked, with whatever weights, a score is that without recency, times what the article's age makes."""
    recency = request_.recency or Recency(30, dt.date(2019, 6, 1))
    plain = replace(request_, recency=None, offset=0, limit=1000)
    days = {record.serial: record.date for record in articles_of(sample)}
    scores = {match.serial: match.score for match in engine.search(plain).top}
    for match in engine.search(replace(plain, recency=recency)).top:
        date = days[match.serial]
        expected = scores.pop(match.serial) * recency.factor(date and date[1])
        assert match.score == pytest.approx(expected, rel=1e-6, abs=1.5e-9)
    assert not scores


def test_scores_are_not_explained(build_engine: BuildEngine) -> None:
    """Scores are rounded on the cluster, and shares would not add up to them: what they are made of is refused."""
    built = build_engine((Commit(FIVE_ARTICLES),))
    with pytest.raises(UnexplainedScores):
        next(explained(built, SearchRequest(query=Term("smuggl")), FIVE_ARTICLES))
    built.close()
    with pytest.raises(EngineClosed):
        built.statistics()
