"""Moving an archive to a cluster while its index on disk goes on answering, and seeing that both say the same.

`align` brings what was indexed on the cluster to exactly the change that a generation on disk shows, so that the two
can be compared. `compare_articles` compares every article, `compare_answers` the answers to questions made of the
archive's own words: totals, counts of facets and, as far as they are told apart by more than a score, matches.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from index.errors import IndexingError
from index.opensearch.schema import entry_from_document
from index.opensearch.writing import Gone
from search.engine import Matches, SearchRequest, Sort
from search.errors import QueryRefused, UnsupportedQuery
from service.comparing import described

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from index.archive.store import Store
    from index.generation.snapshot import Snapshot
    from index.layout import Reflects
    from index.opensearch.writing import IndexWriter, Item
    from search.searcher import Searcher

READ_AT_ONCE: Final = 500
"""Articles that are read from the snapshot, or from the cluster, in one go."""

TOP: Final = 10
"""How many of the first matches are compared where their order may differ."""


class NotTheSame(IndexingError):
    """What is on the cluster does not say what the index on disk says. Nothing was switched."""

    def __init__(self, difference: str) -> None:
        self.difference = difference
        super().__init__(
            f"the index on the cluster is not the same as the one on disk: {difference}. Nothing was switched: what "
            "was searched is searched as before. Please report this"
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far answers agree: of so many questions. `refused`: the cluster does not answer those, and says so.

    `overlap` is the mean share of the first `TOP` matches that both have, where score alone decides, from 0 to 1.
    """

    questions: int
    refused: int
    overlap: float


def align(writer: IndexWriter, store: Store, snapshot: Snapshot, reflects: Reflects, now: dt.datetime) -> int:
    """Have an index on the cluster say what a later snapshot says, which shows `reflects`; the articles written.

    Raises `ClusterError`.
    """
    old = writer.state.reflects
    if old == reflects and old.understood == reflects.understood:
        return 0
    serials = sorted({change.serial for change in store.changes(old.change)})
    written = writer.write(_items(snapshot, serials), change=reflects.change)
    writer.publish(reflects, now=now)
    return written


def _items(snapshot: Snapshot, serials: Sequence[int]) -> Iterator[Item]:
    for start in range(0, len(serials), READ_AT_ONCE):
        some = serials[start : start + READ_AT_ONCE]
        known = snapshot.known(some)
        for serial in some:
            yield entry_from_document(serial, known[serial]) if serial in known else Gone(serial)


def compare_articles(
    snapshot: Snapshot, read: Callable[[int, int], Sequence[tuple[int, str]]], hear: Callable[[int], None]
) -> str:
    """Compare every article of a snapshot with that of the cluster; the SHA-256 of all of them, in order.

    `read(after, most)` gives articles of the cluster with a serial above `after`, by serial, as JSON. `hear` is told
    how many are done. Raises `NotTheSame`.
    """
    digest = hashlib.sha256()
    last = done = 0
    while rows := read(last, READ_AT_ONCE):
        known = snapshot.known([serial for serial, _ in rows])
        for serial, text in rows:
            document = known.get(serial)
            if document is None:
                raise NotTheSame(f"it has an article of serial {serial}, which is not there on disk")
            if msgspec.json.encode(document) != text.encode():
                raise NotTheSame(f"article {document.id} says something else")
            digest.update(text.encode())
        last, done = rows[-1][0], done + len(rows)
        hear(done)
    if done != snapshot.count:
        raise NotTheSame(f"it has {done} articles of {snapshot.count}")
    return digest.hexdigest()


def compare_answers(on_disk: Searcher, on_cluster: Searcher, requests: Iterable[SearchRequest]) -> Agreement:
    """Ask both the same. Raises `NotTheSame` where totals, facets, or matches whose order is given, differ."""
    asked = refused = 0
    overlaps = []
    for request in requests:
        asked += 1
        first, second = _answer(on_disk, request), _answer(on_cluster, request)
        if isinstance(second, UnsupportedQuery):
            refused += 1
        elif isinstance(first, Exception) or isinstance(second, Exception):
            if str(first) != str(second):
                raise NotTheSame(f"{described(request)} gives {_said(first)} there, and here {_said(second)}")
        else:
            _compare(request, first, second)
            if request.sort is Sort.RELEVANCE and first.top and not request.offset:
                overlaps.append(_overlap(first, second))
    return Agreement(asked, refused, sum(overlaps) / len(overlaps) if overlaps else 1.0)


def _answer(searcher: Searcher, request: SearchRequest) -> Matches | QueryRefused | UnsupportedQuery:
    try:
        return searcher.matches(request)
    except (QueryRefused, UnsupportedQuery) as refused:
        return refused


def _said(answer: Matches | QueryRefused | UnsupportedQuery) -> str:
    return str(answer) if isinstance(answer, Exception) else f"{answer.total} matches"


def _compare(request: SearchRequest, first: Matches, second: Matches) -> None:
    if first.total != second.total:
        raise NotTheSame(f"{described(request)} gives {first.total} matches on disk and {second.total} on the cluster")
    for facet in request.facets:
        if first.facets[facet] != second.facets[facet]:
            raise NotTheSame(f"{described(request)} gives other counts of {facet}")
    serials = [[match.serial for match in matches.top] for matches in (first, second)]
    if request.sort is not Sort.RELEVANCE:
        is_same = serials[0] == serials[1]
    else:  # scores are computed otherwise there, so only whole answers must have the same matches
        is_whole = not request.offset and first.total <= request.limit
        is_same = len(serials[0]) == len(serials[1]) and (not is_whole or set(serials[0]) == set(serials[1]))
    if not is_same:
        raise NotTheSame(f"{described(request)} gives other matches")


def _overlap(first: Matches, second: Matches) -> float:
    best, other = ({match.serial for match in matches.top[:TOP]} for matches in (first, second))
    return len(best & other) / len(best)
