"""InstantSearch's filter languages: what each reads as, and what is wrong with the rest."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Label
from index.gazetteer import Gazetteer, Place
from service.instantsearch.attributes import Vocabulary, path_text
from service.instantsearch.filters import (
    DEEPEST,
    LONGEST,
    MOST_CONDITIONS,
    query_from_facet_filters,
    query_from_filters,
    query_from_numeric_filters,
)


def second(*day: int) -> int:
    """The first second of a day in UTC."""
    return calendar.timegm(dt.date(*day).timetuple())


@pytest.mark.parametrize(
    ("value", "reads_as"),
    [
        pytest.param("source:Daily NK", 'source:"Daily NK"', id="one text"),
        pytest.param(["source:a", "topic:b"], "source:a topic:b", id="a list is AND"),
        pytest.param([["source:a", "source:b"], "topic:c"], "(source:a OR source:b) topic:c", id="a list in it is OR"),
        pytest.param(["source:-a"], "-source:a", id="a minus negates"),
        pytest.param([["source:-a", "topic:b"]], "-source:a OR topic:b", id="in an OR as well"),
        pytest.param(["source:\\-a"], 'source:"-a"', id="a minus that belongs to the value"),
        pytest.param(["region.lvl1:A > B"], 'region:"A > B"', id="a level is a region"),
        pytest.param(["region.lvl0:A: the 2nd"], 'region:"A: the 2nd"', id="only the first colon parts"),
        pytest.param(["date.year:2018"], "date:2018-01-01.. date:..2018-12-31", id="a year"),
        pytest.param(["date.year:-2018"], "-(date:2018-01-01.. date:..2018-12-31)", id="not a year"),
        pytest.param([], "*", id="an empty list"),
        pytest.param([[]], "*", id="a list of an empty list"),
        pytest.param("", "*", id="nothing"),
        pytest.param(["", ["", "source:a"]], "source:a", id="empty texts"),
    ],
)
def test_facet_filters(value: Any, reads_as: str) -> None:
    """Lists are AND, lists in them OR; a minus before the value negates."""
    assert str(query_from_facet_filters(value)) == reads_as


@pytest.mark.parametrize(
    ("value", "reads_as"),
    [
        pytest.param("date.year>=2018", "date:2018-01-01..", id="a bound"),
        pytest.param("date.year<2018", "date:..2017-12-31", id="below"),
        pytest.param("date.year > 2018.5", "date:2019-01-01..", id="between two years"),
        pytest.param("date.year<=2018.5", "date:..2018-12-31", id="up to between two years"),
        pytest.param("date.year=2018.5", "-*", id="no year is that"),
        pytest.param("date.year!=2018", "-(date:2018-01-01.. date:..2018-12-31)", id="unequal"),
        pytest.param("date.year:2018 TO 2020", "date:2018-01-01.. date:..2020-12-31", id="a range"),
        pytest.param(
            ["date.year>=2018", "date.year<=2020"], "date:2018-01-01.. date:..2020-12-31", id="both ends of a slider"
        ),
        pytest.param(
            [["date.year=1999", "date.year>=2018"]],
            "date:1999-01-01.. date:..1999-12-31 OR date:2018-01-01..",
            id="a list in it is OR",
        ),
        pytest.param(f"date_timestamp>={second(2018, 3, 27)}", "date:2018-03-27..", id="first second of a day"),
        pytest.param(f"date_timestamp>{second(2018, 3, 27) - 1}", "date:2018-03-27..", id="after the one before it"),
        pytest.param(f"date_timestamp<={second(2018, 3, 27) + 86399}", "date:..2018-03-27", id="last second of a day"),
        pytest.param(f"date_timestamp<{second(2018, 3, 27)}", "date:..2018-03-26", id="before a day"),
        pytest.param("date_timestamp>=-86400.5", "date:1969-12-31..", id="before 1970, a fraction"),
        pytest.param("date.year>=-5", "date:0001-01-01..", id="before all years"),
        pytest.param("date.year>=10000", "-*", id="after all years"),
        pytest.param("date.year<=0", "-*", id="ends before all years"),
        pytest.param("date_timestamp>=999999999999999", "-*", id="after all days"),
        pytest.param("date_timestamp<=-999999999999999", "-*", id="ends before all days"),
        pytest.param("date_timestamp<=999999999999999", "date:..9999-12-31", id="ends after all days"),
    ],
)
def test_numeric_filters(value: Any, reads_as: str) -> None:
    """A comparison asks for the articles that were possibly published so."""
    assert str(query_from_numeric_filters(value)) == reads_as


@pytest.mark.parametrize(
    ("text", "reads_as"),
    [
        pytest.param("", "*", id="nothing"),
        pytest.param("source:a", "source:a", id="a condition"),
        pytest.param('source:"Daily NK"', 'source:"Daily NK"', id="double quotes"),
        pytest.param("source:'Daily NK'", 'source:"Daily NK"', id="single quotes"),
        pytest.param("source:a AND NOT topic:b", "source:a -topic:b", id="AND NOT"),
        pytest.param("source:a OR source:b AND topic:c", "source:a OR source:b topic:c", id="AND binds tighter"),
        pytest.param("(source:a OR source:b) AND topic:c", "(source:a OR source:b) topic:c", id="parentheses"),
        pytest.param("NOT (source:a OR topic:b)", "-(source:a OR topic:b)", id="NOT of a group"),
        pytest.param("NOT(source:a)", "-source:a", id="NOT at a parenthesis"),
        pytest.param("date.year >= 2018 AND source:a", "date:2018-01-01.. source:a", id="a comparison"),
        pytest.param("date.year:2018 TO 2019", "date:2018-01-01.. date:..2019-12-31", id="a range"),
        pytest.param("source:-a OR topic:b", "-source:a OR topic:b", id="a minus negates"),
        pytest.param("NOT source:-a", "source:a", id="NOT of a minus"),
        pytest.param("source:\\-a", 'source:"-a"', id="a minus that belongs to the value"),
        pytest.param('source:"-a"', 'source:"-a"', id="a minus in quotes"),
        pytest.param("source:AND", "source:AND", id="a value that looks like a word of the language"),
        pytest.param("source:신문", "source:신문", id="any script"),
    ],
)
def test_filters(text: str, reads_as: str) -> None:
    """OR binds least, then AND, then NOT; a minus before a value negates as it does in lists."""
    assert str(query_from_filters(text)) == reads_as


@pytest.mark.parametrize(
    ("read", "value", "says"),
    [
        pytest.param(query_from_facet_filters, 5, "must be a string, or a list", id="a number"),
        pytest.param(query_from_facet_filters, {"a": 1}, "must be a string, or a list", id="an object"),
        pytest.param(query_from_facet_filters, [[["a:b"]]], "must be a string, or a list", id="a list too deep"),
        pytest.param(query_from_facet_filters, ["source"], "attribute:value", id="no colon"),
        pytest.param(query_from_facet_filters, ["source: "], "attribute:value", id="no value"),
        pytest.param(
            query_from_facet_filters, ["brand:x"], "'brand', which is no facet; there are", id="no such facet"
        ),
        pytest.param(query_from_facet_filters, ["date.year:x"], "which is no number", id="no year"),
        pytest.param(query_from_facet_filters, ["date.year:" + "9" * 400], "which is no number", id="a huge year"),
        pytest.param(query_from_facet_filters, ["source:a"] * (MOST_CONDITIONS + 1), "more than 200", id="too many"),
        pytest.param(query_from_facet_filters, ["source:" + "a" * LONGEST], "at most 4096", id="too long"),
        pytest.param(query_from_numeric_filters, "source>=5", "which is no number; there are", id="not numeric"),
        pytest.param(query_from_numeric_filters, "date.year>=x", "must be like date.year>=2018", id="not a number"),
        pytest.param(query_from_numeric_filters, "date.year>=Infinity", "must be like", id="infinity"),
        pytest.param(query_from_filters, ["source:a"], "must be a string", id="a list"),
        pytest.param(query_from_filters, "source:a topic:b", "cannot be read from 'topic:b' on", id="nothing between"),
        pytest.param(query_from_filters, "source:Daily NK", "cannot be read from 'NK' on", id="unquoted space"),
        pytest.param(query_from_filters, "(source:a", "a ( without its )", id="unclosed"),
        pytest.param(query_from_filters, "source:a)", "cannot be read from ')' on", id="unopened"),
        pytest.param(query_from_filters, "source:a AND", "wants a condition", id="dangling AND"),
        pytest.param(query_from_filters, "source:'a", "wants a condition", id="unclosed quote"),
        pytest.param(query_from_filters, "(" * 50 + "source:a" + ")" * 50, f"more than {DEEPEST} deep", id="too deep"),
        pytest.param(query_from_filters, "NOT " * 50 + "source:a", f"more than {DEEPEST} deep", id="NOT after NOT"),
        pytest.param(query_from_filters, " OR ".join(["source:a"] * 201), "more than 200", id="too many conditions"),
        pytest.param(query_from_filters, "source:" + "a" * LONGEST, "at most 4096", id="too long a text"),
    ],
)
def test_what_cannot_be_read_is_said(read: Any, value: Any, says: str) -> None:
    """Whatever is wrong is named, shortly."""
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        read(value)
    assert len(str(caught.value)) < 300


@given(st.text(alphabet="abc:.\"'()<>=!-TONDR 129_é", max_size=60))
def test_nothing_breaks_the_reading_of_filters(text: str) -> None:
    """A text is read or refused with `ValueError`, whatever it is."""
    for read in (query_from_filters, query_from_facet_filters, query_from_numeric_filters):
        try:
            str(read(text))
        except ValueError as error:
            assert str(error)  # noqa: PT017 - either way is right, but nothing else


LABELS: dict[str, dict[str, tuple[Label, ...]]] = {
    "region": {
        "kp": (Label("kp", "North Korea"),),
        "kp-hyesan": (Label("kp", "North Korea"), Label("kp-hyesan", "Hyesan")),
        "odd": (Label("odd", "Here > There"),),
    },
    "topic": {"markets": (Label("markets", "Markets and trade"),), "trade": (Label("trade", "Markets and trade"),)},
}


def test_every_value_has_a_text_of_its_own_that_leads_back() -> None:
    """Names that are equal get their ids added; what parts a path stands in no name."""
    vocabulary = Vocabulary(LABELS)
    gazetteer = Gazetteer([])
    texts = {(field, value): vocabulary.text(field, value) for field, paths in LABELS.items() for value in paths}
    assert texts["region", "kp-hyesan"] == "North Korea > Hyesan"
    assert texts["region", "odd"] == "Here › There" == path_text(["Here > There"])
    assert texts["topic", "trade"] == "Markets and trade (trade)"
    assert len(set(texts.values())) == len(texts)
    for (field, value), text in texts.items():
        query = query_from_facet_filters(f"{field}:{text}")
        assert str(vocabulary.resolved(query, gazetteer)) == f"{field}:{value}"


def test_other_names_of_a_place_lead_to_it() -> None:
    """Ids, any spelling and paths are understood as in every other question."""
    gazetteer = Gazetteer(
        [Place("kp", "North Korea", "country"), Place("kp-hyesan", "Hyesan", "city", "kp", ("혜산",))]
    )
    vocabulary = Vocabulary(LABELS)
    for text in ("kp-hyesan", "혜산", "North Korea > Hyesan", "hyesan"):
        assert str(vocabulary.resolved(query_from_facet_filters(f"region:{text}"), gazetteer)) == "region:kp-hyesan"
    assert str(vocabulary.resolved(query_from_facet_filters([["topic:-trade", "topic:x"]]), gazetteer)) == (
        "-topic:trade OR topic:x"
    )
