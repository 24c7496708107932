"""The numbered promises of `search.engine`, each with tests of its own, kept by every engine."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from index.document import Role
from search.engine import (
    ALL_BUT_CAPTION,
    MAX_EXPANSIONS,
    DateCounts,
    DateFacet,
    DateFilter,
    DateMatch,
    Interval,
    Matches,
    Ranking,
    SearchRequest,
    Sort,
    ValueCounts,
    ValueFacet,
    ValueFilter,
)
from search.errors import EngineClosed, TooManyBuckets, TooManyExpansions, UnsupportedQuery
from search.query import And, Everything, Near, Not, Or, Phrase, Prefix, Query, Term, Value, negated
from tests.contract.archives import ALL_FACETS, FIVE_ARTICLES, Commit, a_record, requests
from tests.contract.conftest import GENERATION

if TYPE_CHECKING:
    from index.fields import Record
    from search.engine import Engine
    from tests.contract.conftest import BuildEngine


def day(text: str) -> dt.date:
    """A day."""
    return dt.date.fromisoformat(text)


def serials(matches: Matches) -> list[int]:
    """The matches of a page, in order."""
    return [match.serial for match in matches.top]


def found(engine: Engine, query: Query) -> set[int]:
    """The serials of everything that matches."""
    return set(serials(engine.search(SearchRequest(query=query, limit=1000))))


# 1. Pure


@settings(max_examples=30, deadline=None)
@given(request_=requests)
def test_1_the_same_request_has_equal_matches(engine: Engine, request_: SearchRequest) -> None:
    """Asking again changes nothing, and the answer names its generation."""
    first = engine.search(request_)
    assert engine.search(request_) == first
    assert first.generation == engine.generation == GENERATION


# 2. Exact


@settings(max_examples=30, deadline=None)
@given(request_=requests)
def test_2_total_and_facets_do_not_depend_on_page_or_order(engine: Engine, request_: SearchRequest) -> None:
    """A page of no matches has the total and the counts of the page that holds them all."""
    everything = engine.search(replace(request_, offset=0, limit=1000, sort=Sort.OLDEST))
    nothing = engine.search(replace(request_, offset=7, limit=0, sort=Sort.RELEVANCE))
    assert everything.total == len(everything.top) == nothing.total
    assert everything.facets == nothing.facets
    assert nothing.top == ()


# 3. Facets


def test_3_a_facet_ignores_the_filter_on_its_own_field_and_obeys_the_others(small: Engine) -> None:
    """With a source and a region chosen, the source facet still counts all sources of the region, and vice versa."""
    matches = small.search(
        SearchRequest(
            query=Everything(),
            filters=(ValueFilter("topic", any_of=("smuggling",)), ValueFilter("region", none_of=("kp-sinuiju",))),
            facets=(ValueFacet("topic"), ValueFacet("region"), ValueFacet("source")),
        )
    )
    assert matches.total == 2
    assert matches.facets[ValueFacet("topic")] == ValueCounts((("smuggling", 2), ("a,b", 1)), missing=2)
    assert matches.facets[ValueFacet("region")] == ValueCounts((("kp", 1), ("kp-north", 1)), missing=1)
    assert matches.facets[ValueFacet("source")] == ValueCounts((), missing=2)


def test_3_a_region_counts_distinct_articles_with_all_that_lies_in_it(small: Engine) -> None:
    """An article in two places of one region, or there in two roles, is one article of that region."""
    facet = ValueFacet("region")
    counts = small.search(SearchRequest(facets=(facet,))).facets[facet]
    assert counts == ValueCounts((("kp", 2), ("kp-north", 2), ("kp-sinuiju", 1)), missing=3)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        pytest.param({Role.CAPTION}, ValueCounts((("cn", 1),), missing=4), id="captions only"),
        pytest.param({Role.SENDER}, ValueCounts((("kp", 2), ("kp-north", 2)), missing=3), id="senders only"),
        pytest.param(set(), ValueCounts((), missing=5), id="no role"),
    ],
)
def test_3_only_places_in_the_roles_asked_count(small: Engine, roles: set[Role], expected: ValueCounts) -> None:
    """Facet, `missing`, filter and `Value` all see the places in the request's roles, and no others."""
    request = SearchRequest(roles=frozenset(roles), facets=(ValueFacet("region"),))
    assert small.search(request).facets[ValueFacet("region")] == expected
    for value, count in (("kp", dict(expected.values).get("kp", 0)), ("cn", dict(expected.values).get("cn", 0))):
        assert small.search(replace(request, query=Value("region", value))).total == count
        assert small.search(replace(request, filters=(ValueFilter("region", any_of=(value,)),))).total == count


