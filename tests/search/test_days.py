"""Days as people write them."""

from __future__ import annotations

import datetime as dt

import pytest

from search.days import days_from_date, days_from_range


@pytest.mark.parametrize("text", ["", "20", "2020-13", "2019-02-29", "2020-1-1-1", "0000", "20２0", "..", "2020.."[:3]])
def test_not_a_date(text: str) -> None:
    """What is not a date is a ValueError, never another day."""
    with pytest.raises(ValueError, match=r"not a date|at least one end"):
        days_from_range(text)


def test_whole_units() -> None:
    """A year and a month stand for all their days, leap years included."""
    assert days_from_date("2020") == (dt.date(2020, 1, 1), dt.date(2020, 12, 31))
    assert days_from_date("2020-2") == (dt.date(2020, 2, 1), dt.date(2020, 2, 29))
    assert days_from_date("2020-02-03") == (dt.date(2020, 2, 3), dt.date(2020, 2, 3))
