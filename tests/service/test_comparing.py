"""Engines asked about the archive at hand: the questions are its own, and a difference is noticed and named."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from search.engine import Match, Matches, SearchRequest, ValueCounts, ValueFacet
from search.errors import TooManyExpansions
from search.query import Term
from service.comparing import described, difference, questions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from search.reloading import Reloading
    from search.searcher import Searcher
    from service.archive import Archive

FACET = ValueFacet("topic")
ANSWER = Matches(3, (Match(1, 2.5), Match(2, 1.0)), {FACET: ValueCounts((("a", 1),), 2)}, "g")


@dataclass
class Answering:
    """A searcher of one answer."""

    answer: Matches | Exception

    def matches(self, _request: SearchRequest) -> Matches:
        """The answer."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("other", "said"),
    [
        pytest.param(ANSWER, None, id="the same"),
        pytest.param(replace(ANSWER, top=(Match(1, 2.500000001), Match(2, 1.0))), None, id="last decimal"),
        pytest.param(replace(ANSWER, total=4), "3 matches against 4", id="total"),
        pytest.param(replace(ANSWER, top=(Match(2, 2.5), Match(1, 1.0))), "match 1 is", id="order"),
        pytest.param(replace(ANSWER, top=(Match(1, 2.5), Match(2, 1.1))), "match 2 is", id="score"),
        pytest.param(replace(ANSWER, facets={FACET: ValueCounts((("a", 2),), 1)}), "the counts of", id="facet"),
        pytest.param(TooManyExpansions("a", allowed=1, found=2), "against a\\*", id="refused by one"),
    ],
)
def test_a_difference_is_named(other: Matches | Exception, said: str | None) -> None:
    """Totals, counts, order and scores all matter; scores up to their last decimal."""
    request = SearchRequest(query=Term("rice"), facets=(FACET,))
    found = difference(Answering(ANSWER), Answering(other), request)  # type: ignore[arg-type]  # all it asks of them
    if said is None:
        assert found is None
    else:
        assert found is not None
        assert re.search(said, found)


@pytest.fixture
def searcher(archives: Reloading[Archive]) -> Iterator[Searcher]:
    """The searcher of the published archive."""
    with archives.lease() as archive:
        yield archive.searcher


def test_questions_are_of_every_kind_and_the_same_every_time(searcher: Searcher) -> None:
    """They find something more often than not, and another seed asks others."""
    asked = list(questions(searcher, 60))
    assert asked == list(questions(searcher, 60))
    assert asked != list(questions(searcher, 60, seed=1))
    assert sum(searcher.matches(request).total > 0 for request in asked) > len(asked) / 2
    kinds = Counter(type(request.query).__name__ for request in asked)
    assert len(kinds) > 4
    assert any(request.filters for request in asked)
    assert any(request.dates for request in asked)
    assert all(described(request).startswith("`") for request in asked)


def test_two_refusals_are_one_answer() -> None:
    """Both engines may refuse a question, in the same words."""
    refusal = TooManyExpansions("a", allowed=1, found=2)
    assert difference(Answering(refusal), Answering(refusal), SearchRequest()) is None  # type: ignore[arg-type]
