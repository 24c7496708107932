"""The ratchet of ranking: nDCG@10 and recall@100 on Cranfield must not fall below their floors. See docs/ranking.md."""

from __future__ import annotations

import pytest

from benchmarks.cranfield import ALL, EVEN, ODD, Cranfield, Run, find_cranfield, mean_scores
from benchmarks.ranking import rank_by_dateline
from search.engine import Ranking
from tests.quality.floors import check_floors


@pytest.fixture(scope="module")
def cranfield() -> Cranfield:
    """The collection."""
    found = find_cranfield()
    if found is None:
        pytest.skip("needs ../shared/data/cranfield, which is not on this machine")
    return found


@pytest.fixture(scope="module")
def run(cranfield: Cranfield) -> Run:
    """What Dateline finds."""
    return rank_by_dateline(cranfield)


@pytest.mark.parametrize("half", [ODD, EVEN, ALL])
def test_ranking_does_not_get_worse(cranfield: Cranfield, run: Run, half: str) -> None:
    """On the half that parameters were chosen on, on the other and on both, neither figure falls below its floor."""
    ndcg, recall = mean_scores(cranfield, run, half)
    assert check_floors(f"cranfield {half}", {"ndcg": ndcg, "recall": recall}) == ()


def test_titles_are_worth_their_weight(cranfield: Cranfield, run: Run) -> None:
    """On the half that nothing was chosen on, ranking with the titles' weight beats ranking without titles."""
    bodies = rank_by_dateline(cranfield, Ranking((("body", 1.0),)))
    assert mean_scores(cranfield, run, EVEN) > mean_scores(cranfield, bodies, EVEN)
