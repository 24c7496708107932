"""The ratchet of ranking: nDCG@10 and recall@100 on Cranfield and KCNA keep above floors. See docs/ranking.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.cranfield import find_cranfield
from benchmarks.judging import ALL, EVEN, ODD, Collection, Run, mean_scores
from benchmarks.kcna import find_kcna
from benchmarks.ranking import rank_as_typed, rank_by_dateline
from search.engine import Ranking
from tests.quality.floors import check_floors

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def cranfield() -> Collection:
    """The collection."""
    found = find_cranfield()
    if found is None:
        pytest.skip("needs ../shared/data/cranfield, which is not on this machine")
    return found


@pytest.fixture(scope="module")
def run(cranfield: Collection) -> Run:
    """What Dateline finds."""
    return rank_by_dateline(cranfield)


@pytest.mark.parametrize("half", [ODD, EVEN, ALL])
def test_ranking_does_not_get_worse(cranfield: Collection, run: Run, half: str) -> None:
    """On the half that parameters were chosen on, on the other and on both, neither figure falls below its floor."""
    ndcg, recall = mean_scores(cranfield, run, half)
    assert check_floors(f"cranfield {half}", {"ndcg": ndcg, "recall": recall}) == ()


def test_titles_are_worth_their_weight(cranfield: Collection, run: Run) -> None:
    """On the half that nothing was chosen on, ranking with the titles' weight beats ranking without titles."""
    bodies = rank_by_dateline(cranfield, Ranking((("body", 1.0),)))
    assert mean_scores(cranfield, run, EVEN) > mean_scores(cranfield, bodies, EVEN)


@pytest.mark.parametrize(
    ("name", "rank"),
    [
        pytest.param("kcna questions", rank_by_dateline, id="any word"),
        pytest.param("kcna questions as typed", rank_as_typed, id="as typed"),
    ],
)
def test_ranking_of_news_does_not_get_worse(name: str, rank: Callable[[Collection], Run]) -> None:
    """On questions to a news archive, which nothing was chosen on, neither way of asking falls below its floors."""
    kcna = find_kcna()
    if kcna is None:
        pytest.skip("needs ../shared/data/kcna_2011_2012.jsonl.gz, which is not on this machine")
    ndcg, recall = mean_scores(kcna.collection, rank(kcna.collection), ALL)
    assert check_floors(name, {"ndcg": ndcg, "recall": recall}) == ()
