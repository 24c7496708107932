"""Facets as OpenSearch counts them: what to ask for, and the counts of the contract from what it answers.

Counts over shards are exact because all values are asked for: no shard leaves out one that is rare there. Should there
be more than `MOST_VALUES`, the cluster says how much it left out, and the question is refused.

A facet ignores the filters on its own field. So filters on fields that are counted are not part of the query: they are
applied to each facet but their own, and to the hits afterwards.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, assert_never

from index.opensearch.schema import ROLES, first_unit, last_unit, only_unit, region_from_entry
from search.engine import DateCounts, DateFacet, DateMatch, ValueCounts, ValueFacet
from search.engines.columns import date_counts
from search.engines.opensearch_queries import NAME, every
from search.errors import UnsupportedQuery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from search.engine import Facet, FacetCounts, SearchRequest
    from search.engines.opensearch_queries import Clause

MOST_VALUES: Final = 65_535
"""Values of a field that are counted: what a cluster allows an answer unless it is told otherwise."""

DATE: Final = "date"


def field_of(facet: Facet) -> str:
    """The field that a facet counts."""
    return facet.field if isinstance(facet, ValueFacet) else DATE


def aggregations(request: SearchRequest, held_back: Mapping[str, Clause]) -> dict[str, Any]:
    """What to ask for to count the facets of a request. `held_back`: filters on fields that are counted."""
    return {
        str(number): {
            "filter": every([clause for field, clause in held_back.items() if field != field_of(facet)]),
            "aggs": _counted(facet, request),
        }
        for number, facet in enumerate(request.facets)
    }


def _counted(facet: Facet, request: SearchRequest) -> dict[str, Any]:
    match facet:
        case ValueFacet("region"):
            known = {"terms": {ROLES: sorted(request.roles)}}
            return {"values": _values("region"), "known": {"filter": known}}
        case ValueFacet(field):
            return {"values": _values(field), "missing": {"missing": {"field": field}}}
        case DateFacet(interval, DateMatch.POSSIBLE):
            first, last = first_unit(DATE, interval), last_unit(DATE, interval)
            return {"first": _units(first), "last": _units(last), "missing": {"missing": {"field": first}}}
        case DateFacet(interval, DateMatch.CERTAIN):
            missing = {"missing": {"field": first_unit(DATE, interval)}}
            return {"only": _units(only_unit(DATE, interval)), "missing": missing}
        case _:
            assert_never(facet)  # type: ignore[arg-type]  # mypy doesn't see that a facet of dates has either match


def _values(field: str) -> dict[str, Any]:
    return {"terms": {"field": field, "size": MOST_VALUES, "shard_size": MOST_VALUES}}


def _units(field: str) -> dict[str, Any]:
    return {"histogram": {"field": field, "interval": 1, "min_doc_count": 1}}


def counts_from_answer(request: SearchRequest, answer: Mapping[str, Any]) -> dict[Facet, FacetCounts]:
    """The counts of a request's facets. Raises `UnsupportedQuery` or `TooManyBuckets`."""
    counted = answer.get("aggregations", {})
    return {facet: _counts(facet, request, counted[str(number)]) for number, facet in enumerate(request.facets)}


def _counts(facet: Facet, request: SearchRequest, counted: Mapping[str, Any]) -> FacetCounts:
    match facet:
        case ValueFacet("region"):
            values = _regions(request, value_counts("region", counted["values"]))
            return _ordered(values, counted["doc_count"] - counted["known"]["doc_count"])
        case ValueFacet(field):
            return _ordered(value_counts(field, counted["values"]), counted["missing"]["doc_count"])
        case DateFacet():
            return _days(facet, counted)
        case _:
            assert_never(facet)


def value_counts(field: str, counted: Mapping[str, Any]) -> dict[str, int]:
    """The count of every value, from an answer. Raises `UnsupportedQuery` if there are more than were asked for."""
    if counted["sum_other_doc_count"] or counted["doc_count_error_upper_bound"]:
        raise UnsupportedQuery(NAME, f"a facet of {field}, which has more than {MOST_VALUES} values here")
    return {bucket["key"]: bucket["doc_count"] for bucket in counted["buckets"]}


def _regions(request: SearchRequest, entries: Mapping[str, int]) -> dict[str, int]:
    """Articles by region. An article has one entry for each of its regions, so entries add up."""
    counts: Counter[str] = Counter()
    for entry, count in entries.items():
        region, roles = region_from_entry(entry)
        if roles & request.roles:
            counts[region] += count
    return counts


def _ordered(counts: Mapping[str, int], missing: int) -> ValueCounts:
    return ValueCounts(tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0]))), missing)


def _days(facet: DateFacet, counted: Mapping[str, Any]) -> DateCounts:
    """Sweep over the units: each article begins to count at its first unit and ends after its last."""
    change: Counter[int] = Counter()
    possible = facet.match is DateMatch.POSSIBLE
    for unit, count in _buckets(counted["first" if possible else "only"]):
        change[unit] += count
    for unit, count in _buckets(counted["last" if possible else "only"]):
        change[unit + 1] -= count
    return date_counts(facet, change, counted["missing"]["doc_count"])


def _buckets(histogram: Mapping[str, Any]) -> Iterable[tuple[int, int]]:
    return ((int(bucket["key"]), bucket["doc_count"]) for bucket in histogram["buckets"])
