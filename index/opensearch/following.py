"""From the store to an index on the cluster: what changed since it was last brought up to date, or everything.

What `index.indexing.build` is for generations on disk. `ClusterBuilder.publish` has the index that an alias stands for
follow the store's change log. Where there is none, or it is of another version or archive, or it reflects what the
store never was, one is made beside it, from the store alone, and then the alias is swapped in one step. A build that
was broken off is taken up again where it was.
"""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from index.errors import ClusterBusy, ClusterIndexOther, ClusterIndexVersion, NoClusterIndex
from index.indexing.build import BuildProgress, Report, Stage, is_past, is_the_same, reflects_of
from index.indexing.understanding import UnderstoodAnew, understand_anew
from index.opensearch.schema import average_lengths, entry_from_document
from index.opensearch.state import State, delete_index, index_name, numbers_of, read_state, swap_alias
from index.opensearch.writing import Gone, IndexWriter, create_index, open_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from index.archive.store import Store
    from index.document import Document
    from index.indexing.build import Progress
    from index.ingest.ingestion import Understanding
    from index.layout import Reflects
    from index.opensearch.client import Cluster
    from index.opensearch.schema import Entry
    from index.opensearch.writing import Item

NOTED_EVERY: Final = 20_000
"""Articles after which a build that makes everything says how far it is, so that another can go on from there."""

SAMPLED_PARTS: Final = 20
SAMPLED_AT_ONCE: Final = 100
"""The lengths of articles are averaged over so many, at so many places of the archive."""

READ_ON: Final = dt.timedelta(minutes=2)
"""How long an index is kept after another took its place, for those who are reading it."""

_HEARD_EVERY: Final = 100


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterReport(Report):
    """What a build did: the index `name` now says `state` of itself."""

    name: str
    state: State

    @property
    def generation_id(self) -> str:
        """The id of what can be searched."""
        return self.state.generation

    @property
    def reflects(self) -> Reflects:
        """What of the archive it shows."""
        return self.state.reflects


