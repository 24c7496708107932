"""Values in words: as certain as they are known, and no more."""

from __future__ import annotations

import datetime as dt

import pytest

from index.document import (
    Basis,
    Document,
    Evidence,
    Found,
    Label,
    Precision,
    PublishedOn,
    Region,
    Role,
    Span,
)
from service.phrasing import as_typed, counted, dateline_of, days_in_words, in_words

EVIDENCE = (Evidence("rule", Span(0, 1), "x"),)
KP, PROVINCE, CITY = Label("kp", "North Korea"), Label("kp-np", "North Pyongan"), Label("kp-s", "Sinuiju")


@pytest.mark.parametrize(
    ("start", "end", "precision", "basis", "words"),
    [
        pytest.param("2012-04-15", "2012-04-15", "day", "declared", "15 April 2012", id="declared day"),
        pytest.param("2018-10-01", "2018-10-31", "month", "inferred", "October 2018, inferred", id="inferred month"),
        pytest.param("2020-01-01", "2020-12-31", "year", "declared", "2020", id="year"),
        pytest.param(
            "2020-09-21",
            "2020-10-31",
            "range",
            "inferred",
            "21 September 2020 to 31 October 2020, inferred",
            id="range",
        ),
    ],
)
def test_dates_in_words(start: str, end: str, precision: str, basis: str, words: str) -> None:
    """A date is said in the unit it is known in, and whether it was inferred."""
    days = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    assert in_words(PublishedOn(*days, Precision(precision), Basis(basis))) == words


def _document(*regions: Region, source: str | None = None) -> Document:
    return Document(
        "1",
        None,
        "x",
        (),
        Found("x", EVIDENCE),
        regions=tuple(Found(region, EVIDENCE) for region in regions),
        source=Found(Label(source, source), EVIDENCE) if source else None,
    )


@pytest.mark.parametrize(
    ("regions", "place"),
    [
        pytest.param([], None, id="no place"),
        pytest.param([Region((KP,), Role.EVENT)], "North Korea", id="a country"),
        pytest.param([Region((KP, PROVINCE), Role.SENDER)], "North Pyongan", id="a province"),
        pytest.param([Region((KP, PROVINCE, CITY), Role.EVENT)], "Sinuiju, North Pyongan", id="a city in its province"),
        pytest.param(
            [Region((KP, PROVINCE, CITY), Role.SENDER), Region((KP,), Role.DATELINE)],
            "North Korea",
            id="dateline first",
        ),
        pytest.param(
            [Region((KP,), Role.EVENT), Region((KP, PROVINCE, CITY), Role.EVENT)],
            "Sinuiju, North Pyongan",
            id="the narrowest",
        ),
        pytest.param([Region((KP, PROVINCE), Role.CAPTION)], None, id="a caption says nothing"),
    ],
)
def test_place_of_the_dateline(regions: list[Region], place: str | None) -> None:
    """A dateline opens with the narrowest place in the most telling role, or with none."""
    assert dateline_of(_document(*regions, source="Daily NK")) == ((place, "Daily NK") if place else ("Daily NK",))


def test_counts_in_words() -> None:
    """Numbers of things agree with their noun."""
    assert [counted(n, "article") for n in (0, 1, 2, 21_578)] == [
        "no articles",
        "1 article",
        "2 articles",
        "21,578 articles",
    ]


@pytest.mark.parametrize(
    ("start", "end", "words", "typed"),
    [
        pytest.param("2018-01-01", "2020-12-31", "2018 to 2020", ("2018", "2020"), id="years"),
        pytest.param("2018-01-01", "2018-12-31", "2018", ("2018", "2018"), id="a year"),
        pytest.param("2018-03-01", "2018-03-31", "March 2018", ("2018-03", "2018-03"), id="a month"),
        pytest.param("2018-01-01", "2018-03-31", "January 2018 to March 2018", ("2018-01", "2018-03"), id="months"),
        pytest.param("2018-03-04", "2018-03-04", "4 March 2018", ("2018-03-04", "2018-03-04"), id="a day"),
        pytest.param(
            "2018-01-01", "2018-01-02", "1 January 2018 to 2 January 2018", ("2018-01-01", "2018-01-02"), id="days"
        ),
        pytest.param("2018-01-01", None, "from 2018", ("2018", ""), id="from a year"),
        pytest.param(None, "2020-02-29", "until February 2020", ("", "2020-02"), id="until a month"),
        pytest.param("0001-01-01", "9999-12-31", "1 to 9999", ("0001", "9999"), id="all there are"),
        pytest.param(None, None, "any time", ("", ""), id="open"),
    ],
)
def test_ranges_of_days_are_said_in_the_widest_units(
    start: str | None, end: str | None, words: str, typed: tuple[str, str]
) -> None:
    """Whole years and months are called by their names, and both ends alike."""
    first = dt.date.fromisoformat(start) if start else None
    last = dt.date.fromisoformat(end) if end else None
    assert days_in_words(first, last) == words
    assert as_typed(first, last) == typed
