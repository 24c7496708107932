"""The words of an article that may tell it from others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search.query import Phrase, Term
from search.telling import LOOKED_AT, Word, beginning_of, words_of
from tests.search.reports import found, report


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            "Smugglers met smugglers; a Smuggler", [Word(("smuggler",), "Smugglers", 3), Word(("met",), "met", 1)],
            id="one word in all its forms, as first written of those written as often",
        ),
        pytest.param("They said that it could not have been", [], id="nor what holds sentences together"),
        pytest.param("12 of 35,000 on 27", [], id="numbers and short words tell nothing"),
        pytest.param(
            "신의주에서 신의주의 쌀", [Word(("신의", "의주"), "신의주", 2)], id="Korean nouns without their particles"
        ),
        pytest.param(
            "covid19 vs MSS", [Word(("covid19",), "covid19", 1), Word(("mss",), "MSS", 1)], id="letters and digits"
        ),
        pytest.param("Sinŭiju", [Word(("sinuiju",), "Sinŭiju", 1)], id="as written, found as folded"),
        pytest.param("", [], id="nothing said"),
    ],
)  # fmt: skip
def test_words_are_those_that_may_tell_something(body: str, expected: list[Word]) -> None:
    """Each word once, with its terms, how it is mostly written and how often; no numbers, nothing too short."""
    assert list(words_of(report("a", body, title="?"))) == expected


def test_the_headlines_words_come_first_then_those_used_most() -> None:
    """So that of a long article those are counted that matter."""
    words = words_of(report("a", "Rice, rice and rice. The bridge opened.", title="Bridge"))
    assert [word.written for word in words] == ["Bridge", "rice", "opened"]


def test_a_word_is_asked_for_by_its_terms() -> None:
    """One term, or several one after the other."""
    assert Word(("rice",), "rice", 1).leaf == Term("rice")
    assert Word(("신의", "의주"), "신의주", 1).leaf == Phrase(("신의", "의주"))
    assert Word(("신의", "의주"), "신의주", 1).is_in({"신의", "의주", "쌀"})
    assert not Word(("신의", "의주"), "신의주", 1).is_in({"신의"})


def test_of_a_long_article_only_the_beginning_is_looked_at() -> None:
    """Ten million characters cost no more than twenty thousand."""
    long = report("a", "word " * 2_000_000 + "last")
    assert len(beginning_of(long)) <= LOOKED_AT + len(long.blocks)
    assert all(word.written != "last" for word in words_of(long))


def test_a_declared_headline_is_looked_at_though_it_is_not_in_the_text() -> None:
    """It is what the article says of itself."""
    document = report("a", "Rice.", title="?")
    assert beginning_of(replace(document, title=found("Bridge opens"))).startswith("Bridge opens\n")
