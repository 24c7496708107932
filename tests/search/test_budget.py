"""A question that takes more work than one may is refused, and nothing else is."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from search.budget import Budgeted, spend
from search.engine import Matches, SearchRequest, Statistics
from search.errors import OverBudget

if TYPE_CHECKING:
    from collections.abc import Callable


class Stepping:
    """An engine that takes so many steps."""

    generation = "1-x"

    def __init__(self, steps: int) -> None:
        self.steps, self.is_closed = steps, False

    def search(self, request: SearchRequest) -> Matches:
        """Take them."""
        assert request == SearchRequest()
        for _ in range(self.steps):
            spend()
        return Matches(total=self.steps, top=(), facets={}, generation=self.generation)

    def statistics(self) -> Statistics:
        """As many articles as steps."""
        return Statistics(self.steps, {})

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


def ticking() -> Callable[[], float]:
    """A timer by which every look at it takes a second."""
    ticks = count()
    return lambda: float(next(ticks))


def test_what_costs_too_much_is_refused_with_the_budget() -> None:
    """As many steps as the budget allows are taken; one more is refused, naming limit and value."""
    assert Budgeted(Stepping(10), 10_000, ticking()).search(SearchRequest()).total == 10
    with pytest.raises(OverBudget, match="takes more than the 10000 ms of work that a question may") as refused:
        Budgeted(Stepping(11), 10_000, ticking()).search(SearchRequest())
    assert (refused.value.limit, refused.value.allowed) == ("budget_ms", 10_000)


def test_each_question_has_the_whole_budget() -> None:
    """What one question took is not held against the next, not even if it was refused."""
    engine = Stepping(11)
    budgeted = Budgeted(engine, 10_000, ticking())
    for _ in range(3):
        with pytest.raises(OverBudget):
            budgeted.search(SearchRequest())
    engine.steps = 10
    assert budgeted.search(SearchRequest()).total == 10


def test_without_a_budget_nothing_is_refused() -> None:
    """An engine that is asked by itself answers, however long it takes, also after a refusal in the same thread."""
    with pytest.raises(OverBudget):
        Budgeted(Stepping(11), 10_000, ticking()).search(SearchRequest())
    assert Stepping(1_000).search(SearchRequest()).total == 1_000


def test_it_is_the_engine_in_all_else() -> None:
    """It has the engine's generation and statistics, and closes it."""
    engine = Stepping(0)
    budgeted = Budgeted(engine, 100)
    assert (budgeted.generation, budgeted.statistics()) == (engine.generation, engine.statistics())
    budgeted.close()
    assert engine.is_closed
