"""Questions become clauses that ask for terms and values as they are; answers become counts, or are refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from index.document import Role
from search.edits import edits
from search.engine import (
    DateCounts,
    DateFacet,
    DateMatch,
    Interval,
    Ranking,
    Recency,
    SearchRequest,
    ValueCounts,
    ValueFacet,
)
from search.engines.opensearch_counts import aggregations, counts_from_answer
from search.engines.opensearch_queries import EVERYTHING, MOST_ORDERS, NOTHING, Translation, aged
from search.errors import TooManyBuckets, UnsupportedQuery
from search.query import And, Dates, Everything, Near, Not, Nothing, Or, Phrase, Prefix, Query, Term, Value

ONE_FIELD = Ranking((("body", 1.0),))
DAY = dt.date(2020, 3, 5)


def translation(ranking: Ranking = ONE_FIELD, *terms: str) -> Translation:
    """What translates, where a prefix stands for these terms."""
    return Translation(SearchRequest(ranking=ranking, roles=frozenset({Role.EVENT})), lambda _prefix, _fields: terms)


@pytest.mark.parametrize(
    ("query", "clause"),
    [
        pytest.param(Everything(), EVERYTHING, id="everything"),
        pytest.param(Nothing(), NOTHING, id="nothing"),
        pytest.param(Term("rice"), {"term": {"body": "rice"}}, id="a term"),
        pytest.param(Term("rice", "title"), {"term": {"title": "rice"}}, id="a term in a field"),
        pytest.param(Term("rice price"), NOTHING, id="no term has a blank"),
        pytest.param(Term("r" * 65), NOTHING, id="no term is so long"),
        pytest.param(Term("\udc00"), NOTHING, id="half a character"),
        pytest.param(
            Phrase(("a", "b")), {"match_phrase": {"body": {"query": "a b", "analyzer": "whitespace"}}}, id="a phrase"
        ),
        pytest.param(Phrase(("a", "")), NOTHING, id="a phrase with what is no word"),
        pytest.param(Near(("a", "b"), -1), NOTHING, id="nearer than next to each other"),
        pytest.param(Near(("a",), 3), {"term": {"body": "a"}}, id="near nothing else"),
        pytest.param(
            Near(("a", "b"), 2),
            {"span_near": {"clauses": [{"span_term": {"body": word}} for word in "ab"], "slop": 2, "in_order": False}},
            id="near, in any order",
        ),
        pytest.param(Prefix("ri"), {"prefix": {"body": {"value": "ri"}}}, id="a prefix"),
        pytest.param(Value("source", "daily-nk"), {"terms": {"source": ["daily-nk"]}}, id="a value"),
        pytest.param(And(()), EVERYTHING, id="all of nothing"),
        pytest.param(Or(()), NOTHING, id="any of nothing"),
        pytest.param(Not(Term("a")), {"bool": {"must_not": [{"term": {"body": "a"}}]}}, id="not"),
        pytest.param(
            Dates(DAY, None),
            {
                "bool": {
                    "filter": [
                        {"exists": {"field": "date_first_day"}},
                        {"range": {"date_last_day": {"gte": DAY.toordinal()}}},
                    ]
                }
            },
            id="days from one on",
        ),
    ],
)
def test_what_matches_is_asked_for_as_it_is(query: Query, clause: dict[str, Any]) -> None:
    """Nothing is analysed or parsed on the way."""
    assert translation(ONE_FIELD, "rice").matching(query) == clause


def test_a_region_is_asked_for_in_every_set_of_roles_that_has_one_asked() -> None:
    """An event that is a caption's place, too, is an event."""
    values = translation().matching(Value("region", "kp"))["terms"]["region"]
    assert {"kp@event", "kp@caption+event"} <= set(values)
    assert "kp@caption" not in values


def test_a_repeated_word_is_looked_for_in_every_order() -> None:
    """So that no place serves twice."""
    orders = translation().matching(Near(("a", "a", "b"), 1))["bool"]["should"]
    words = [[span["span_term"]["body"] for span in order["span_near"]["clauses"]] for order in orders]
    assert words == [["a", "a", "b"], ["a", "b", "a"], ["b", "a", "a"]]


