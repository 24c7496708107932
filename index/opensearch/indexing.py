"""Keeps an index on a cluster up to date with the archive: what `index.indexing.indexer` does for generations on disk.

`ClusterIndexer.step` writes what changed and makes it searchable; `run` does that again and again, whatever the cluster
says. Changes stay in the store's log, so a cluster that is away for long gets all of them in the end. While it writes
it holds the archive's lock: at any time one process publishes an archive, wherever its index is.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from index.generation.publish import write_lock
from index.indexing.stepping import (
    POLL_S,
    Failed,
    FollowedRules,
    FollowedStore,
    Looked,
    Published,
    hear_or_stop,
    keep_stepping,
)

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Hashable
    from types import TracebackType

    from index.archive.store import Store
    from index.indexing.build import BuildProgress
    from index.ingest.ingestion import Understanding
    from index.layout import DataFolder
    from index.opensearch.following import ClusterBuilder, ClusterReport

PUBLISHED_EVERY_S: Final = 1.0
"""Seconds between two changes of what can be searched. Each costs every node some work, however small it is."""

LOOK_S: Final = 10.0
"""Seconds between two looks at whether the cluster still has what it was given."""


ClusterEvent: TypeAlias = "Published[ClusterReport] | Failed | Looked"


class ClusterIndexer:
    """Follows an archive. It is a context manager, and belongs to the thread that made it.

    `make_builder` makes what brings the index up to date with a store by some rules. The others are as those of
    `index.indexing.indexer.Indexer`.
    """

    def __init__(  # noqa: PLR0913 - all but the first by name, most with a default
        self,
        data: DataFolder,
        *,
        make_builder: Callable[[Store, Understanding, Callable[[BuildProgress], None]], ClusterBuilder],
        load_rules: Callable[[], Understanding],
        rules_stamp: Callable[[], Hashable] = lambda: None,
        report: Callable[[ClusterEvent], None] = lambda _event: None,
        hear: Callable[[BuildProgress], None] = lambda _progress: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data = data
        self._make_builder = make_builder
        self._rules = FollowedRules(load_rules, rules_stamp, lambda error: report(Failed(error, 0.0)))
        self._report = report
        self._hear = hear
        self._clock = clock
        self._archive = FollowedStore(data)
        self._builder: tuple[Store, Understanding, ClusterBuilder] | None = None
        self._shown: ClusterReport | None = None
        self._publish_at = self._look_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store. May be called twice."""
        self._archive.close()

    def step(self) -> Published[ClusterReport] | None:
        """Have what is in the archive searchable; None if it is, or there is no archive yet.

        Raises `BusyError` if another process holds the archive's lock, `ClusterIndexBeingMade` if there is none to
        bring up to date and another process makes one, another `IndexingError` if it cannot be.
        """
        store = self._archive.find()
        if store is None:
            return None
        rules = self._rules.get()
        shown = self._shown if self._shown and _shows(self._shown, store, rules) else None
        self._report(Looked(store.change, shown.generation_id if shown else None))
        now = self._clock()
        if now < (self._look_at if shown else self._publish_at):
            return None
        return self._publish(store, rules, started=now)

    def run(self, stop: threading.Event, *, poll_s: float = POLL_S) -> None:
        """Do steps until `stop` is set. An index that is being made is left as it is, to be gone on with."""
        hear, self._hear = self._hear, hear_or_stop(self._hear, stop)
        keep_stepping(self.step, stop, poll_s=poll_s, failed=self._failed)
        self._hear = hear

    def _publish(self, store: Store, rules: Understanding, *, started: float) -> Published[ClusterReport] | None:
        with write_lock(self._data):
            report = self._builder_of(store, rules).publish()
        ended = self._clock()
        self._shown = report
        self._publish_at, self._look_at = ended + PUBLISHED_EVERY_S, ended + LOOK_S
        if report.skipped:
            return None
        published = Published(report, ended - started)
        self._report(published)
        return published

    def _builder_of(self, store: Store, rules: Understanding) -> ClusterBuilder:
        """The builder of this store and these rules, which knows what it has written before."""
        if self._builder is None or self._builder[:2] != (store, rules):
            self._builder = (store, rules, self._make_builder(store, rules, self._hear))
        return self._builder[2]

    def _failed(self, error: Exception, retry_s: float) -> None:
        self._archive.close()
        self._builder = self._shown = None
        self._report(Failed(error, retry_s))


def _shows(report: ClusterReport, store: Store, rules: Understanding) -> bool:
    """Whether what was reported is what a store says, by these rules."""
    reflects = report.reflects
    return (reflects.archive, reflects.rules) == (store.id, rules.fingerprint) and (
        reflects.change == reflects.understood == store.change
    )
