"""From the store to a published generation: what changed since the current one, or everything.

`build` has articles that were understood by older rules understood anew. Then, unless the current generation already
says all that the store says, it publishes one that does, written from one moment of the store, in one pass. Where the
current generation is whole, of the same archive and format, and not too much changed, that is a *difference*: the new
generation shares the files of the current one by hard links, and adds what changed. Otherwise it is made from the store
alone. Either way it gives the same answers.

What makes the index is a parameter (`IndexMaker`), so that this module knows no search library. Who publishes again and
again, as things change, is `index.indexing.indexer`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from index.durable import link_tree, shared_names
from index.errors import DamagedGeneration, GenerationError
from index.fields import Record, record_from_document
from index.generation.publish import clear_up, create_data_folder, publish, release, write_lock
from index.generation.snapshot import Snapshot
from index.generation.snapshot_writing import update_snapshot, write_snapshot
from index.indexing.understanding import UnderstoodAnew, understand_anew
from index.layout import DataFolder, Generation, Reflects, Verified, current, documents_path, index_path, verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.archive.store import Store
    from index.document import Document
    from index.generation.publish import WriteLock
    from index.ingest.ingestion import Understanding

REBUILT_SHARE: Final = 1 / 2
"""If more of the archive than this changed, making everything anew is quicker, and leaves fewer files."""

ALWAYS_DIFFERENCE: Final = 1000
"""So few changes are published as a difference however small the archive is."""

_HEARD_EVERY: Final = 20
"""Articles between two reports of progress."""


class Stage(StrEnum):
    """What a build is at."""

    UNDERSTANDING = "understanding"
    INDEXING = "indexing"
    PUBLISHING = "publishing"


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a stage of a build is, in articles."""

    stage: Stage
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a build did, wherever the index is, which now is of `articles` articles.

    `reunderstood` articles were understood by older rules, and `revised` of them say something else by the present
    ones; those of the ids `refused` stay as they were, as a rule failed on them. `skipped`: nothing has changed since
    the index was published. `is_difference`: only what changed was written, `changed` articles (else, all).
    """

    articles: int
    reunderstood: int = 0
    revised: int = 0
    refused: tuple[str, ...] = ()
    skipped: bool = False
    is_difference: bool = False
    changed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport(Report):
    """What a build did: `generation` is the current one, a difference if it shares files with the one before."""

    generation: Generation

    @property
    def generation_id(self) -> str:
        """The id of the current generation."""
        return self.generation.id

    @property
    def reflects(self) -> Reflects:
        """What of the archive it shows."""
        return self.generation.manifest.reflects


class WriteIndex(Protocol):
    """Writes an index of records into an empty folder, and returns their number."""

    def __call__(self, folder: Path, records: Iterable[Record], /) -> int:
        """Write the index."""
        ...


class UpdateIndex(Protocol):
    """Adds or replaces records of the index in a folder, and deletes others by serial; the number it wrote.

    It may add and remove files but never writes into one that is there: other generations share it. Pieces of the index
    that make one of more than `most_merged` articles are not to be merged now.
    """

    def __call__(
        self, folder: Path, upserts: Iterable[Record], deletes: Iterable[int], /, *, most_merged: float
    ) -> int:
        """Update the index."""
        ...


class CheckIndex(Protocol):
    """Opens the index in a folder and sees that it is whole, or raises. Files named `unchanged` are known to be."""

    def __call__(self, folder: Path, unchanged: frozenset[str], /) -> None:
        """Check the index."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMaker:
    """What makes indexes. Without `update`, each is written whole."""

    write: WriteIndex
    update: UpdateIndex | None = None
    check: CheckIndex = lambda _folder, _unchanged: None


Progress: TypeAlias = Callable[[BuildProgress], None]


