"""Which words match and what a match scores, by hand: the sentences of `search.engine` and `search.query`."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from search.engine import DateCounts, Match, Ranking, Recency, SearchRequest, Sort, Statistics, ValueCounts
from search.errors import EngineClosed
from search.query import And, Dates, Everything, Near, Not, Or, Phrase, Prefix, Query, Term, Value
from tests.contract.archives import ALL_FACETS, Commit, a_record

if TYPE_CHECKING:
    from search.engine import Engine
    from tests.contract.archives import History
    from tests.contract.conftest import BuildEngine


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(Phrase(("a", "b")), {1, 3}, id="phrase: in order, next to each other"),
        pytest.param(Phrase(("a", "a")), {4}, id="phrase of a repeated word"),
        pytest.param(Phrase(("a", "b", "a")), {3}, id="phrase that comes back to its first word"),
        pytest.param(Phrase(("b",)), {1, 2, 3}, id="phrase of one word"),
        pytest.param(Phrase(("c", "b")), set(), id="phrase does not cross fields"),
        pytest.param(Near(("b", "a"), 0), {1, 2, 3}, id="near: any order"),
        pytest.param(Near(("a", "a"), 1), {3, 4}, id="near: a repeated word needs two places"),
        pytest.param(Near(("a", "a"), 0), {4}, id="near: no place serves twice"),
        pytest.param(Near(("a", "c"), 1), {1}, id="near: other words are counted"),
        pytest.param(Near(("a", "c"), 0), set(), id="near: too far"),
        pytest.param(Near(("a",), -1), set(), id="near: nothing is nearer than next to each other"),
        pytest.param(Near(("a", "a", "b"), 0), {3}, id="near: the words themselves are not other words"),
    ],
)
def test_positions_are_those_of_the_definition(build_engine: BuildEngine, query: Query, expected: set[int]) -> None:
    """Phrases and proximity match exactly what the query's definition says."""
    texts = ("a b c", "b a", "x a b a", "a a")
    articles = tuple(a_record(serial, body=text) for serial, text in enumerate(texts, 1))
    engine = build_engine((Commit(upserts=(*articles, a_record(5, title="c", captions="c"))),))
    assert {match.serial for match in engine.search(SearchRequest(query=query)).top} == expected


def test_a_score_is_the_documented_formula(small: Engine) -> None:
    """BM25F by hand: 4 of 5 articles have the word, 3 in bodies of 2.2 words on average, 1 in a title, of 0.2."""
    idf = math.log(1 + (5 - 4 + 0.5) / (4 + 0.5))
    in_body, in_title = 1.0 * 2 / (0.25 + 0.75 * 2 / 2.2), 3.0 * 1 / (0.25 + 0.75 * 1 / 0.2)
    first, *_ = found = small.search(SearchRequest(query=Term("smuggl"))).top
    assert first == Match(5, round(idf * in_body * 3 / (in_body + 2), 9))
    assert Match(3, round(idf * in_title * 3 / (in_title + 2), 9)) in found


def test_fields_are_added_up_before_they_saturate(build_engine: BuildEngine) -> None:
    """A word in two fields scores their weighted frequencies at once, and its idf counts each article once."""
    engine = build_engine((Commit((a_record(1, title="goods", body="goods"), a_record(2, body="goods"), a_record(3))),))
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    title, body = 3.0 / (0.25 + 0.75 * 1 / (1 / 3)), 1.0 / (0.25 + 0.75 * 1 / (2 / 3))
    both, alone = (Match(1, round(idf * a * 3 / (a + 2), 9)) for a in (title + body, title))
    assert engine.search(SearchRequest(query=Term("good"))).top[0] == both
    idf_of_title = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    named = engine.search(SearchRequest(query=Term("good", "title"))).top
    assert named == (Match(1, round(alone.score / idf * idf_of_title, 9)),)


def test_a_phrase_scores_its_words_wherever_they_are(build_engine: BuildEngine) -> None:
    """Where a phrase or its words near each other stand, its distinct words count in all fields asked, as if alone."""
    records = (a_record(1, title="goods", body="a goods a"), a_record(2, body="goods a"), a_record(3, body="other"))
    engine = build_engine((Commit(records),))
    words = engine.search(SearchRequest(query=And((Term("a"), Term("good"))))).top
    for query in (Phrase(("a", "good", "a")), Near(("a", "good", "a"), 3)):
        assert engine.search(SearchRequest(query=query)).top == tuple(match for match in words if match.serial == 1)


@pytest.mark.parametrize(
    "silent",
    [
        pytest.param(Value("topic", "smuggling"), id="value"),
        pytest.param(Dates(None, dt.date(2020, 12, 31)), id="dates"),
        pytest.param(Not(Term("crackdown")), id="not"),
        pytest.param(Everything(), id="everything"),
        pytest.param(Or((Not(Term("absent")), Value("topic", "a,b"))), id="or of these"),
    ],
)
def test_what_is_not_words_adds_nothing_to_a_score(small: Engine, silent: Query) -> None:
    """A word has the same score alone and in a conjunction or disjunction with what is not scored."""
    alone = {match.serial: match.score for match in small.search(SearchRequest(query=Term("smuggl"))).top}
    for both in (And((Term("smuggl"), silent)), Or((Term("smuggl"), silent))):
        for match in small.search(SearchRequest(query=both)).top:
            assert match.score == alone.get(match.serial, 0.0)


