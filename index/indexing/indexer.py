"""Publishes what changes in the archive, as it changes: what `dateline index --follow` runs, one for an archive.

`Indexer.step` publishes what is not published yet, if there is anything; if not, it costs some microseconds. `run` does
that again and again until it is told to stop, and never dies of a full disk or a failing one: it reports, leaves what
is published as it is, and tries again, later each time. A burst of changes becomes one generation. Small pieces are
merged on the way; what takes longer is merged beside (`index.indexing.tidying`), and nobody waits for it.

It notices changes of the store, by whatever process; of the rules; that the current generation is damaged, lost or of
another version; that another archive was put in place of this one. While publishing is held
(`index.generation.publish.held`), it waits. The lock is taken to publish, so that commands may publish or roll back in
between.

A generation shows an archive as understood by one set of rules, never half by one and half by another. When the rules
change, articles are understood anew beside (`index.indexing.understanding`), some at a time; what comes and goes
meanwhile is published at once by the rules before. When all are done, all that the new rules change appears in one
generation. An indexer that never knew the rules before, having been started since, has new articles wait for that.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from index.errors import DataFileError, GenerationError
from index.generation.publish import Hold, create_data_folder, held, write_lock
from index.indexing.build import Builder, BuildProgress, BuildReport, Stage
from index.indexing.stepping import (
    POLL_S,
    RETRY_S,
    Failed,
    FollowedRules,
    FollowedStore,
    Looked,
    Published,
    hear_or_stop,
    keep_stepping,
)
from index.indexing.tidying import Tidying, needs_tidying
from index.indexing.understanding import UnderstandingBeside, UnderstoodAnew
from index.layout import Generation, Verified, current, current_id, verify
from index.memory import give_back

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Hashable
    from types import TracebackType

    from index.archive.store import Store
    from index.indexing.build import IndexMaker
    from index.ingest.ingestion import Understanding
    from index.layout import DataFolder

LOOK_S: Final = 2.0
"""Seconds between two looks at the files of the current generation, whether they are as they were."""

BESIDE_S: Final = 0.2
"""Seconds for which articles are understood by changed rules, before a look whether anything is to be published."""

MOST_MERGED: Final = 5000
"""Articles that are merged at most while others wait to be published. It takes a fraction of a second."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Publishing is held, by this; or, if None, it is not held any more."""

    hold: Hold | None


Event: TypeAlias = "Published[BuildReport] | Failed | Holding | Looked"


