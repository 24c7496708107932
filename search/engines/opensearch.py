"""The engine for archives that outgrow one machine: an index on an OpenSearch cluster, as it is at one moment.

Matches, totals and facets are those of the other engines, exactly. Scores are theirs, rounded, with frequencies counted
over all shards. What differs, and how much that matters, is in docs/decisions/0022. What the cluster cannot answer
wholly and in time it does not answer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from index.errors import ViewGone
from index.opensearch.client import REQUEST_S, TOO_MANY_BUCKETS, Refused
from index.opensearch.schema import PAGE_WINDOW, SERIAL, first_unit, last_unit
from search.engine import ALL_BUT_CAPTION, SCORE_DECIMALS, Match, Matches, SearchRequest, Sort
from search.engines.opensearch_counts import DATE, aggregations, counts_from_answer, field_of
from search.engines.opensearch_queries import NAME, Translation, aged, passing, within_days
from search.engines.opensearch_vocabulary import Expansions
from search.engines.refusing import refuse_unknown_fields
from search.errors import EngineClosed, OverBudget, UnexplainedScores, UnsupportedQuery
from search.query import Everything, leaves

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.opensearch.client import Answer
    from index.opensearch.view import View
    from search.engine import Statistics
    from search.engines.opensearch_queries import Clause

BOOKMARKS: Final = 256
"""Pages whose last hit is remembered, so that the next page goes on from there."""

BOOKMARKED_FROM: Final = 1000
"""Hits that lie before a page worth remembering."""

_LATE_S: Final = 5.0
"""Seconds that an answer may be on its way, after the cluster gave up on a question. Then another node is asked."""

_TOO_MUCH: Final = frozenset({"too_many_clauses", "too_many_nested_clauses", TOO_MANY_BUCKETS})

_FIRST, _LAST = first_unit(DATE, "day"), last_unit(DATE, "day")
_ORDERS: Final[dict[Sort, list[dict[str, Any]]]] = {
    Sort.RELEVANCE: [{"_score": "desc"}],
    Sort.NEWEST: [{_LAST: {"order": "desc", "missing": "_last"}}, {_FIRST: {"order": "desc", "missing": "_last"}}],
    Sort.OLDEST: [{_FIRST: {"order": "asc", "missing": "_last"}}, {_LAST: {"order": "asc", "missing": "_last"}}],
}


class OpenSearchEngine:
    """Answers from a view of an index on a cluster. Safe to use from many threads.

    A question may take `budget_ms` on every shard; 0 is as long as it takes.
    """

    def __init__(self, view: View, *, budget_ms: int = 0) -> None:
        self._view = view
        self._budget_ms = budget_ms
        self._expansions = Expansions(view)
        self._bookmarks = _Bookmarks()
        self._is_closed = False

    @property
    def generation(self) -> str:
        """The id of the generation it answers from."""
        return self._view.generation

    def search(self, request: SearchRequest) -> Matches:
        """Answer a request.

        Raises `TooManyExpansions`, `TooManyBuckets`, `OverBudget`, `UnsupportedQuery`, `EngineClosed`, or a
        `ClusterError` where the cluster doesn't answer for all of the index.
        """
        refuse_unknown_fields(NAME, request)
        try:
            self._refuse_closed()
            answer, hits = self._answer(request, self._body(request))
        except ViewGone:
            self._refuse_closed()
            raise
        return Matches(
            total=answer["hits"]["total"]["value"],
            top=tuple(Match(hit["sort"][-1], round(hit["_score"] or 0.0, SCORE_DECIMALS)) for hit in hits),
            facets=counts_from_answer(request, answer),
            generation=self.generation,
        )

    def statistics(self) -> Statistics:
        """Raises `UnexplainedScores`: scores are rounded here, so what is added to them would not add up."""
        self._refuse_closed()
        raise UnexplainedScores(NAME)

    def close(self) -> None:
        """Let go of the view."""
        self._is_closed = True
        self._view.close()

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise EngineClosed(f"generation {self.generation} is closed")

    def _body(self, request: SearchRequest) -> Clause:
        """The question, without a page."""
        filters = _filters(request)
        counted = {field_of(facet) for facet in request.facets}
        held_back = {field: clause for field, clause in filters.items() if field in counted}
        restricted = replace(request, roles=ALL_BUT_CAPTION)
        everywhere: list[Clause] = [clause for field, clause in filters.items() if field not in counted]
        if request.within != Everything():
            everywhere.append(Translation(restricted, self._expansions).matching(request.within))
        if request.after:
            everywhere.append({"range": {SERIAL: {"gt": request.after}}})
        return {
            "query": _asked(Translation(request, self._expansions), request, everywhere),
            "post_filter": {"bool": {"filter": list(held_back.values())}},
            "aggs": aggregations(request, held_back),
            "sort": [*_ORDERS[request.sort], {SERIAL: "asc"}],
            "track_total_hits": True,
            "track_scores": True,
            "_source": False,
            "stored_fields": "_none_",
        }

    def _answer(self, request: SearchRequest, body: Clause) -> tuple[Answer, Sequence[Answer]]:
        """What the cluster answers, and the hits of the page."""
        end = request.offset + request.limit
        if end <= PAGE_WINDOW:
            answer = self._ask(request, {**body, "from": request.offset, "size": request.limit})
            hits = answer["hits"]["hits"]
        else:
            answer, hits = self._far_page(request, body)
        if end >= BOOKMARKED_FROM and len(hits) == request.limit > 0:
            self._bookmarks.put(request, end, hits[-1]["sort"])
        return answer, hits

    def _far_page(self, request: SearchRequest, body: Clause) -> tuple[Answer, list[Answer]]:
        """A page that lies too far back to ask for: go there from the nearest place that is known."""
        at, after = self._bookmarks.find(request)
        answer = self._ask(request, {**body, "size": 0})
        page: list[Answer] = []
        onward = {name: value for name, value in body.items() if name != "aggs"} | {"track_total_hits": False}
        while at < request.offset + request.limit:
            size = min(PAGE_WINDOW, request.offset + request.limit - at)
            found = self._ask(request, {**onward, "size": size, **({"search_after": after} if after else {})})
            hits = found["hits"]["hits"]
            page += [hit for number, hit in enumerate(hits, start=at) if number >= request.offset]
            if len(hits) < size:
                break
            at, after = at + size, hits[-1]["sort"]
        return answer, page

    def _ask(self, request: SearchRequest, body: Clause) -> Answer:
        is_scored = bool(leaves(request.query))
        parameters: dict[str, Any] = {"search_type": "dfs_query_then_fetch" if is_scored else "query_then_fetch"}
        timeout_s = REQUEST_S
        if self._budget_ms:
            body = {**body, "timeout": f"{self._budget_ms}ms"}
            parameters["cancel_after_time_interval"] = f"{self._budget_ms}ms"
            timeout_s = self._budget_ms / 1000 + _LATE_S
        try:
            answer = self._view.search(body, timeout_s=timeout_s, **parameters)
        except Refused as error:
            if error.kind in _TOO_MUCH:
                raise UnsupportedQuery(NAME, f"a question of so many parts ({error.reason})") from error
            if error.is_out_of_time:
                raise OverBudget(self._budget_ms) from error
            raise
        if answer["timed_out"]:
            raise OverBudget(self._budget_ms)
        return answer


def _filters(request: SearchRequest) -> dict[str, Clause]:
    """The filters of a request, by field."""
    filters = {wanted.field: passing(wanted, request.roles) for wanted in request.filters}
    if request.dates is not None:
        filters[DATE] = within_days(request.dates)
    return filters


def _asked(translation: Translation, request: SearchRequest, everywhere: list[Clause]) -> Clause:
    """What has to match, with scores if there are words to score."""
    if leaves(request.query):
        scored = translation.scoring(request.query)
        if request.recency is not None:
            scored = aged(scored, request.recency)
        return {"bool": {"must": [scored], "filter": everywhere}}
    return {"bool": {"filter": [translation.matching(request.query), *everywhere]}}


class _Bookmarks:
    """How far pages went in the matches of a question: a place, and what the hit before it sorts by."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: OrderedDict[tuple[SearchRequest, int], list[Any]] = OrderedDict()

    def put(self, request: SearchRequest, place: int, after: list[Any]) -> None:
        """Remember the place after a page."""
        with self._lock:
            self._places[_sequence(request), place] = after
            if len(self._places) > BOOKMARKS:
                self._places.popitem(last=False)

    def find(self, request: SearchRequest) -> tuple[int, list[Any] | None]:
        """The page's own place if it is known, else the beginning."""
        with self._lock:
            after = self._places.get((_sequence(request), request.offset))
        return (request.offset, after) if after else (0, None)


def _sequence(request: SearchRequest) -> SearchRequest:
    """What pages of the same matches in the same order have in common."""
    return replace(request, facets=(), offset=0, limit=0)
