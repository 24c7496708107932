"""The articles of an index on a cluster: by serial or by id, with the names of all that they are about.

What `index.generation.snapshot.Snapshot` is to an index on disk: web workers need no data folder. Names are those that
the earliest article uses, as everywhere; they are looked up when they are first asked for, and `KnownNames` remembers
what articles say from one generation to the next.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from index.document import Document
from index.errors import ClusterError
from index.fields import KEYWORD_FIELDS
from index.labels import labels_of
from index.opensearch.schema import DOCUMENT, ID, PAGE_WINDOW, SERIAL, region_from_entry
from search.engines.opensearch_counts import MOST_VALUES, value_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from index.labels import LabelPath, LabelsOf
    from index.opensearch.view import View

_Version: TypeAlias = tuple[str, int, int]
"""An index, the serial of an article there, and the change it is of."""

_DOCUMENT: Final = msgspec.json.Decoder(Document)

FETCHED_AT_ONCE: Final = 200
"""Articles that are asked for in one request."""


class KnownNames:
    """What articles call what they are about, as they were when they were last looked at. Safe to share."""

    def __init__(self) -> None:
        self._by_field: Mapping[str, Mapping[_Version, LabelsOf]] = {}

    def of(self, field: str) -> Mapping[_Version, LabelsOf]:
        """What is known of the articles that name the values of a field."""
        return self._by_field.get(field, {})

    def replace(self, field: str, known: Mapping[_Version, LabelsOf]) -> None:
        """Know this, and no more, of the articles that name the values of a field."""
        self._by_field = {**self._by_field, field: known}


class OpenSearchArticles:
    """The articles of a view. Safe to use from many threads.

    `count` is how many there are. No article has a serial above `last_serial`; one that was deleted may have had it.
    `known` may be that of the generation before.
    """

    def __init__(self, view: View, known: KnownNames | None = None) -> None:
        self._view = view
        self._known = known or KnownNames()
        self.last_serial = view.state.last_serial
        self.count = int(view.search({"size": 0, "track_total_hits": True})["hits"]["total"]["value"])
        self._lock = threading.Lock()
        self._labels: dict[str, Mapping[str, LabelPath]] = {}

    def close(self) -> None:
        """Let go of the view. May be called twice; reading afterwards raises `ClusterError`."""
        self._view.close()

    def documents(self, serials: Sequence[int]) -> tuple[Document, ...]:
        """The documents of these serials, in this order. Raises `ClusterError` if one is not there."""
        found = dict(self._documents(sorted(set(serials))))
        missing = next((serial for serial in serials if serial not in found), None)
        if missing is not None:
            raise ClusterError(f"{self._view.name} has no article {missing}, but found it")
        return tuple(found[serial] for serial in serials)

    def find(self, article_id: str) -> Document | None:
        """The article of that id."""
        query = {"term": {ID: article_id}}
        return next((document for _, document in self._matching(query, 1)), None)

    def texts(self, *, after: int, most: int) -> list[tuple[int, str]]:
        """The first `most` articles with a serial above `after`, by serial, each as JSON."""
        body = {
            "size": most,
            "query": {"range": {SERIAL: {"gt": after}}},
            "sort": [{SERIAL: "asc"}],
            "_source": [SERIAL, DOCUMENT],
            "track_total_hits": False,
        }
        hits = self._view.search(body)["hits"]["hits"]
        return [(hit["_source"][SERIAL], hit["_source"][DOCUMENT]) for hit in hits]

    def labels(self, field: str) -> Mapping[str, LabelPath]:
        """By id, the path of labels of every value of a keyword field that occurs, of regions also what they lie in."""
        with self._lock:
            if field not in self._labels:
                self._labels[field] = self._labels_of(field)
            return self._labels[field]

    def _labels_of(self, field: str) -> dict[str, LabelPath]:
        """As the earliest article with each value names it."""
        first = self._first_serials(field)
        versions = {version[1]: version for version in self._versions(sorted(set(first.values())))}
        known = self._known.of(field)
        unknown = [serial for serial, version in versions.items() if version not in known]
        named = {versions[serial]: labels_of(document) for serial, document in self._documents(unknown)}
        named |= {version: known[version] for version in versions.values() if version in known}
        self._known.replace(field, named)
        return {value: named[versions[serial]][field, value] for value, serial in first.items()}

    def _versions(self, serials: Sequence[int]) -> Iterator[_Version]:
        """What tells these articles, as they are in the view, from what they were."""
        for start in range(0, len(serials), PAGE_WINDOW):
            some = serials[start : start + PAGE_WINDOW]
            query = {"terms": {SERIAL: some}}
            body = {"size": len(some), "query": query, "_source": False, "version": True, "track_total_hits": False}
            for hit in self._view.search(body)["hits"]["hits"]:
                yield self._view.name, int(hit["_id"]), hit["_version"]

    def _first_serials(self, field: str) -> dict[str, int]:
        """Of each value, the serial of the earliest article that has it."""
        if field not in KEYWORD_FIELDS:
            raise KeyError(field)
        values = {"terms": {"field": field, "size": MOST_VALUES, "shard_size": MOST_VALUES}}
        first: dict[str, Any] = {**values, "aggs": {"first": {"min": {"field": SERIAL}}}}
        answer = self._view.search({"size": 0, "track_total_hits": False, "aggs": {"values": first}})
        counted = answer["aggregations"]["values"]
        value_counts(field, counted)  # sees that none was left out
        serials: dict[str, int] = {}
        for bucket in counted["buckets"]:
            value = region_from_entry(bucket["key"])[0] if field == "region" else bucket["key"]
            serial = int(bucket["first"]["value"])
            serials[value] = min(serial, serials.get(value, serial))
        return serials

    def _documents(self, serials: Sequence[int]) -> Iterator[tuple[int, Document]]:
        for start in range(0, len(serials), FETCHED_AT_ONCE):
            some = serials[start : start + FETCHED_AT_ONCE]
            yield from self._matching({"terms": {SERIAL: some}}, len(some))

    def _matching(self, query: Mapping[str, Any], most: int) -> Iterator[tuple[int, Document]]:
        body = {"size": most, "query": query, "_source": [SERIAL, DOCUMENT], "track_total_hits": False}
        for hit in self._view.search(body)["hits"]["hits"]:
            source = hit["_source"]
            yield source[SERIAL], self._document(source)

    def _document(self, source: Mapping[str, Any]) -> Document:
        try:
            return _DOCUMENT.decode(source[DOCUMENT])
        except msgspec.MsgspecError as error:
            raise ClusterError(f"{self._view.name}: article {source[SERIAL]}: {error}") from error
