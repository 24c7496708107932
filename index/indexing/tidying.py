"""Merging what is due in a published generation beside it, however long that takes, while others are published.

`Tidying` does that in a thread of its own, one generation at a time. What it makes is a `Generation` that was never
published: the same articles in fewer pieces, in the folder `tidied` of the data folder. The next to be published is
made from it, in place of the generation before, with all that changed since then (`index.indexing.build.Builder`); so
nothing that came or went meanwhile is lost, and whoever publishes never waits for a merge. After a crash it is made
anew. One process at a time does so.

`needs_tidying` says whether it is worth while.
"""

from __future__ import annotations

import math
import threading
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from index.archive.work_folder import remove_left, work_folder
from index.durable import link_tree, shared_names, sync_tree
from index.errors import DamagedGeneration
from index.generation.opening import pinned
from index.generation.snapshot import Snapshot
from index.generation.snapshot_writing import needs_merging, update_snapshot
from index.layout import Generation, documents_path, entries, file_keys, index_path

if TYPE_CHECKING:
    from pathlib import Path

    from index.indexing.build import CheckIndex, UpdateIndex
    from index.layout import DataFolder, Verified


def needs_tidying(generation: Generation) -> bool:
    """Whether larger pieces wait to be merged. A damaged generation is not worth while."""
    try:
        return needs_merging(generation.documents)
    except DamagedGeneration:
        return False


class Tidying:
    """Merges beside. All but what its own thread does is for one thread.

    `update` and `check` are those of an `IndexMaker`; `seen` will have verified what is made.
    """

    def __init__(self, data: DataFolder, update: UpdateIndex, check: CheckIndex, seen: Verified) -> None:
        self._folder = data.tidied
        self._update = update
        self._check = check
        self._seen = seen
        self._held = ExitStack()
        self._thread: threading.Thread | None = None
        self._made: Generation | None = None
        self._failure: Exception | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether something is being made, or waits to be taken."""
        return self._thread is not None

    def begin(self, generation: Generation) -> None:
        """Begin to merge what is due in a published generation."""
        self._made = self._failure = None
        self._thread = threading.Thread(target=self._run, args=(generation,), name="tidying", daemon=True)
        self._thread.start()

    def find_made(self) -> Generation | None:
        """What was made, once that is done. Its files are synced, and there until `discard`.

        Raises why nothing could be made (`BusyError` if another process does so), and is then ready to begin again.
        """
        if self._thread is None or self._thread.is_alive():
            return None
        if self._failure is not None:
            failure = self._failure
            self.discard()
            raise failure
        return self._made

    def wait(self) -> None:
        """Wait until what was begun is done."""
        if self._thread is not None:
            self._thread.join()

    def discard(self) -> None:
        """Remove what was made, or what a crash left; nothing may be under way but what is done.

        What another process makes stays.
        """
        with suppress(OSError):
            self._held.close()
        remove_left(self._folder)
        self._thread = self._made = self._failure = None

    def _run(self, generation: Generation) -> None:
        try:
            with pinned(generation.path):
                self._made = self._tidied(generation, self._held.enter_context(work_folder(self._folder)))
        except Exception as failure:  # noqa: BLE001 - told to who asks for what was made
            self._failure = failure

    def _tidied(self, generation: Generation, folder: Path) -> Generation:
        link_tree(generation.index, index_path(folder))
        with Snapshot.open(generation.documents) as snapshot:
            list(update_snapshot(documents_path(folder), snapshot, ()))
        self._update(index_path(folder), (), (), most_merged=math.inf)
        self._check(index_path(folder), shared_names(generation.index, index_path(folder)))
        made = Generation(folder, replace(generation.manifest, files=entries(folder, self._seen)))
        sync_tree(folder, but=file_keys(generation))
        return made
