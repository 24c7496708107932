"""From the store to a published generation.

`build` has articles that were understood by older rules understood anew. Then, unless the current generation already
says all that the store says, it writes index and snapshot from one moment of the store, in one pass, and publishes
them. What writes the index is a parameter, so that this module knows no search library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from index.errors import GenerationError, UnreadableInput
from index.fields import Record, record_from_document
from index.layout import DataFolder, Generation, Reflects, check_files, current, documents_path, index_path
from index.publish import create_data_folder, publish, write_lock
from index.snapshot import Snapshot, write_snapshot
from index.store import Store, StoredArticle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.document import Document
    from index.ingest import Understanding

BATCH_ARTICLES: Final = 500

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
class BuildReport:
    """What a build did.

    `generation` is the current one, of `articles` articles. `reunderstood` articles were understood by older rules, and
    `revised` of them say something else by the present ones. `skipped`: the generation was there already, as nothing
    has changed.
    """

    generation: Generation
    articles: int
    reunderstood: int
    revised: int
    skipped: bool


WriteIndex: TypeAlias = Callable[[Path, Iterable[Record]], int]
"""Writes an index of records into an empty folder, and returns their number."""

Progress: TypeAlias = Callable[[BuildProgress], None]


def build(  # noqa: PLR0913 - three things to work on, and options by name
    data: DataFolder,
    store: Store,
    extractor: Understanding,
    *,
    write_index: WriteIndex,
    check_index: Callable[[Path], None] = lambda _folder: None,
    from_store: bool = False,
    progress: Progress = lambda _progress: None,
) -> BuildReport:
    """Publish what the store says. With `from_store`, even if the current generation says it already.

    `check_index` opens the index in a folder and raises if it cannot. Raises `BusyError` if another process publishes,
    `GenerationError` or `StoreError` where files fail; the current generation then stays as it is.
    """
    create_data_folder(data)
    with write_lock(data) as lock:
        reunderstood, revised = _understand_anew(store, extractor, progress)
        with store.reading():
            reflects = Reflects(archive=store.id, change=store.change, rules=extractor.fingerprint)
            found = None if from_store else _find_current(data, reflects)
            draft = _Draft(store, store.count, write_index, check_index, progress)
            generation = found or publish(lock, draft.write, draft.check, reflects=reflects)
    return BuildReport(
        generation=generation,
        articles=generation.manifest.articles,
        reunderstood=reunderstood,
        revised=revised,
        skipped=found is not None,
    )


def _find_current(data: DataFolder, reflects: Reflects) -> Generation | None:
    """The current generation, if it is whole and reflects this."""
    try:
        generation = current(data)
        check_files(generation)
    except GenerationError:
        return None  # whatever is wrong with it, a new one mends it
    return generation if generation.manifest.reflects == reflects else None


def _understand_anew(store: Store, extractor: Understanding, progress: Progress) -> tuple[int, int]:
    """Have articles that were understood by other rules understood by these: (how many, how many differ)."""
    rules = extractor.fingerprint
    total = store.count_outdated(rules)
    done = revised = after = 0
    while batch := store.outdated(rules, after=after, limit=BATCH_ARTICLES):
        progress(BuildProgress(Stage.UNDERSTANDING, done, total))
        revisions = [(article, _understood_anew(article, extractor)) for article in batch]
        revised += store.revise(revisions, rules=rules)
        done += len(batch)
        after = batch[-1].serial
    return done, revised


def _understood_anew(article: StoredArticle, extractor: Understanding) -> Document:
    """The article by the present rules; as it is, if they refuse what was declared of it and older ones took."""
    try:
        return extractor.understand(article.raw, article.document.id)
    except UnreadableInput:
        return article.document


@dataclass(frozen=True, slots=True)
class _Draft:
    """How a generation is written and checked: `total` articles of the store."""

    store: Store
    total: int
    write_index: WriteIndex
    check_index: Callable[[Path], None]
    progress: Progress

    def write(self, folder: Path) -> int:
        """Fill a folder with snapshot and index, both from the same pass over the store."""
        index_path(folder).mkdir()
        rows = write_snapshot(documents_path(folder), self.store.documents())
        indexed = self.write_index(index_path(folder), self._records(rows))
        if indexed != self.total:
            raise GenerationError(f"the index holds {indexed} articles, the store {self.total}: nothing was published")
        self.progress(BuildProgress(Stage.PUBLISHING, self.total, self.total))
        return self.total

    def check(self, draft: Generation) -> None:
        """Open what was written."""
        with Snapshot.open(draft.documents) as snapshot:
            if snapshot.count != self.total:
                raise GenerationError(
                    f"the snapshot holds {snapshot.count} articles, the store {self.total}: nothing was published"
                )
        self.check_index(draft.index)

    def _records(self, rows: Iterable[tuple[int, Document]]) -> Iterator[Record]:
        self.progress(BuildProgress(Stage.INDEXING, 0, self.total))
        for done, (serial, document) in enumerate(rows, start=1):
            yield record_from_document(serial, document)
            if done % _HEARD_EVERY == 0:
                self.progress(BuildProgress(Stage.INDEXING, done, self.total))
