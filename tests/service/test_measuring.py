"""An engine that is measured answers as before; what it cost is known to the thread that asked."""

from __future__ import annotations

import threading

import pytest

from search.engine import Matches, SearchRequest, Statistics
from search.errors import EngineClosed
from service.measuring import MeasuredEngine, engines_open, take_spent


class Slow:
    """An engine whose clock says that each search takes two seconds."""

    generation = "1-00000000"

    def __init__(self) -> None:
        self.seconds = 0.0
        self.is_closed = False

    def search(self, _request: SearchRequest) -> Matches:
        """Answer."""
        self.seconds += 2
        if self.is_closed:
            raise EngineClosed("closed")
        return Matches(total=0, top=(), facets={}, generation=self.generation)

    def statistics(self) -> Statistics:
        """None to speak of."""
        return Statistics(0, {})

    def close(self) -> None:
        """Close."""
        self.is_closed = True


@pytest.fixture
def slow() -> Slow:
    """An engine."""
    return Slow()


@pytest.fixture
def measured(slow: Slow) -> MeasuredEngine:
    """The same, measured by its own clock."""
    take_spent()
    return MeasuredEngine(slow, timer=lambda: slow.seconds)


def test_what_was_spent_adds_up_until_it_is_taken(measured: MeasuredEngine) -> None:
    """And nothing is something else than no time at all."""
    assert take_spent() is None
    for _ in range(3):
        assert measured.search(SearchRequest()).generation == measured.generation
    assert take_spent() == 6
    assert take_spent() is None


def test_failures_cost_as_well(measured: MeasuredEngine, slow: Slow) -> None:
    """They are raised as they are."""
    slow.is_closed = True
    with pytest.raises(EngineClosed):
        measured.search(SearchRequest())
    assert take_spent() == 2


def test_threads_do_not_pay_for_one_another(measured: MeasuredEngine) -> None:
    """Each has its own."""
    measured.search(SearchRequest())
    spent: list[float | None] = []
    thread = threading.Thread(target=lambda: spent.append(take_spent()))
    thread.start()
    thread.join()
    assert spent == [None]
    assert take_spent() == 2


def test_open_engines_are_counted(measured: MeasuredEngine, slow: Slow) -> None:
    """Until they are closed, which may be said twice."""
    before = engines_open()
    other = MeasuredEngine(Slow())
    assert engines_open() == before + 1
    other.close()
    other.close()
    measured.close()
    assert slow.is_closed
    assert engines_open() == before - 1
