"""The words of an index on a cluster: which there are, which begin so, and which are nearly some word.

The index has one entry for each term that it ever had. `Expansions` says what a prefix stands for: it asks for the
terms that begin so, and then how many articles have each of them in the fields meant. `OpenSearchVocabulary` is what
spelling asks.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from index.opensearch.schema import PAGE_WINDOW, WORD
from search.edits import edits
from search.engine import MAX_EXPANSIONS
from search.errors import TooManyExpansions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.opensearch.view import View

COUNTED_AT_ONCE: Final = 1024
"""Pairs of a term and a field that are counted in one request."""

MOST_NEAR: Final = 1024
"""Terms near a word that are told."""

_MOST_EDITS: Final = 2
"""Edits that the cluster can look for."""


class Expansions:
    """What prefixes stand for in a view. Safe to use from many threads; remembers some."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._expanded = lru_cache(maxsize=256)(self._expand)

    def __call__(self, prefix: str, fields: tuple[str, ...]) -> Sequence[str]:
        """The terms that some article has in some of these fields, those that most have first.

        Raises `TooManyExpansions`, in which a term counts once for each field that has it.
        """
        return self._expanded(prefix, fields)

    def _expand(self, prefix: str, fields: tuple[str, ...]) -> tuple[str, ...]:
        if not fields:
            return ()
        candidates = _words(self._view, {"prefix": {WORD: {"value": prefix}}}, PAGE_WINDOW)
        articles: Counter[str] = Counter()
        expansions = 0
        step = COUNTED_AT_ONCE // len(fields)
        for start in range(0, len(candidates), step):
            for (term, _), count in self._counted(candidates[start : start + step], fields).items():
                articles[term] += count
                expansions += 1
            if expansions > MAX_EXPANSIONS:
                raise TooManyExpansions(prefix, allowed=MAX_EXPANSIONS, found=expansions)
        if len(candidates) == PAGE_WINDOW:  # there may be more
            raise TooManyExpansions(prefix, allowed=MAX_EXPANSIONS, found=len(candidates))
        return tuple(sorted(articles, key=lambda term: (-articles[term], term)))

    def _counted(self, terms: Sequence[str], fields: Sequence[str]) -> dict[tuple[str, str], int]:
        """How many articles have each term in each field, where any do."""
        pairs = [(term, field) for term in terms for field in fields]
        filters = [{"term": {field: term}} for term, field in pairs]
        body: dict[str, Any] = {
            "size": 0,
            "track_total_hits": False,
            "aggs": {"terms": {"filters": {"filters": filters}}},
        }
        buckets = self._view.search(body)["aggregations"]["terms"]["buckets"]
        return {pair: bucket["doc_count"] for pair, bucket in zip(pairs, buckets, strict=True) if bucket["doc_count"]}


class OpenSearchVocabulary:
    """The terms of all text fields of a view. Safe to share between threads."""

    def __init__(self, view: View) -> None:
        self._view = view

    def known(self, words: Sequence[str]) -> frozenset[str]:
        """Those of some words that are terms."""
        wanted = sorted(set(filter(None, words)))
        found: set[str] = set()
        for start in range(0, len(wanted), PAGE_WINDOW):
            some = wanted[start : start + PAGE_WINDOW]
            found.update(_words(self._view, {"terms": {WORD: some}}, len(some)))
        return frozenset(found)

    def near(self, word: str, most: int, *, beginning: str = "") -> dict[str, int]:
        """Terms that begin so within `most` edits of an ASCII word, each with its distance."""
        fuzzy = {"value": word, "fuzziness": min(most, _MOST_EDITS), "max_expansions": MOST_NEAR, "prefix_length": 0}
        clauses: list[dict[str, Any]] = [{"fuzzy": {WORD: fuzzy}}]
        if beginning:
            clauses.append({"prefix": {WORD: {"value": beginning}}})
        found = _words(self._view, {"bool": {"filter": clauses}}, MOST_NEAR)
        distances = {term: edits(word, term) for term in found}
        return {term: distance for term, distance in distances.items() if distance <= most}


def _words(view: View, query: dict[str, Any], most: int) -> list[str]:
    """The words that match, in order."""
    if not most:
        return []
    body = {"size": most, "query": query, "_source": False, "track_total_hits": False}
    answer = view.cluster.ask("POST", f"/{view.words}/_search", body, allow_partial_search_results=False)
    return sorted(hit["_id"] for hit in answer["hits"]["hits"])