def build(  # noqa: PLR0913 - three things to work on, and options by name
    data: DataFolder,
    store: Store,
    extractor: Understanding,
    *,
    index: IndexMaker,
    from_store: bool = False,
    patience_s: float = 0.0,
    progress: Progress = lambda _progress: None,
) -> BuildReport:
    """Publish what the store says, and end a hold. With `from_store`, all of it anew, whatever is published.

    Raises `BusyError` if another process publishes and does not finish within `patience_s` seconds, `GenerationError`
    or `StoreError` where files fail; the current generation then stays as it is.
    """
    create_data_folder(data)
    builder = Builder(data, store, extractor, index=index, progress=progress)
    with write_lock(data, patience_s=patience_s) as lock:
        report = builder.publish(lock, from_store=from_store)
        release(lock)
    return report


class Builder:
    """Publishes what a store says. Make one for each publish."""

    def __init__(  # noqa: PLR0913 - three things to work on, and options by name
        self,
        data: DataFolder,
        store: Store,
        extractor: Understanding,
        *,
        index: IndexMaker,
        seen: Verified | None = None,
        tidied: Generation | None = None,
        anew: UnderstoodAnew | None = None,
        most_merged: float = math.inf,
        progress: Progress = lambda _progress: None,
    ) -> None:
        """`seen` remembers what was verified before; `most_merged` is how many articles may be merged on the way.

        `tidied` is an earlier state of the current generation, in fewer pieces (`index.indexing.tidying`): the next one
        is made from that, whether or not anything changed. `anew` was understood by these rules before, and is
        reported, too.
        """
        self._data = data
        self._store = store
        self._extractor = extractor
        self._index = index
        self._seen = seen or Verified()
        self._tidied = tidied
        self._most_merged = most_merged
        self._progress = progress
        self._anew = anew or UnderstoodAnew()

    def understand_anew(self) -> None:
        """Have articles that were understood by older rules understood by these. `publish` does; this needs no lock."""
        try:
            generation = current(self._data)
        except GenerationError:
            generation = None
        self._understand_anew(generation)

    def publish(self, lock: WriteLock, *, from_store: bool = False) -> BuildReport:
        """Publish what the store says, unless that is published already, as one likes it: `from_store`, or tidied."""
        base = self._find_base()
        before = self._store.change
        self._understand_anew(base)
        with self._store.reading():
            reflects = reflects_of(self._store, self._extractor.fingerprint, understood=before)
            if base is None or from_store:
                return self._publish_all(lock, reflects)
            if is_the_same(base.manifest.reflects, reflects) and base is not self._tidied:
                clear_up(lock)
                return self._report(base, skipped=True)
            update = self._index.update
            if update is None or not self._is_worthwhile(base):
                return self._publish_all(lock, reflects)
            try:
                return self._publish_difference(lock, base, reflects, update)
            except DamagedGeneration:  # its files are as published, and yet not as they should be
                return self._publish_all(lock, reflects)

    def _find_base(self) -> Generation | None:
        """What was tidied, or else the current generation; none if that is not whole: one from the store mends it."""
        try:
            generation = current(self._data)
        except GenerationError:
            return None
        if not self._is_usable(generation):
            return None
        return self._tidied if self._tidied and self._is_usable(self._tidied) else generation

    def _is_usable(self, generation: Generation) -> bool:
        """Whether every byte is as published, and it shows an earlier state of this archive."""
        try:
            verify(generation, self._seen)
        except GenerationError:
            return False
        return self._is_earlier(generation.manifest.reflects)

    def _is_earlier(self, reflects: Reflects) -> bool:
        return reflects.archive == self._store.id and is_past(self._store, reflects)

    def _understand_anew(self, base: Generation | None) -> None:
        """Look at what `base` does not show, if it was made by these rules, or else at everything."""
        reflects = base.manifest.reflects if base else None
        is_ours = reflects is not None and reflects.rules == self._extractor.fingerprint and self._is_earlier(reflects)
        since = reflects.understood if reflects is not None and is_ours else 0
        self._anew += understand_anew(self._store, self._extractor, self._hear_understanding, since=since)

    def _is_worthwhile(self, base: Generation) -> bool:
        """Whether to publish what changed since that generation as a difference."""
        reflects = base.manifest.reflects
        most = max(ALWAYS_DIFFERENCE, int(base.manifest.articles * REBUILT_SHARE))
        return self._store.count_changed(reflects.change) <= most

    def _publish_difference(
        self, lock: WriteLock, base: Generation, reflects: Reflects, update: UpdateIndex
    ) -> BuildReport:
        since, total = base.manifest.reflects.change, self._store.count
        changed = self._store.count_changed(since)

        def write(folder: Path) -> int:
            link_tree(base.index, index_path(folder))
            with Snapshot.open(base.documents) as snapshot:
                changes = self._store.changed(since)
                rows = update_snapshot(documents_path(folder), snapshot, changes, most_merged=self._most_merged)
                records, gone = self._records(rows, changed), self._store.gone(since)
                update(index_path(folder), records, gone, most_merged=self._most_merged)
            return self._finished(total)

        def check(draft: Generation) -> None:
            self._check(draft, total, unchanged=shared_names(base.index, draft.index))

        generation = publish(lock, write, check, reflects=reflects, base=base, seen=self._seen)
        return self._report(generation, is_difference=True, changed=changed)

    def _publish_all(self, lock: WriteLock, reflects: Reflects) -> BuildReport:
        total = self._store.count

        def write(folder: Path) -> int:
            index_path(folder).mkdir()
            rows = write_snapshot(documents_path(folder), self._store.documents())
            indexed = self._index.write(index_path(folder), self._records(rows, total))
            if indexed != total:
                raise GenerationError(f"the index holds {indexed} articles, the store {total}: nothing was published")
            return self._finished(total)

        def check(draft: Generation) -> None:
            self._check(draft, total, unchanged=frozenset())

        generation = publish(lock, write, check, reflects=reflects, seen=self._seen)
        return self._report(generation, changed=total)

    def _check(self, draft: Generation, total: int, *, unchanged: frozenset[str]) -> None:
        """Open what was written."""
        with Snapshot.open(draft.documents) as snapshot:
            if snapshot.count != total:
                raise DamagedGeneration(draft.documents, f"holds {snapshot.count} articles, and the store {total}")
        self._index.check(draft.index, unchanged)

    def _finished(self, total: int) -> int:
        self._progress(BuildProgress(Stage.PUBLISHING, total, total))
        return total

    def _records(self, rows: Iterable[tuple[int, Document]], total: int) -> Iterator[Record]:
        self._progress(BuildProgress(Stage.INDEXING, 0, total))
        for done, (serial, document) in enumerate(rows, start=1):
            yield record_from_document(serial, document)
            if done % _HEARD_EVERY == 0:
                self._progress(BuildProgress(Stage.INDEXING, done, total))

    def _report(
        self, generation: Generation, *, skipped: bool = False, is_difference: bool = False, changed: int = 0
    ) -> BuildReport:
        return BuildReport(
            generation=generation,
            articles=generation.manifest.articles,
            reunderstood=self._anew.articles,
            revised=self._anew.revised,
            refused=self._anew.refused,
            skipped=skipped,
            is_difference=is_difference,
            changed=changed,
        )

    def _hear_understanding(self, done: int, total: int) -> None:
        self._progress(BuildProgress(Stage.UNDERSTANDING, done, total))


def reflects_of(store: Store, rules: str, *, understood: int) -> Reflects:
    """What a store says now; all that it said at the change `understood` is understood by rules of this fingerprint."""
    change = store.change
    last = next(store.changes(change - 1), None)
    if not store.count_outdated(rules, since=understood):
        understood = change
    at = None if last is None else last.at
    return Reflects(archive=store.id, change=change, rules=rules, at=at, understood=understood)


def is_past(store: Store, reflects: Reflects) -> bool:
    """Whether a store was once what this reflects: not if an older copy of it was put in its place."""
    change = next(store.changes(reflects.change - 1), None)
    if change is None or change.number != reflects.change:
        return reflects.change <= store.change
    return change.at == reflects.at


def is_the_same(one: Reflects, other: Reflects) -> bool:
    """Whether two reflect the same, and know as much of how it is understood."""
    return one == other and one.understood == other.understood
