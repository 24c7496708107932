"""What is kept of a search asks what was typed, whatever may be typed later; what can't be kept or read is said."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from index.gazetteer import load_gazetteer
from search.percolate import load_topics
from search.thesaurus import Lexicon
from service.asking import ask, asked_from_params
from service.params import Arguments
from service.problems import InvalidParameters
from service.saved.searches import ASKED, SavedSearch, SearchUnreadable, find_problem, params_of
from service.saved.topic import topic_row
from tests.service.saved.conftest import saved

if TYPE_CHECKING:
    from pathlib import Path

LEXICON = Lexicon.of(load_gazetteer())

words = st.sampled_from(
    ("rice", "smuggl*", '"solar panels"', "title:report", "region:신의주", 'source:"Daily NK"', "date:2019..2020-03")
)
questions = st.one_of(
    words,
    st.tuples(words, words).map(" ".join),
    st.tuples(words, words).map(" OR ".join),
    st.tuples(words, words, words).map(lambda three: f"{three[0]} -({three[1]} OR {three[2]})"),
    st.text('rice -()"*~:OR.쌀é', max_size=20),
)
"""Questions as people type them, most of which make sense."""

asked_for = st.fixed_dictionaries(
    {"q": questions.map(lambda text: (text,))},
    optional={
        "op": st.sampled_from((("and",), ("or",))),
        "region": st.sampled_from((("Sinuiju",), ("kp-ryanggang", "신의주"), ("Nowhere",))),
        "exclude_source": st.just(("Daily NK",)),
        "role": st.just(("event", "sender")),
        "date_from": st.sampled_from((("2018",), ("2019-05-04",))),
        "date_match": st.just(("certain",)),
        "sort": st.sampled_from((("oldest",), ("relevance",))),
    },
)


@settings(max_examples=150, deadline=None)
@given(arguments=asked_for)
def test_what_is_kept_asks_an_engine_the_same(arguments: dict[str, tuple[str, ...]]) -> None:
    """The request of a search that was kept, written to a file and read is the request of what was typed."""
    try:
        typed = ask(Arguments(arguments), LEXICON, ASKED)
        search = saved("rice", "Rice", **arguments)
    except (InvalidParameters, ValueError):  # beyond the limits, as typed or written out: tests of their own below
        reject()
    read = msgspec.json.decode(msgspec.json.encode(search), type=SavedSearch)
    assert read == search
    assert asked_from_params(params_of(read), LEXICON).request == typed.request


def test_the_question_as_typed_is_kept_beside_the_canonical_one() -> None:
    """Bare words joined by OR say so, and names are ids, so neither a default nor a gazetteer changes them."""
    search = saved(q="  smuggl*   rice", op="or", region="신의주", source="Daily NK", date_from="2018-05")
    assert (search.typed, search.query) == ("  smuggl*   rice", "smuggl* OR rice")
    assert search.options == {"region": ("kp-sinuiju",), "source": ("daily-nk",), "date_from": ("2018-05-01",)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param({"q": "x" * 300}, "300 characters", id="too long"),
        pytest.param({"role": "hero"}, "must be one of", id="a role that is none"),
        pytest.param(
            {"date_from": "2020", "date_to": "2019"}, "before date_from begins", id="days the wrong way round"
        ),
        pytest.param({"page": "2"}, "is not a parameter of this route", id="a page"),
    ],
)
def test_what_cannot_be_asked_is_not_kept(arguments: dict[str, str], said: str) -> None:
    """All that a search would refuse is refused."""
    with pytest.raises(InvalidParameters, match=said):
        saved(**arguments)


def test_a_question_that_is_too_long_written_out_is_not_kept() -> None:
    """It is refused when it is saved, not found out when it is asked."""
    with pytest.raises(ValueError, match="cannot be kept: written out as"):
        saved(q=" ".join("abcdefghi" for _ in range(1)) + " " + " ".join(f"w{n:02}xxxxx" for n in range(26)), op="or")


def kept(**changes: Any) -> SavedSearch:
    """A search with something else in it than was kept."""
    return msgspec.structs.replace(saved(q="rice", region="Sinuiju"), **changes)


@pytest.mark.parametrize(
    ("search", "said"),
    [
        pytest.param(kept(query='"rice'), "quotation", id="a question in a syntax that is no more"),
        pytest.param(kept(query="(" * 6 + "rice" + ")" * 6), "deep", id="beyond today's limits"),
        pytest.param(kept(options={"colour": ("red",)}), "colour is not a parameter", id="a parameter that is no more"),
        pytest.param(kept(options={"op": ("or",)}), "op is not a parameter", id="what the canonical form says"),
        pytest.param(kept(options={"role": ("hero",)}), "role must be one of", id="a value that is no more"),
    ],
)
def test_what_cannot_be_read_any_more_is_said(search: SavedSearch, said: str) -> None:
    """Nothing is guessed, left out or taken for a word."""
    problem = find_problem(search)
    assert problem is not None
    assert said in problem
    with pytest.raises(SearchUnreadable, match="saved search rice cannot be read any more"):
        params_of(search)


def test_a_topic_says_all_that_its_search_asked(tmp_path: Path) -> None:
    """The row is one that topics are read from, with filters and days as part of its query."""
    search = saved(
        q='smuggl* "solar panels"',
        op="or",
        region=("Sinuiju", "Ryanggang"),
        exclude_source="Daily NK",
        date_from="2019",
    )
    search = msgspec.structs.replace(search, name='Panels "from" C:\\ 신의주')
    row = topic_row(search)
    (tmp_path / "topics.toml").write_text(row, encoding="utf-8")
    [rule] = load_topics(load_gazetteer(), tmp_path / "topics.toml")
    assert (rule.saved.label.id, rule.saved.label.name) == ("rice", search.name)
    assert tomllib.loads(row)["rice"]["query"] == (
        '(smuggl* OR "solar panels") (region:kp-ryanggang OR region:kp-sinuiju) -source:daily-nk date:2019-01-01..'
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param({"q": "rice topic:markets"}, "leave topics out", id="a topic in the question"),
        pytest.param({"q": "rice", "exclude_topic": "markets"}, "leave topics out", id="a topic as a filter"),
        pytest.param({"q": "rice", "role": "event"}, "leave role out", id="a role"),
        pytest.param({"q": "rice", "date_from": "2019", "date_match": "certain"}, "leave date_match out", id="days"),
        pytest.param({"sort": "oldest"}, "every article would be given the topic", id="everything"),
    ],
)
def test_what_no_topic_can_say_is_refused(arguments: dict[str, str], said: str) -> None:
    """A topic that would be given to other articles than the search finds is not written."""
    with pytest.raises(ValueError, match=said):
        topic_row(saved(**arguments))
