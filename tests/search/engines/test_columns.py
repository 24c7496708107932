"""Sets of articles as integers, and what is counted and ordered with them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Role
from search.engine import DateFacet, DateFilter, DateMatch, Interval, SearchRequest, Sort
from search.engines.columns import Columns, answer, docset, numbers

_members = st.sets(st.integers(0, 300))


@given(_members)
def test_a_set_gives_back_its_members_in_order(members: set[int]) -> None:
    """Numbers to set and back again are the numbers, ascending."""
    assert numbers(docset(members, size=301)) == sorted(members)


@given(_members, _members)
def test_set_operations_are_those_of_integers(some: set[int], others: set[int]) -> None:
    """Intersection, union, difference and size are `&`, `|`, `& ~` and `bit_count`."""
    a, b = docset(some, size=301), docset(others, size=301)
    assert numbers(a & b) == sorted(some & others)
    assert numbers(a | b) == sorted(some | others)
    assert numbers(a & ~b) == sorted(some - others)
    assert a.bit_count() == len(some)


def columns(*, days: list[tuple[int, int] | None], live: int | None = None) -> Columns:
    """Documents with these days, and serials 100, 101, …."""
    size = len(days)
    return Columns(
        serials=range(100, 100 + size),
        days=days,
        live=docset(range(size), size) if live is None else live,
        values={"region": {"kp@event": 0b01, "kp@sender": 0b11, "cn@caption": 0b10}},
    )


def test_a_region_in_several_roles_is_one_set() -> None:
    """The places of all roles asked are put together, the others left out."""
    some = columns(days=[None, None])
    assert some.by_value("region", frozenset({Role.EVENT})) == {"kp": 0b01}
    assert some.by_value("region", frozenset({Role.EVENT, Role.SENDER, Role.CAPTION})) == {"kp": 0b11, "cn": 0b10}


def test_deleted_documents_are_in_no_range_of_days() -> None:
    """What is not live is not found by its days."""
    some = columns(days=[(5, 5), (5, 5), None], live=0b101)
    assert some.within(DateFilter(None, None)) == 0b001


@pytest.mark.parametrize(
    ("interval", "first", "last"),
    [
        pytest.param(Interval.DAY, dt.date(1, 1, 1), dt.date(1, 1, 2), id="the first days there are"),
        pytest.param(Interval.MONTH, dt.date(1, 1, 31), dt.date(1, 2, 1), id="the first months"),
        pytest.param(Interval.DAY, dt.date(9999, 12, 30), dt.date(9999, 12, 31), id="the last days"),
        pytest.param(Interval.MONTH, dt.date(9999, 11, 30), dt.date(9999, 12, 31), id="the last months"),
        pytest.param(Interval.YEAR, dt.date(9998, 1, 1), dt.date(9999, 12, 31), id="the last years"),
        pytest.param(Interval.DAY, dt.date(2020, 2, 29), dt.date(2020, 3, 1), id="a leap day"),
    ],
)
def test_units_at_the_ends_of_the_calendar(interval: Interval, first: dt.date, last: dt.date) -> None:
    """Two neighbouring units are two buckets, whatever the calendar does there."""
    facet = DateFacet(interval, DateMatch.POSSIBLE)
    both = columns(days=[(first.toordinal(), last.toordinal())])
    counts = answer(SearchRequest(facets=(facet,)), both, both.live, {}, "g").facets[facet]
    assert [count for _, count in counts.buckets] == [1, 1]  # type: ignore[union-attr]  # a date facet's counts


def test_a_document_without_a_score_has_none() -> None:
    """Found without words is scored 0 and comes after everything found with them."""
    some = columns(days=[None, None, None])
    matches = answer(SearchRequest(sort=Sort.RELEVANCE), some, 0b111, {2: 0.5, 0: 0.1}, "g")
    assert [(match.serial, match.score) for match in matches.top] == [(102, 0.5), (100, 0.1), (101, 0.0)]


def test_equal_to_nine_decimals_is_equal() -> None:
    """A difference in the tenth decimal does not reorder articles."""
    some = columns(days=[None, None])
    matches = answer(SearchRequest(), some, 0b11, {0: 1.00000000001, 1: 1.00000000004}, "g")
    assert [match.serial for match in matches.top] == [100, 101]
