"""Reading parameters, and writing them back as links."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Role
from search.engine import DateMatch, Interval, Sort
from service.params import (
    FACET_FIELDS,
    SEARCH,
    SearchParams,
    arguments_from_json,
    arguments_from_query_string,
    query_string_from_params,
    read_params,
)

LETTERS = st.characters(exclude_categories=("Cc", "Cs"))
WORDS = (
    st.text(LETTERS, max_size=20)
    .map(lambda text: unicodedata.normalize("NFC", text))
    .filter(lambda text: text == "" or bool(text.strip()))
)
NAMES = st.lists(WORDS.filter(bool), max_size=3).map(lambda names: tuple(sorted(set(names))))


def picks(choices: Any) -> st.SearchStrategy[Any]:
    """Some of the choices, as a repeated parameter has them."""
    return st.lists(st.sampled_from(list(choices)), max_size=3).map(lambda picked: tuple(sorted(set(picked))))


PARAMS = st.builds(
    SearchParams,
    q=WORDS,
    op=st.sampled_from(["and", "or"]),
    region=NAMES,
    source=NAMES,
    topic=NAMES,
    language=NAMES,
    exclude_region=NAMES,
    exclude_source=NAMES,
    exclude_topic=NAMES,
    role=picks(Role),
    date_from=st.none() | st.dates(max_value=dt.date(2000, 1, 1)),
    date_to=st.none() | st.dates(min_value=dt.date(2000, 1, 1)),
    date_match=st.sampled_from(DateMatch),
    facet=picks(FACET_FIELDS),
    facet_interval=st.sampled_from(Interval),
    facet_size=st.integers(1, 200),
    sort=st.none() | st.sampled_from(Sort),
    page=st.integers(1, 200),
    per_page=st.integers(1, 50),
    highlight=st.booleans(),
)


@given(params=PARAMS)
def test_what_is_written_as_a_link_reads_back_as_it_was(params: SearchParams) -> None:
    """For every possible request, its link is the request."""
    text = query_string_from_params(params, SEARCH)
    assert read_params(arguments_from_query_string(text), SEARCH) == (params, ())


@given(pairs=st.lists(st.tuples(st.sampled_from([row.name for row in SEARCH]), st.text(max_size=8)), max_size=6))
def test_whatever_is_given_is_read_or_named(pairs: list[tuple[str, str]]) -> None:
    """Reading never fails: it gives values, and a problem for each parameter that it could not take."""
    body = dict(pairs)
    params, problems = read_params(arguments_from_json(body, SEARCH), SEARCH)
    assert isinstance(params, SearchParams)
    assert {problem.param for problem in problems} <= body.keys()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param("&&", {}, id="only separators"),
        pytest.param("q=a+b%20c", {"q": ("a b c",)}, id="spaces"),
        pytest.param("q=100%&topic=%zz", {"q": ("100%",), "topic": ("%zz",)}, id="a % that is no escape is itself"),
        pytest.param("q=a=b", {"q": ("a=b",)}, id="equals sign in a value"),
        pytest.param("q", {"q": ("",)}, id="no value"),
        pytest.param("region=b&q=x&region=a", {"region": ("b", "a"), "q": ("x",)}, id="repeated"),
        pytest.param("%71=%EC%8B%A0", {"q": ("신",)}, id="encoded name and UTF-8"),
        pytest.param("q=\xec\x8b\xa0", {"q": ("신",)}, id="bare UTF-8, as WSGI hands it over"),
        pytest.param("q=a,b;c", {"q": ("a,b;c",)}, id="commas and semicolons separate nothing"),
    ],
)
def test_query_strings_are_taken_apart(text: str, values: dict[str, tuple[str, ...]]) -> None:
    """Names and values are as a browser means them."""
    arguments = arguments_from_query_string(text)
    assert arguments.values == values
    assert arguments.problems == ()