class ClusterBuilder:
    """Brings an index on a cluster up to date with a store. Whoever publishes holds the archive's write lock.

    `alias` is what is searched; an index that is made gets so many `shards`, each on one node and on `replicas` others.
    While `publish` makes one it is in `alone`; whoever calls `build_beside` sees by itself that nobody else makes one.
    """

    def __init__(  # noqa: PLR0913 - four things to work on, and options by name
        self,
        cluster: Cluster,
        alias: str,
        store: Store,
        extractor: Understanding,
        *,
        shards: int = 3,
        replicas: int = 1,
        progress: Progress = lambda _progress: None,
        alone: Callable[[], AbstractContextManager[object]] = nullcontext,
        clock: Callable[[], dt.datetime] = _now,
    ) -> None:
        self._cluster = cluster
        self._alias = alias
        self._store = store
        self._extractor = extractor
        self._shards, self._replicas = shards, replicas
        self._progress = progress
        self._alone = alone
        self._clock = clock
        self._writer: IndexWriter | None = None
        self._anew = UnderstoodAnew()

    def publish(self, *, from_store: bool = False) -> ClusterReport:
        """Have the alias stand for an index that says what the store says; `from_store`: for one that is made anew.

        Raises `ClusterIndexOther` if it stands for the index of another archive, or another `ClusterError`; what was
        searched is searched then as before.
        """
        writer = None if from_store else self._find_current()
        if writer is None:
            self.refuse_other()
            with self._alone():
                report = self.build_beside(resume=not from_store)
                swap_alias(self._cluster, self._alias, report.name, now=self._clock())
            return report
        report = self._follow(writer)
        self.clear_up()
        return report

    def build_beside(self, *, resume: bool = True) -> ClusterReport:
        """Make an index of everything beside the one that is searched, or go on with one, without a swap.

        Raises `ClusterError`.
        """
        self._understand_anew(0)
        before = self._store.change
        with self._store.reading():
            reflects = reflects_of(self._store, self._extractor.fingerprint, understood=before)
            writer = (self._find_beside() if resume else None) or self._create(reflects)
            written = self._write_all(writer, reflects)
            writer.publish(reflects, now=self._clock(), built_to=writer.last_serial)
            self._see_all_there(writer.name)
            state = writer.publish(reflects, now=self._clock())
            return self._report(writer.name, state, changed=written)

    def bring_up_to_date(self, name: str) -> ClusterReport:
        """Have a complete index say what the store says, whether it is searched or not. Raises `ClusterError`."""
        return self._follow(open_writer(self._cluster, name))

    def clear_up(self) -> None:
        """Delete the indexes of this archive that are older than the one that is searched. Raises `ClusterError`.

        One that was searched until a moment ago stays until the next time: some may still be reading it.
        """
        searched, _ = read_state(self._cluster, self._alias)
        names = self._names()
        for name in names[: names.index(searched)] if searched in names else ():
            if not self._is_read(name):
                delete_index(self._cluster, name)

    def _is_read(self, name: str) -> bool:
        """Whether some may still be reading an index that is not searched any more."""
        try:
            _, state = read_state(self._cluster, name)
        except ClusterIndexVersion:
            return False
        return state.replaced is not None and self._clock() - state.replaced < READ_ON

    def _follow(self, writer: IndexWriter) -> ClusterReport:
        """Write what changed since the index was brought up to date."""
        old = writer.state.reflects
        self._understand_anew(old.understood if old.rules == self._extractor.fingerprint else 0)
        before = self._store.change
        with self._store.reading():
            reflects = reflects_of(self._store, self._extractor.fingerprint, understood=before)
            if is_the_same(reflects, old) and not writer.state.is_pending:
                return self._report(writer.name, writer.state, skipped=True)
            total = self._store.count_changed(old.change)
            items = self._items(self._store.changed(old.change), total)
            changed = writer.write(items, change=reflects.change)
            state = writer.publish(reflects, now=self._clock())
            return self._report(writer.name, state, is_difference=True, changed=changed)

    def _find_current(self) -> IndexWriter | None:
        """What writes the index that is searched, if it is complete and an earlier state of this archive."""
        searched = self._find_searched()
        if searched is None:
            return None
        name, state = searched
        is_ours = state.reflects.archive == self._store.id and state.built_to is None
        if not is_ours or not is_past(self._store, state.reflects):
            return None
        if self._writer is None or (self._writer.name, self._writer.state) != searched:
            self._writer = IndexWriter(self._cluster, name, state)
        return self._writer

    def _find_searched(self) -> tuple[str, State] | None:
        """The index that the alias stands for, and what it says of itself; None if this version cannot read it."""
        try:
            return read_state(self._cluster, self._alias)
        except (NoClusterIndex, ClusterIndexVersion):
            return None

    def refuse_other(self) -> None:
        """See that the alias does not stand for another archive's index, which would be lost."""
        searched = self._find_searched()
        found = searched[1].reflects.archive if searched else self._store.id
        if found != self._store.id:
            raise ClusterIndexOther(self._alias, expected=self._store.id, found=found)

    def _find_beside(self) -> IndexWriter | None:
        """What writes the newest index of this archive that is not searched yet, if it can be gone on with."""
        names, searched = self._names(), self._find_searched()
        if not names or (searched and searched[0] == names[-1]):
            return None
        try:
            writer = open_writer(self._cluster, names[-1])
        except ClusterIndexVersion:
            return None
        return writer if is_past(self._store, writer.state.reflects) else None

    def _names(self) -> list[str]:
        """The indexes of this archive, the oldest first."""
        numbers = numbers_of(self._cluster, self._alias, self._store.id)
        return [index_name(self._alias, self._store.id, number) for number in numbers]

    def _create(self, reflects: Reflects) -> IndexWriter:
        return create_index(
            self._cluster,
            self._alias,
            reflects,
            shards=self._shards,
            replicas=self._replicas,
            now=self._clock(),
            lengths=average_lengths(self._sample()),
        )

    def _sample(self) -> Iterator[Entry]:
        """Some of the articles, from all over the archive."""
        last = self._store.last_serial
        for part in range(SAMPLED_PARTS):
            for serial, document in islice(self._store.documents(after=last * part // SAMPLED_PARTS), SAMPLED_AT_ONCE):
                yield entry_from_document(serial, document)

    def _write_all(self, writer: IndexWriter, reflects: Reflects) -> int:
        """Write what is not written yet: what changed since an earlier attempt, and the articles that it never got to.

        The number of articles written. Every so often the index says how far it is. An earlier attempt may have sent
        articles beyond what it said last: such as are gone by now are deleted, whether it got to them or not.
        """
        state, total = writer.state, self._store.count
        reached = state.last_serial if state.built_to is None else state.built_to
        changes = self._store.changed(state.reflects.change)
        missed = ((serial, document) for serial, document in changes if serial <= reached or document is None)
        written = writer.write(self._items(missed, 0), change=reflects.change)
        rows = self._items(self._store.documents(after=reached), total)
        while count := writer.write(islice(rows, NOTED_EVERY), change=reflects.change):
            written += count
            writer.publish(reflects, now=self._clock(), built_to=writer.last_serial)
        self._progress(BuildProgress(Stage.PUBLISHING, total, total))
        return written

    def _see_all_there(self, name: str) -> None:
        """Raise `ClusterBusy` if the index doesn't have as many articles as the store."""
        found = int(self._cluster.ask("GET", f"/{name}/_count")["count"])
        if found != self._store.count:
            raise ClusterBusy(f"{name} has {found} articles, and the store {self._store.count}")

    def _understand_anew(self, since: int) -> None:
        self._anew = understand_anew(self._store, self._extractor, self._hear_understanding, since=since)

    def _hear_understanding(self, done: int, total: int) -> None:
        self._progress(BuildProgress(Stage.UNDERSTANDING, done, total))

    def _items(self, rows: Iterable[tuple[int, Document | None]], total: int) -> Iterator[Item]:
        for done, (serial, document) in enumerate(rows, start=1):
            yield Gone(serial) if document is None else entry_from_document(serial, document)
            if done % _HEARD_EVERY == 0:
                self._progress(BuildProgress(Stage.INDEXING, done, total))

    def _report(
        self, name: str, state: State, *, skipped: bool = False, is_difference: bool = False, changed: int = 0
    ) -> ClusterReport:
        return ClusterReport(
            name=name,
            state=state,
            articles=self._store.count,
            reunderstood=self._anew.articles,
            revised=self._anew.revised,
            refused=self._anew.refused,
            skipped=skipped,
            is_difference=is_difference,
            changed=changed,
        )
