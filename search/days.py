"""Days as people write them, in questions and parameters: a year, a month or a day stands for all its days."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Final

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


def days_from_date(text: str) -> tuple[dt.date, dt.date]:
    """The first and last day of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. Raises `ValueError` that says what was wrong.

    >>> [str(day) for day in days_from_date("2020-02")]
    ['2020-02-01', '2020-02-29']
    """
    match = _DATE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a date: write YYYY, YYYY-MM or YYYY-MM-DD")
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = dt.date(year or 0, 1 if month is None else month, 1 if day is None else day)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date: {error}") from None
    if day is not None:
        return first, first
    last_month = 12 if month is None else month
    return first, dt.date(first.year, last_month, calendar.monthrange(first.year, last_month)[1])


def days_from_range(text: str) -> tuple[dt.date | None, dt.date | None]:
    """The first and last day of a date, or of two with `..` between them, either of which may be left out.

    >>> [str(day) for day in days_from_range("2019..2020-03")]
    ['2019-01-01', '2020-03-31']
    """
    early, dots, late = text.strip().partition("..")
    if not dots:
        return days_from_date(early)
    if not early and not late:
        raise ValueError("a range of dates needs at least one end")
    return days_from_date(early)[0] if early else None, days_from_date(late)[1] if late else None