def test_a_named_field_outside_the_ranking_has_weight_one(small: Engine) -> None:
    """A field that the ranking leaves out is asked only by name, and counts once."""
    ranking = Ranking((("title", 2.0),))
    assert small.search(SearchRequest(query=Term("good"), ranking=ranking)).total == 0
    named = small.search(SearchRequest(query=Term("good", "body"), ranking=ranking)).top
    assert named == small.search(SearchRequest(query=Term("good", "body"))).top


def _days(start: str, end: str) -> tuple[int, int]:
    return dt.date.fromisoformat(start).toordinal(), dt.date.fromisoformat(end).toordinal()


@pytest.mark.parametrize(
    ("days", "factor"),
    [
        pytest.param(_days("2020-03-01", "2020-03-01"), 1.0, id="on the day of reference"),
        pytest.param(_days("2020-04-05", "2020-04-05"), 1.0, id="newer than that"),
        pytest.param(_days("2020-02-29", "2020-02-29"), 0.5 ** (1 / 30), id="a day older"),
        pytest.param(_days("2020-01-31", "2020-01-31"), 0.5, id="a half-life older"),
        pytest.param(_days("2020-01-01", "2020-01-31"), 0.5, id="an interval is as old as its last day"),
        pytest.param(_days("2019-01-01", "2020-12-31"), 1.0, id="an interval that goes beyond the day of reference"),
        pytest.param(_days("1987-01-01", "1987-12-31"), 1 / 1024, id="no older than ten half-lives"),
        pytest.param(None, 1 / 1024, id="no date: as old as can be"),
    ],
)
def test_a_score_halves_with_each_half_life_of_age(
    build_engine: BuildEngine, days: tuple[int, int] | None, factor: float
) -> None:
    """With recency a score is that without, times what the article's last possible day makes of it, in any order."""
    engine = build_engine((Commit((a_record(1, body="goods", date=days), a_record(2, body="crackdown"))),))
    request = SearchRequest(query=Term("good"))
    [plain] = engine.search(request).top
    for sort in Sort:
        decaying = replace(request, recency=Recency(30, dt.date(2020, 3, 1)), sort=sort)
        [match] = engine.search(decaying).top
        assert match.score == pytest.approx(plain.score * factor, rel=1e-6, abs=1.5e-9)  # scores may be of 24 bits


def test_the_newer_of_two_comes_first(build_engine: BuildEngine) -> None:
    """With a short half-life the newer article is ahead of the one that says a word more often; without, it is not."""
    records = (
        a_record(1, body="goods goods goods", date=_days("2019-01-01", "2019-01-01")),
        a_record(2, body="goods and other words", date=_days("2020-01-01", "2020-01-01")),
    )
    engine = build_engine((Commit(records),))
    plain = SearchRequest(query=Term("good"), limit=1)
    for recency, first in ((None, 1), (Recency(30, dt.date(2020, 1, 1)), 2)):
        assert [match.serial for match in engine.search(replace(plain, recency=recency)).top] == [first]


def test_statistics_are_those_of_the_articles_that_are_there(build_engine: BuildEngine) -> None:
    """Articles and average lengths count nothing that was deleted or replaced; a field nobody uses is 1 long."""
    records = (a_record(1, body="goods goods goods"), a_record(2, body="goods"), a_record(3, title="goods"))
    history = (Commit(records), Commit((a_record(1, body="a b"),), deletes=(3,)))
    engine = build_engine(history)
    lengths = {"title": 1.0, "body": 1.5, "captions": 1.0, "authors": 1.0}
    assert engine.statistics() == Statistics(articles=2, average_lengths=lengths)
    engine.close()
    with pytest.raises(EngineClosed):
        engine.statistics()


@pytest.mark.parametrize(
    "history",
    [
        pytest.param((Commit(upserts=()),), id="never had one"),
        pytest.param(
            (Commit(upserts=(a_record(1, body="goods", region=("kp@event",)),)), Commit((), (1,))), id="deleted"
        ),
    ],
)
def test_an_archive_without_articles_answers_everything_with_nothing(
    build_engine: BuildEngine, history: History
) -> None:
    """No articles: no matches, no values, no buckets, no error."""
    engine = build_engine(history)
    for query in (Everything(), Term("good"), And((Phrase(("a", "b")), Not(Prefix("s")))), Value("region", "kp")):
        matches = engine.search(SearchRequest(query=query, facets=ALL_FACETS))
        assert (matches.total, matches.top) == (0, ())
        assert set(matches.facets.values()) == {ValueCounts((), 0), DateCounts((), 0)}
