"""What is said of why a match has its score adds up to that score, whichever engine gave it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from whoosh.util.numeric import byte_to_length, length_to_byte

from search.engine import Ranking, Recency, SearchRequest
from search.explaining import Age, Explainer, Explanation, rounded_length
from search.query import And, Not, Or, Phrase, Prefix, Term, Value
from tests.contract.archives import FIVE_ARTICLES, articles_of, requests

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from index.fields import Record
    from search.engine import Engine, Match
    from search.query import Query
    from tests.contract.archives import History


def explained(
    engine: Engine, request: SearchRequest, records: Iterable[Record], *, tells_counts: bool = True
) -> Iterator[tuple[Match, Explanation]]:
    """The matches of a request, each with its explanation."""

    def count(query: Query) -> int:
        return engine.search(SearchRequest(query=query, ranking=request.ranking, limit=0)).total

    explainer = Explainer(request, engine.statistics(), count, tells_counts=tells_counts)
    by_serial = {record.serial: record for record in records}
    for match in engine.search(request).top:
        yield match, explainer.explain(by_serial[match.serial])


@settings(max_examples=60, deadline=None)
@given(request_=requests)
def test_reasons_add_up_to_the_score(engine: Engine, sample: History, request_: SearchRequest) -> None:
    """Whatever is asked, with whatever weights and decay, the reasons' scores add up to the match's."""
    asked = replace(request_, offset=0, limit=20)
    for match, explanation in explained(engine, asked, articles_of(sample)):
        assert explanation.score == pytest.approx(match.score, abs=2e-9)


def test_reasons_are_the_parts_of_the_question_by_which_an_article_matches(small: Engine) -> None:
    """Only what matches is a reason; a value adds nothing; words say how often they stand where, and in how many."""
    query = And((Or((Term("smuggl"), Term("absent"), Value("topic", "a,b"))), Not(Term("crackdown"))))
    explanations = {match.serial: e for match, e in explained(small, SearchRequest(query=query), FIVE_ARTICLES)}
    assert [reason.leaf for reason in explanations[5].reasons] == [Term("smuggl"), Value("topic", "a,b")]
    word, value = explanations[5].reasons
    assert (value.words, value.score) == ((), 0.0)
    [smuggling] = word.words
    assert (smuggling.written, smuggling.times, smuggling.articles) == ("smuggling", (("body", 2),), 4)
    assert explanations[5].articles == 5
    assert explanations[3].reasons[0].words[0].times == (("title", 1),)


@pytest.mark.parametrize(
    ("leaf", "terms"),
    [
        pytest.param(Phrase(("smuggl", "of", "good")), ["smuggl", "of", "good"], id="each word of a phrase"),
        pytest.param(Prefix("smug"), ["smuggl"], id="the words that a prefix begins"),
        pytest.param(Term("good", "body"), ["good"], id="a word in a field"),
    ],
)
def test_a_leaf_adds_the_words_that_the_article_has(small: Engine, leaf: Query, terms: list[str]) -> None:
    """The words of a reason are those of its leaf that the contract scores."""
    explanations = {match.serial: e for match, e in explained(small, SearchRequest(query=leaf), FIVE_ARTICLES)}
    [reason] = explanations[1].reasons
    assert [word.term for word in reason.words] == terms


def test_a_field_outside_the_ranking_explains_nothing(small: Engine) -> None:
    """Words in fields that were not asked are neither counted nor matched by."""
    request = SearchRequest(query=Or((Term("smuggl"), Term("good"))), ranking=Ranking((("title", 1.0),)))
    [(match, explanation)] = explained(small, request, FIVE_ARTICLES)
    assert match.serial == 3
    assert [reason.leaf for reason in explanation.reasons] == [Term("smuggl")]


def test_the_age_of_a_match_is_told(small: Engine) -> None:
    """With recency the age counts from the last possible day, and is not known where there is no date."""
    recency = Recency(30, dt.date(2020, 3, 1))
    request = SearchRequest(query=Term("smuggl"), recency=recency)
    ages = {match.serial: explanation.age for match, explanation in explained(small, request, FIVE_ARTICLES)}
    assert ages == {
        1: Age(recency, 0, 1.0),
        2: Age(recency, 487, 1 / 1024),
        3: Age(recency, None, 1 / 1024),
        5: Age(recency, 0, 1.0),
    }


def test_counts_are_left_out_where_they_may_not_be_told(small: Engine) -> None:
    """Scores stay; how many articles there are and have a word does not."""
    request = SearchRequest(query=Term("smuggl"))
    for match, explanation in explained(small, request, FIVE_ARTICLES, tells_counts=False):
        assert explanation.articles is None
        assert [word.articles for reason in explanation.reasons for word in reason.words] == [None]
        assert explanation.score == pytest.approx(match.score, abs=2e-9)


def test_lengths_are_rounded_as_in_the_index() -> None:
    """A length is what Whoosh makes of it on its way through one byte, for every length there is."""
    for length in (*range(3_000), 106_373, 106_374, 106_375, 5_000_000):
        assert rounded_length(length) == byte_to_length(length_to_byte(length))
