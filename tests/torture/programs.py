"""What the processes of the torture chamber do until they are killed. A `Nursery` starts them by name.

Each acknowledges by a line in a file of its own, written the moment the call it is about has returned: what was written
before a kill is still there after it.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from index.archive.store import Store
from index.errors import IndexingError
from index.generation.publish import roll_back
from index.indexing.stepping import Published
from index.layout import DataFolder
from service.access.keys import Scope, make_key
from service.access.register import changing_register
from tests.torture import disk_calls
from tests.torture.dealings import deed_from_json, do, indexer_of, publish_now, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from index.indexing.indexer import Event

DONE = "done"
"""How a program ends that nothing got in the way of."""


def write(data: str, deeds: Sequence[Mapping[str, Any]], acknowledged: str) -> None:
    """Do deeds, one after the other, each acknowledged by its place in the list, counted from 1."""
    lines = _open_lines(acknowledged)
    with Store.open(DataFolder(Path(data)).archive) as store:
        for number, deed in enumerate(deeds, start=1):
            do(store, deed_from_json(deed))
            os.write(lines, f"{number}\n".encode())


def follow(data: str, acknowledged: str) -> None:
    """Publish whatever changes, for ever. Each generation is acknowledged by the change it shows."""
    lines = _open_lines(acknowledged)

    def report(event: Event) -> None:
        if isinstance(event, Published):
            os.write(lines, f"{event.report.reflects.change}\n".encode())

    with indexer_of(DataFolder(Path(data)), report) as indexer:
        indexer.run(threading.Event(), poll_s=0.002)


def _open_lines(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def write_and_publish(data: str, deeds: Sequence[Mapping[str, Any]], log: str, publish_after: Sequence[int]) -> None:
    """Do deeds and publish after some, with every call on files recorded, and marks of what was acknowledged.

    `done N` follows the Nth deed, `shown C` a publish that shows change C. The store is closed and opened now and then,
    also while it is published, so that SQLite empties its log with and without others looking on.
    """
    folder = DataFolder(Path(data))
    disk_calls.watch(folder.path)
    disk_calls.record(Path(log))
    store = Store.open(folder.archive)
    for number, deed in enumerate(deeds, start=1):
        disk_calls.mark(f"begin {number}")
        do(store, deed_from_json(deed))
        disk_calls.mark(f"done {number}")
        if number % 5 == 0:
            store.close()
        if number in publish_after:
            disk_calls.mark(f"shown {publish_now(folder).manifest.reflects.change}")
        if number % 5 == 0:
            store = Store.open(folder.archive)
    store.close()


def change_keys(data: str, count: int, log: str) -> None:
    """Make keys, one after the other, and revoke the one before, recorded; `done N` follows the Nth."""
    folder = Path(data)
    disk_calls.watch(folder)
    disk_calls.record(Path(log))
    for number in range(1, count + 1):
        disk_calls.mark(f"begin {number}")
        make_key_numbered(folder, number)
        disk_calls.mark(f"done {number}")


def make_key_numbered(folder: Path, number: int) -> None:
    """Have a register hold one key, named by a number."""
    now = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    _, key = make_key(scopes=(Scope.WRITE,), now=now, name=str(number), expires=None, filters=())
    with changing_register(folder) as change:
        change.register = msgspec.structs.replace(change.before, keys=(key,))


def roll_back_doomed(data: str, outcome: str, doom: Sequence[int]) -> None:
    """Go back to the generation before, with a call that meets its fate."""
    folder = DataFolder(Path(data))
    _doomed(folder, outcome, doom, lambda: roll_back(folder))


def publish_doomed(data: str, outcome: str, doom: Sequence[int]) -> None:
    """Publish, with a call that meets its fate; say in a file how many calls there were, and how it ended."""
    folder = DataFolder(Path(data))
    _doomed(folder, outcome, doom, lambda: publish_now(folder))


def write_doomed(data: str, outcome: str, doom: Sequence[int], deed: Mapping[str, Any]) -> None:
    """Open the store and do a deed, likewise."""
    folder = DataFolder(Path(data))

    def write() -> None:
        with Store.open(folder.archive) as store:
            do(store, deed_from_json(deed))

    _doomed(folder, outcome, doom, write)


def search_doomed(data: str, outcome: str, doom: Sequence[int]) -> None:
    """Open what is published and search it, likewise."""
    folder = DataFolder(Path(data))
    _doomed(folder, outcome, doom, lambda: shown(folder))


def _doomed(folder: DataFolder, outcome: str, doom: Sequence[int], act: Callable[[], object]) -> None:
    fate, kinds, at, error = doom
    disk_calls.watch(folder.path)
    disk_calls.doom(disk_calls.Fate(fate), disk_calls.Kind(kinds), at, error)
    said = DONE
    try:
        act()
    except IndexingError as failure:
        said = str(failure)
    Path(outcome).write_text(f"{disk_calls.counted()}\n{said}", encoding="utf-8")