@pytest.mark.parametrize(
    ("facet", "buckets"),
    [
        pytest.param(
            DateFacet(Interval.YEAR), [("2018-01-01", 2), ("2019-01-01", 1), ("2020-01-01", 2)], id="years, possible"
        ),
        pytest.param(
            DateFacet(Interval.YEAR, DateMatch.CERTAIN),
            [("2018-01-01", 1), ("2019-01-01", 0), ("2020-01-01", 2)],
            id="years, certain: one interval crosses a new year",
        ),
        pytest.param(
            DateFacet(Interval.DAY, DateMatch.CERTAIN),
            [("2020-03-05", 2)],
            id="days, certain: only what is known so well",
        ),
    ],
)
def test_3_a_date_facet_counts_what_a_filter_on_each_unit_would_match(
    small: Engine, facet: DateFacet, buckets: list[tuple[str, int]]
) -> None:
    """Each unit from the first to the last that holds an article, the empty ones between them kept."""
    counts = small.search(SearchRequest(facets=(facet,))).facets[facet]
    assert counts == DateCounts(tuple((day(first), count) for first, count in buckets), missing=1)


def test_3_the_date_facet_ignores_the_date_filter(small: Engine) -> None:
    """With a year chosen, the months of other years are still counted."""
    facet = DateFacet(Interval.YEAR)
    dates = DateFilter(day("2020-01-01"), day("2020-12-31"))
    matches = small.search(SearchRequest(dates=dates, facets=(facet, ValueFacet("topic"))))
    assert matches.total == 2
    assert matches.facets[facet] == small.search(SearchRequest(facets=(facet,))).facets[facet]
    assert matches.facets[ValueFacet("topic")] == ValueCounts((("a,b", 1), ("smuggling", 1)), missing=1)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        pytest.param(DateFilter(day("2018-10-31"), day("2018-11-15")), {2, 4}, id="both ends are inclusive"),
        pytest.param(DateFilter(day("2018-11-01"), day("2018-11-14")), set(), id="between two"),
        pytest.param(DateFilter(None, day("2018-10-01")), {2}, id="open start"),
        pytest.param(DateFilter(day("2019-01-02"), None), {1, 4, 5}, id="open end"),
        pytest.param(DateFilter(None, None), {1, 2, 4, 5}, id="open at both ends leaves out the undated"),
        pytest.param(
            DateFilter(day("2018-10-02"), day("2019-12-31"), DateMatch.CERTAIN), {4}, id="certain: a day is missing"
        ),
        pytest.param(
            DateFilter(day("2018-10-01"), day("2019-01-02"), DateMatch.CERTAIN), {2, 4}, id="certain: just so"
        ),
    ],
)
def test_3_a_date_filter_matches_intervals(small: Engine, dates: DateFilter, expected: set[int]) -> None:
    """Possible is overlap, certain is containment, and an article without a date is never matched."""
    assert set(serials(small.search(SearchRequest(dates=dates)))) == expected


@pytest.mark.parametrize(
    "roles",
    [pytest.param(ALL_BUT_CAPTION, id="all but captions"), pytest.param(frozenset({Role.CAPTION}), id="captions")],
)
def test_3_what_a_request_is_restricted_to_is_all_there_is(small: Engine, roles: frozenset[Role]) -> None:
    """Counts and `missing` are over the articles within alone, and no choice of roles lets a caption's place count."""
    restricted = SearchRequest(within=Value("region", "kp-north"), roles=roles, facets=ALL_FACETS, limit=1000)
    inside = set(serials(small.search(SearchRequest(query=Value("region", "kp-north"), limit=1000))))
    assert 0 < len(inside) < len(FIVE_ARTICLES)
    matches = small.search(restricted)
    assert set(serials(matches)) == inside
    for facet, counts in matches.facets.items():
        assert counts.missing <= len(inside), facet
    assert small.search(replace(restricted, within=Value("region", "cn"))).total == 0
    assert small.search(replace(restricted, within=negated(Everything()))).total == 0
    everything = small.search(replace(restricted, within=Everything()))
    assert everything.total == len(FIVE_ARTICLES)