class Indexer:
    """Follows an archive. It is a context manager, and belongs to the thread that made it.

    `load_rules` loads what understands articles; it is called again when `rules_stamp()`, which is cheap, changes.
    `report` is told of every event, `hear` of progress. Who takes but one step has nothing merged beside.
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
        merges_beside: bool = True,
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
        self._shown: Understanding | None = None
        self._beside: UnderstandingBeside | None = None
        self._hold: Hold | None = None
        self._look_at = float("-inf")
        update = index.update if merges_beside else None
        self._tidying = None if update is None else Tidying(data, update, index.check, self._seen)
        self._tidy_at = float("-inf")
        self._looked_through: str | None = None
        self._is_cleared_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store. May be called twice."""
        self._forget_beside()
        self._archive.close()

    def load_rules(self) -> None:
        """Load the rules now: the first publish need not wait for that. If they are wrong, the first step says so."""
        with suppress(DataFileError, OSError):
            self._rules.get()

    def step(self) -> Published[BuildReport] | None:
        """Publish what is not published yet; None if there is nothing, no archive yet, or publishing is held.

        Raises `BusyError` if another process publishes, another `IndexingError` if nothing can be published.
        """
        store = self._archive.find()
        if store is None or self._is_held():
            return None
        rules = self._rules.get()
        self._look()
        if self._shown is None or not self._is_by_others(store, rules):
            self._forget_beside()
            return self._publish_if_due(store, rules)
        published = self._publish_if_due(store, self._shown)
        anew = self._understand_beside(store, rules)
        return published if anew is None else self._publish(store, rules, anew=anew)

    def _publish_if_due(self, store: Store, rules: Understanding) -> Published[BuildReport] | None:
        is_published = self._is_published(store, rules)
        self._report(Looked(store.change, self._current.id if self._current and is_published else None))
        tidied = self._find_tidied()
        if is_published and tidied is None and self._is_cleared_up:
            self._tidy_if_due()
            return None
        return self._publish(store, rules, tidied)

    def _is_by_others(self, store: Store, rules: Understanding) -> bool:
        """Whether the current generation shows this archive by other rules than these, and those are at hand."""
        if self._shown is None or self._current is None:
            return False
        reflects, shown = self._current.manifest.reflects, self._shown.fingerprint
        return reflects.archive == store.id and reflects.rules == shown != rules.fingerprint

    def _understand_beside(self, store: Store, rules: Understanding) -> UnderstoodAnew | None:
        """Find out for a moment what articles say by coming rules; once all is known, have the store say so."""
        if self._beside is None or self._beside.rules != rules.fingerprint:
            self._forget_beside()
            self._beside = UnderstandingBeside(self._data.path, store, rules)
        until = self._clock() + BESIDE_S
        try:
            if not self._beside.go_on(store, lambda: self._clock() >= until, self._hear_understanding):
                return None
            anew = self._beside.keep(store, self._hear_understanding)
        except BaseException:
            self._forget_beside()
            raise
        self._forget_beside()
        return anew

    def _forget_beside(self) -> None:
        if self._beside is not None:
            self._beside.close()
            self._beside = None

    def _hear_understanding(self, done: int, total: int) -> None:
        self._hear(BuildProgress(Stage.UNDERSTANDING, done, total))

    def run(self, stop: threading.Event, *, poll_s: float = POLL_S) -> None:
        """Do steps until `stop` is set. A generation that is being made from the whole archive is then abandoned."""
        hear, self._hear = self._hear, hear_or_stop(self._hear, stop)
        keep_stepping(self.step, stop, poll_s=poll_s, failed=self._failed)
        self._hear = hear

    def _failed(self, error: Exception, retry_s: float) -> None:
        self._archive.close()
        self._report(Failed(error, retry_s))

    def wait(self) -> None:
        """Wait until what is merged beside is."""
        if self._tidying:
            self._tidying.wait()

    def _publish(
        self,
        store: Store,
        rules: Understanding,
        tidied: Generation | None = None,
        anew: UnderstoodAnew | None = None,
    ) -> Published[BuildReport] | None:
        started = self._clock()
        create_data_folder(self._data)
        builder = Builder(
            self._data, store, rules,
            index=self._index, seen=self._seen, tidied=tidied, anew=anew, most_merged=MOST_MERGED, progress=self._hear,
        )  # fmt: skip
        builder.understand_anew()
        with write_lock(self._data) as lock:
            if held(self._data):
                return None
            report = builder.publish(lock)
        self._current, self._shown = report.generation, rules
        if self._tidying and (tidied or not self._is_cleared_up):
            self._tidying.discard()
        self._is_cleared_up = True
        if report.skipped:
            return None
        published = Published(report, self._clock() - started)
        self._report(published)
        self._tidy_if_due()
        give_back()
        return published

    def _look(self) -> None:
        """See what the current generation is; every `LOOK_S`, whether its files are whole."""
        try:
            is_time = self._clock() >= self._look_at
            if is_time or self._current is None or self._current.id != current_id(self._data):
                self._current = current(self._data)
            if is_time:
                verify(self._current, self._seen)
                self._look_at = self._clock() + LOOK_S
        except GenerationError:
            self._current = None

    def _is_published(self, store: Store, rules: Understanding) -> bool:
        """Whether the current generation says what the store says."""
        if self._current is None:
            return False
        reflects = self._current.manifest.reflects
        return (reflects.archive, reflects.rules) == (
            store.id,
            rules.fingerprint,
        ) and reflects.change == reflects.understood == store.change

    def _find_tidied(self) -> Generation | None:
        """What was merged beside, if that is done. A failure is reported, and it is tried again, but not at once."""
        try:
            return self._tidying.find_made() if self._tidying else None
        except Exception as error:  # noqa: BLE001 - whatever it is, what changes can be published all the same
            self._tidy_at, self._looked_through = self._clock() + RETRY_S[1], None
            self._report(Failed(error, RETRY_S[1]))
            return None

    def _tidy_if_due(self) -> None:
        """Begin to merge beside, if larger pieces wait for it. The current generation is looked at once."""
        generation = self._current
        if generation is None or self._tidying is None or self._tidying.is_under_way or self._clock() < self._tidy_at:
            return
        if generation.id != self._looked_through:
            self._looked_through = generation.id
            if needs_tidying(generation):
                self._tidying.begin(generation)

    def _is_held(self) -> bool:
        hold = held(self._data)
        if hold != self._hold:
            self._hold = hold
            self._report(Holding(hold))
        return hold is not None
