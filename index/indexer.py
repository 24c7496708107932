"""Publishes what changes in the archive, as it changes: what `dateline index --follow` runs, one for an archive.

`Indexer.step` publishes what is not published yet, if there is anything; if not, it costs some microseconds. `run` does
that again and again until it is told to stop, and never dies of a full disk or a failing one: it reports, leaves what
is published as it is, and tries again, later each time. A burst of changes becomes one generation.

It notices changes of the store, by whatever process; of the rules, whereupon articles are understood anew and what that
changed is published at once; that the current generation is damaged, lost or of another version; that another archive
was put in place of this one. While publishing is held (`index.publish.held`), it waits. The lock is taken to publish,
so that commands may publish or roll back in between.

While articles are understood anew by changed rules, new ones wait to be published until all of that is done: a
generation shows an archive as understood by one set of rules, never half by one and half by another.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, Self, TypeAlias, TypeVar

from index.build import Builder, BuildReport
from index.errors import DamagedGeneration, GenerationError
from index.layout import Generation, Verified, current, current_id, verify
from index.publish import Hold, create_data_folder, held, write_lock
from index.snapshot_writing import needs_merging
from index.stepping import POLL_S, FollowedRules, FollowedStore, hear_or_stop, keep_stepping

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Hashable
    from types import TracebackType

    from index.build import BuildProgress, IndexMaker
    from index.ingest import Understanding
    from index.layout import DataFolder
    from index.opensearch.following import ClusterReport
    from index.store import Store

LOOK_S: Final = 2.0
"""Seconds between two looks at the files of the current generation, whether they are as they were."""

QUIET_S: Final = 5.0
"""After so many seconds without a change, larger pieces are merged than before: nobody waits for it."""

MOST_MERGED: Final = 20_000
"""Articles that are merged at most, while changes come in. Some hundred milliseconds."""


R = TypeVar("R", bound="BuildReport | ClusterReport")


@dataclass(frozen=True, slots=True)
class Published(Generic[R]):
    """A generation was published, in so many seconds."""

    report: R
    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing could be published; it is tried again after so many seconds. What was published still answers."""

    error: Exception
    retry_s: float


@dataclass(frozen=True, slots=True)
class Holding:
    """Publishing is held, by this; or, if None, it is not held any more."""

    hold: Hold | None


@dataclass(frozen=True, slots=True)
class Looked:
    """The archive was looked at: its newest change, and the generation that shows it, None if none does yet."""

    change: int
    generation_id: str | None


Event: TypeAlias = "Published[BuildReport] | Published[ClusterReport] | Failed | Holding | Looked"


class Indexer:
    """Follows an archive. It is a context manager, and belongs to the thread that made it.

    `load_rules` loads what understands articles; it is called again when `rules_stamp()`, which is cheap, changes.
    `report` is told of every event, `hear` of progress.
    """

    def __init__(  # noqa: PLR0913 - all but the first by name, most with a default
        self,
        data: DataFolder,
        *,
        index: IndexMaker,
        load_rules: Callable[[], Understanding],
        rules_stamp: Callable[[], Hashable] = lambda: None,
        report: Callable[[Event], None] = lambda _event: None,
        hear: Callable[[BuildProgress], None] = lambda _progress: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data = data
        self._index = index
        self._rules = FollowedRules(load_rules, rules_stamp, lambda error: report(Failed(error, 0.0)))
        self._report = report
        self._hear = hear
        self._clock = clock
        self._seen = Verified()
        self._archive = FollowedStore(data)
        self._current: Generation | None = None
        self._hold: Hold | None = None
        self._look_at = float("-inf")
        self._changed_at = clock()
        self._is_cleared_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store. May be called twice."""
        self._archive.close()

    def step(self) -> Published[BuildReport] | None:
        """Publish what is not published yet; None if there is nothing, no archive yet, or publishing is held.

        Raises `BusyError` if another process publishes, another `IndexingError` if nothing can be published.
        """
        store = self._archive.find()
        if store is None or self._is_held():
            return None
        rules = self._rules.get()
        is_tidying = False
        is_published = self._is_published(store, rules)
        self._report(Looked(store.change, self._current.id if self._current and is_published else None))
        if is_published:
            is_tidying = self._is_quiet() and self._is_untidy()
            if not is_tidying and self._is_cleared_up:
                return None
        return self._publish(store, rules, is_tidying=is_tidying)

    def run(self, stop: threading.Event, *, poll_s: float = POLL_S) -> None:
        """Do steps until `stop` is set. A generation that is being made from the whole archive is then abandoned."""
        hear, self._hear = self._hear, hear_or_stop(self._hear, stop)
        keep_stepping(self.step, stop, poll_s=poll_s, failed=self._failed)
        self._hear = hear

    def _failed(self, error: Exception, retry_s: float) -> None:
        self._archive.close()
        self._report(Failed(error, retry_s))

    def _publish(self, store: Store, rules: Understanding, *, is_tidying: bool) -> Published[BuildReport] | None:
        started = self._clock()
        create_data_folder(self._data)
        most_merged = float("inf") if is_tidying else MOST_MERGED
        builder = Builder(
            self._data, store, rules, index=self._index, seen=self._seen, most_merged=most_merged, progress=self._hear
        )
        builder.understand_anew()
        with write_lock(self._data) as lock:
            if held(self._data):
                return None
            report = builder.publish(lock, is_tidying=is_tidying)
        self._current = report.generation
        self._changed_at = self._clock()
        self._is_cleared_up = True
        if report.skipped:
            return None
        published = Published(report, self._clock() - started)
        self._report(published)
        return published

    def _is_published(self, store: Store, rules: Understanding) -> bool:
        """Whether the current generation says what the store says; every `LOOK_S`, whether its files are whole."""
        try:
            is_time = self._clock() >= self._look_at
            if is_time or self._current is None or self._current.id != current_id(self._data):
                self._current = current(self._data)
            if is_time:
                verify(self._current, self._seen)
                self._look_at = self._clock() + LOOK_S
        except GenerationError:
            self._current = None
            return False
        reflects = self._current.manifest.reflects
        return (reflects.archive, reflects.rules) == (
            store.id,
            rules.fingerprint,
        ) and reflects.change == reflects.understood == store.change

    def _is_quiet(self) -> bool:
        return self._clock() - self._changed_at >= QUIET_S

    def _is_untidy(self) -> bool:
        """Whether larger pieces wait to be merged. Asked once after each change."""
        self._changed_at = float("inf")
        try:
            return self._current is not None and needs_merging(self._current.documents)
        except DamagedGeneration:
            return False

    def _is_held(self) -> bool:
        hold = held(self._data)
        if hold != self._hold:
            self._hold = hold
            self._report(Holding(hold))
        return hold is not None