@pytest.mark.parametrize("query", [Everything(), Term("good"), Not(Term("good"))], ids=["all", "a word", "without it"])
def test_3_articles_up_to_a_serial_are_not_there(small: Engine, query: Query) -> None:
    """Neither matches, nor counts, nor `missing` have what was added no later than the article of that serial."""
    every = serials(small.search(SearchRequest(query=query, limit=1000)))
    for after in range(len(FIVE_ARTICLES) + 2):
        found = small.search(SearchRequest(query=query, after=after, facets=ALL_FACETS, limit=1000))
        assert serials(found) == [serial for serial in every if serial > after]
        assert found.total == len(found.top)
        sources = found.facets[ValueFacet("source")]
        assert isinstance(sources, ValueCounts)
        assert sum(count for _, count in sources.values) + sources.missing == found.total


# 4. Total order


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        pytest.param(Sort.NEWEST, [1, 5, 4, 2, 3], id="newest: equal days by insertion, undated last"),
        pytest.param(Sort.OLDEST, [2, 4, 1, 5, 3], id="oldest: equal days by insertion, undated last"),
        pytest.param(Sort.RELEVANCE, [1, 2, 3, 4, 5], id="relevance: equal scores by insertion"),
    ],
)
def test_4_equals_come_in_the_order_of_insertion(small: Engine, sort: Sort, expected: list[int]) -> None:
    """The order is total: what the sort key leaves open, the serial decides; undated articles are last in time."""
    assert serials(small.search(SearchRequest(query=Everything(), sort=sort))) == expected


def test_4_serials_decide_whatever_the_order_of_indexing(build_engine: BuildEngine) -> None:
    """An article that was replaced keeps its place."""
    same = {"body": "goods", "date": (day("2020-01-01").toordinal(), day("2020-01-31").toordinal())}
    articles = tuple(a_record(serial, **same) for serial in (4, 2, 3, 1))
    engine = build_engine((Commit(upserts=articles), Commit(upserts=(a_record(2, **same),))))
    for sort in Sort:
        assert serials(engine.search(SearchRequest(query=Term("good"), sort=sort))) == [1, 2, 3, 4]


@settings(max_examples=30, deadline=None)
@given(request_=requests)
def test_4_pages_partition_the_whole(engine: Engine, request_: SearchRequest) -> None:
    """Pages put together are the whole result: nothing twice, nothing left out."""
    whole = engine.search(replace(request_, offset=0, limit=1000)).top
    pages = [
        engine.search(replace(request_, offset=offset, limit=37, facets=())).top
        for offset in range(0, len(whole) + 1, 37)
    ]
    assert tuple(match for page in pages for match in page) == whole


# 5. Nothing silently ignored


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(SearchRequest(query=Term("goods", "topic")), id="words in a keyword field"),
        pytest.param(SearchRequest(query=Not(Phrase(("a", "b"), "nowhere"))), id="words in no field, under Not"),
        pytest.param(SearchRequest(query=And((Term("good"), Near(("a", "b"), 1, "date")))), id="near in a date"),
        pytest.param(SearchRequest(query=Or((Term("good"), Prefix("goo", "serial")))), id="prefix in a serial"),
        pytest.param(SearchRequest(query=Value("body", "goods")), id="value of a text field"),
        pytest.param(SearchRequest(filters=(ValueFilter("title", any_of=("x",)),)), id="filter on a text field"),
        pytest.param(SearchRequest(facets=(ValueFacet("date"),)), id="value facet of days"),
        pytest.param(SearchRequest(ranking=Ranking((("topic", 1.0),))), id="ranking by a keyword field"),
    ],
)
def test_5_what_cannot_be_answered_exactly_is_refused(small: Engine, request_: SearchRequest) -> None:
    """A construct that makes no sense on its field is an error, wherever it stands."""
    with pytest.raises(UnsupportedQuery):
        small.search(request_)


# 6. Threads and closing