@pytest.mark.parametrize(
    ("words", "orders"),
    [
        pytest.param(("a",) * 32, 1, id="one word alone"),
        pytest.param((*("a",) * 10, "b"), 11, id="one beside many"),
        pytest.param((*("a",) * 14, "b", "b"), MOST_ORDERS, id="as many as may be"),
    ],
)
def test_orders_are_found_without_a_walk_through_all_permutations(words: tuple[str, ...], orders: int) -> None:
    """However often a word is repeated: there are more permutations than anybody can wait for."""
    spans = either_of(translation().matching(Near(words, 5)))
    assert len({tuple(word["span_term"]["body"] for word in span["span_near"]["clauses"]) for span in spans}) == orders
    assert len(spans) == orders
    assert all(span["span_near"]["in_order"] for span in spans)


@pytest.mark.parametrize("words", [(*("a",) * 10, *("b",) * 10), (*"abcdefghijklmnopqrstuvwxyz", "a")])
def test_words_of_too_many_orders_are_refused(words: tuple[str, ...]) -> None:
    """At once, before any is made."""
    with pytest.raises(UnsupportedQuery):
        translation().matching(Near(words, 5))


def either_of(clause: dict[str, Any]) -> list[dict[str, Any]]:
    """The clauses of which any matches; the clause itself if it is no choice."""
    return clause["bool"]["should"] if "bool" in clause else [clause]


@pytest.mark.parametrize("query", [Term("rice"), Prefix("ri")])
def test_all_fields_are_asked_as_one_with_the_usual_weights(query: Query) -> None:
    """Where the weighted frequencies of all of them are indexed."""
    usual = translation(Ranking(), "rice")
    assert usual.scoring(Term("rice")) == {"term": {"impact": {"value": "rice", "boost": 3.0}}}
    [name] = next(iter(usual.matching(query).values()))
    assert name == "impact"
    assert next(iter(usual.scoring(Term("rice", "title")))) == "combined_fields"


def test_words_are_scored_over_all_fields_at_once() -> None:
    """With their weights, scaled; a field that weighs nothing matches and adds nothing."""
    ranking = Ranking((("title", 3.0), ("body", 0.5), ("authors", 0.0)))
    clause = translation(ranking).scoring(Term("rice"))["bool"]
    [combined] = clause["should"]
    assert combined == {"combined_fields": {"query": "rice", "fields": ["title^3072.0", "body^512.0"], "boost": 3.0}}
    assert clause["filter"] == [translation(ranking).matching(Term("rice"))]


@pytest.mark.parametrize("query", [Value("source", "a"), Not(Term("a")), Dates(None, None), Everything()])
def test_what_is_no_word_adds_nothing(query: Query) -> None:
    """Its clause scores 0."""
    matching = translation().matching(query)
    assert translation().scoring(query) == {"constant_score": {"filter": matching, "boost": 0}}


@pytest.mark.parametrize(
    "query", [Term("a", "topic"), Not(Prefix("a", "date")), Value("body", "a"), Phrase(("a",), "x")]
)
def test_what_makes_no_sense_on_a_field_is_refused(query: Query) -> None:
    """Wherever it stands."""
    with pytest.raises(UnsupportedQuery):
        translation().scoring(Or((Term("a"), query)))


@pytest.mark.parametrize(
    ("half_life_days", "oldest"),
    [
        pytest.param(30, DAY.toordinal() - 300, id="ten half-lives ago"),
        pytest.param(9_999 * 365, 0, id="before there were days"),
    ],
)
def test_only_days_on_which_scores_fall_are_asked_for(half_life_days: int, oldest: int) -> None:
    """They end ten half-lives before the day of reference, and are numbers that the cluster's field can have."""
    halving, oldest_of_all = aged(EVERYTHING, Recency(half_life_days, DAY))["function_score"]["functions"]
    assert halving["filter"]["range"]["date_last_day"] == {"gt": oldest, "lt": DAY.toordinal()}
    assert oldest_of_all["weight"] == 1 / 1024


def answer(**counted: object) -> dict[str, Any]:
    """An answer with one facet."""
    return {"aggregations": {"0": counted}}


