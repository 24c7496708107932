"""What `dateline migrate` takes for the same, and what not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from search.engine import Match, Matches, SearchRequest, Sort, ValueCounts, ValueFacet
from search.errors import OverBudget, UnsupportedQuery
from search.query import Term
from service.clustering.migrating import NotTheSame, compare_answers

if TYPE_CHECKING:
    from search.searcher import Searcher

FACET = ValueFacet("topic")
REQUEST = SearchRequest(query=Term("rice"), facets=(FACET,), limit=3)


@dataclass(frozen=True)
class Says:
    """A searcher that always says the same."""

    answer: Matches | Exception

    def matches(self, _request: SearchRequest) -> Matches:
        """Say it."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def says(*serials: int, total: int = 3, topics: int = 1) -> Matches:
    """An answer with these matches."""
    counts = ValueCounts((("markets", topics),), 0)
    return Matches(total, tuple(Match(serial, 1.0) for serial in serials), {FACET: counts}, "1")


def compare(one: Any, other: Any, request: SearchRequest = REQUEST) -> Any:
    """Compare what two say to a question."""
    return compare_answers(cast("Searcher", Says(one)), cast("Searcher", Says(other)), [request])


@pytest.mark.parametrize(
    ("other", "request_", "said"),
    [
        pytest.param(says(1, 2, 3, total=4), REQUEST, "3 matches on disk and 4 on the cluster", id="another total"),
        pytest.param(says(1, 2, 3, topics=2), REQUEST, "other counts of", id="other counts"),
        pytest.param(says(1, 2, 4), REQUEST, "other matches", id="another match of all"),
        pytest.param(says(1, 3, 2), replace(REQUEST, sort=Sort.NEWEST), "other matches", id="another order of time"),
        pytest.param(says(1, 2), replace(REQUEST, limit=2), "other matches", id="fewer matches"),
        pytest.param(OverBudget(5), REQUEST, "takes more than", id="refused by one"),
    ],
)
def test_what_differs_is_named(other: Any, request_: SearchRequest, said: str) -> None:
    """The question, and in what the answers differ."""
    with pytest.raises(NotTheSame, match=said) as caught:
        compare(says(1, 2, 3), other, request_)
    assert "Nothing was switched" in str(caught.value)


@pytest.mark.parametrize(
    ("other", "request_", "overlap"),
    [
        pytest.param(says(1, 2, 3), REQUEST, 1.0, id="the same"),
        pytest.param(says(3, 2, 1), REQUEST, 1.0, id="another order where scores decide"),
        pytest.param(says(1, 2, 9, total=30), REQUEST, 2 / 3, id="another match among the first of many"),
    ],
)
def test_where_scores_decide_agreement_is_counted(other: Any, request_: SearchRequest, overlap: float) -> None:
    """Scores are computed otherwise on a cluster, so the first of many matches may be others; how many is told."""
    first = says(1, 2, 3, total=other.total)
    assert compare(first, other, request_).overlap == pytest.approx(overlap)


def test_what_a_cluster_cannot_answer_is_counted() -> None:
    """It says so when it is asked, so it is no difference."""
    agreement = compare(says(1, 2, 3), UnsupportedQuery("opensearch", "x"))
    assert (agreement.questions, agreement.refused) == (1, 1)


def test_the_same_refusal_is_the_same_answer() -> None:
    """A question that both refuse for the same reason is answered alike."""
    assert compare(OverBudget(5), OverBudget(5)).questions == 1