def test_6_many_threads_get_the_answers_of_one(engine: Engine) -> None:
    """Searches at the same time do not disturb each other."""
    asked = [
        SearchRequest(query=query, facets=ALL_FACETS[:4])
        for query in (Term("smuggl"), Phrase(("the", "good")), Near(("of", "the"), 2), Prefix("s"), Not(Term("the")))
    ]
    expected = [engine.search(request) for request in asked]
    wrong: list[object] = []

    def ask() -> None:
        for _ in range(4):
            try:
                answers = [engine.search(request) for request in asked]
            except Exception as error:  # noqa: BLE001 - whatever it is, the test fails with it
                wrong.append(error)
            else:
                wrong.extend(answer for answer, known in zip(answers, expected, strict=True) if answer != known)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_6_closing_twice_is_fine_and_a_closed_engine_refuses(build_engine: BuildEngine) -> None:
    """After `close`, however often, a search raises `EngineClosed`."""
    engine = build_engine((Commit(upserts=FIVE_ARTICLES),))
    engine.close()
    engine.close()
    with pytest.raises(EngineClosed):
        engine.search(SearchRequest())


# 7. Terms and values are taken as they are


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(Term("smuggl"), {1, 2, 3, 5}, id="the analyser's term"),
        pytest.param(Term("smuggling"), set(), id="not stemmed"),
        pytest.param(Term("Smuggl"), set(), id="not folded"),
        pytest.param(Term("smuggl of"), set(), id="not split"),
        pytest.param(Term("smug*"), set(), id="not parsed"),
        pytest.param(Prefix("smug"), {1, 2, 3, 5}, id="a prefix is a prefix"),
        pytest.param(Term("the"), {3}, id="stop words are words"),
        pytest.param(Value("topic", "a,b"), {5}, id="a value with a comma"),
        pytest.param(Value("topic", "a"), set(), id="not half of a value"),
        pytest.param(Value("topic", "Smuggling"), set(), id="values are exact"),
    ],
)
def test_7_nothing_is_parsed_or_analysed(small: Engine, query: Query, expected: set[int]) -> None:
    """Words are terms and values are ids already, whatever they look like."""
    assert found(small, query) == expected


# 8. Limits


def zoo(count: int) -> tuple[Record, ...]:
    """An article with so many words that begin with zz."""
    return (
        a_record(1, body=" ".join(f"zz{number}" for number in range(count))),
        a_record(2, title="zz0", body="goods"),
    )


def test_8_a_prefix_within_the_limit_is_answered_whole(build_engine: BuildEngine) -> None:
    """As many terms as are allowed are all searched."""
    engine = build_engine((Commit(upserts=zoo(MAX_EXPANSIONS - 1)),))
    assert found(engine, Prefix("zz")) == {1, 2}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(Prefix("zz"), id="alone"),
        pytest.param(And((Term("good"), Not(Prefix("zz")))), id="under Not"),
        pytest.param(And((Term("absent"), Prefix("zz"))), id="where it could not matter"),
    ],
)
def test_8_a_prefix_beyond_the_limit_raises(build_engine: BuildEngine, query: Query) -> None:
    """One term too many, counted over the fields asked, is refused with the numbers; one field alone may be within."""
    engine = build_engine((Commit(upserts=zoo(MAX_EXPANSIONS)),))
    with pytest.raises(TooManyExpansions) as refused:
        engine.search(SearchRequest(query=query))
    assert (refused.value.prefix, refused.value.allowed, refused.value.found) == ("zz", 256, 257)
    assert found(engine, Prefix("zz", "body")) == {1}


def test_8_a_date_facet_beyond_the_limit_raises(build_engine: BuildEngine) -> None:
    """Days of a thousand years are refused with the numbers; their years are counted."""
    millennium = (dt.date(1000, 1, 1).toordinal(), dt.date(1999, 12, 31).toordinal())
    engine = build_engine((Commit(upserts=(a_record(1, date=millennium),)),))
    with pytest.raises(TooManyBuckets) as refused:
        engine.search(SearchRequest(facets=(DateFacet(Interval.DAY),)))
    assert (refused.value.allowed, refused.value.found) == (40_000, 365_242)
    years = DateFacet(Interval.YEAR)
    counts = engine.search(SearchRequest(facets=(years,))).facets[years]
    assert isinstance(counts, DateCounts)
    assert len(counts.buckets) == 1_000


def test_8_terms_of_deleted_articles_do_not_count(build_engine: BuildEngine) -> None:
    """A prefix is measured by the words of the articles that are there."""
    history = (Commit(upserts=zoo(MAX_EXPANSIONS)), Commit(upserts=(a_record(3, body="zz5"),), deletes=(1,)))
    assert found(build_engine(history), Prefix("zz")) == {2, 3}