def values(*buckets: tuple[str, int], left_out: int = 0) -> dict[str, Any]:
    """Counts of values, as they come."""
    told = [{"key": key, "doc_count": count} for key, count in buckets]
    return {"buckets": told, "sum_other_doc_count": left_out, "doc_count_error_upper_bound": 0}


def units(**buckets: int) -> dict[str, Any]:
    """Counts of years, as they come."""
    return {"buckets": [{"key": float(unit[1:]), "doc_count": count} for unit, count in buckets.items()]}


@pytest.mark.parametrize(
    ("facet", "told", "counts"),
    [
        pytest.param(
            ValueFacet("source"),
            answer(values=values(("b", 1), ("a", 1), ("c", 5)), missing={"doc_count": 2}),
            ValueCounts((("c", 5), ("a", 1), ("b", 1)), 2),
            id="values, highest first, then by name",
        ),
        pytest.param(
            ValueFacet("region"),
            answer(
                values=values(("kp@event", 2), ("kp@caption", 4), ("kp@caption+event", 1), ("odd@x@event", 1)),
                doc_count=9,
                known={"doc_count": 4},
            ),
            ValueCounts((("kp", 3), ("odd@x", 1)), 5),
            id="regions in the roles asked",
        ),
        pytest.param(
            DateFacet(Interval.YEAR),
            answer(first=units(y2018=2, y2021=1), last=units(y2018=1, y2019=1, y2021=1), missing={"doc_count": 3}),
            DateCounts(
                (
                    (dt.date(2018, 1, 1), 2),
                    (dt.date(2019, 1, 1), 1),
                    (dt.date(2020, 1, 1), 0),
                    (dt.date(2021, 1, 1), 1),
                ),
                3,
            ),
            id="years that articles may be of",
        ),
        pytest.param(
            DateFacet(Interval.YEAR, DateMatch.CERTAIN),
            answer(only=units(y2018=1, y2020=4), missing={"doc_count": 0}),
            DateCounts(((dt.date(2018, 1, 1), 1), (dt.date(2019, 1, 1), 0), (dt.date(2020, 1, 1), 4)), 0),
            id="years that articles are of",
        ),
    ],
)
def test_answers_become_counts(facet: Any, told: dict[str, Any], counts: object) -> None:
    """What was counted on all shards, as the contract has it."""
    request = SearchRequest(facets=(facet,), roles=frozenset({Role.EVENT}))
    assert counts_from_answer(request, told) == {facet: counts}


def test_counts_that_leave_something_out_are_refused() -> None:
    """If the cluster says that there are more values, no count is given."""
    request = SearchRequest(facets=(ValueFacet("source"),))
    with pytest.raises(UnsupportedQuery, match="a facet of source"):
        counts_from_answer(request, answer(values=values(("a", 1), left_out=1), missing={"doc_count": 0}))


def test_too_many_units_are_refused() -> None:
    """With the numbers."""
    request = SearchRequest(facets=(DateFacet(Interval.DAY),))
    with pytest.raises(TooManyBuckets, match="100001 buckets"):
        counts_from_answer(request, answer(first=units(d1=1), last=units(d100001=1), missing={"doc_count": 0}))


def test_a_facet_obeys_the_filters_on_other_fields() -> None:
    """Those on its own field are held back from it alone."""
    facets = (ValueFacet("source"), DateFacet(Interval.YEAR))
    held_back = {"source": {"of": "source"}, "date": {"of": "date"}}
    asked = aggregations(SearchRequest(facets=facets), held_back)
    assert [one["filter"]["bool"]["filter"] for one in asked.values()] == [[{"of": "date"}], [{"of": "source"}]]


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        pytest.param("rice", "rice", 0, id="the same"),
        pytest.param("rice", "rcie", 1, id="neighbours swapped"),
        pytest.param("rice", "price", 1, id="put in"),
        pytest.param("rice", "ric", 1, id="left out"),
        pytest.param("rice", "mice", 1, id="changed"),
        pytest.param("ca", "abc", 3, id="what was swapped is not touched again"),
    ],
)
def test_distances_are_those_of_the_other_engines(one: str, other: str, distance: int) -> None:
    """Optimal string alignment, either way round."""
    assert (edits(one, other), edits(other, one)) == (distance, distance)
