"""What is on the disk after the power failed: a file system that keeps only what it promised to keep.

`Disk` replays recorded `Call`s. What was synced is kept. Of what was not, a power cut keeps some: any of the changes of
folders (a rename is kept whole or not at all), and of what was written to a file any of its sectors, in any order.
A file's sync says nothing of its name: that is its folder's. `Disk.crash` writes one of the possible states to a real
folder, chosen by a `Cut`, from the kindest to the cruellest.

The model is that of POSIX, which promises less than the usual file systems do. Like SQLite it takes for granted that
writing some sectors of a file does not harm others.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from tests.torture.disk_calls import Call, Did

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

SECTOR: Final = 512


class Cut(StrEnum):
    """What a power cut does to what was not synced."""

    NOTHING_LOST = "nothing lost"
    """As if only the process had died."""
    ALL_LOST = "all lost"
    NAMES_ONLY = "names only"
    """Folders and sizes were kept, and files read as zeros: what journals of metadata alone do."""
    DATA_ONLY = "data only"
    ANY = "any"
    """Sector by sector and name by name, each as chance will have it."""


@dataclass(eq=False, slots=True)
class File:
    """A file: what of it is on disk for certain, and what was written since, in order; a size is a truncation."""

    synced: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        """All of it is on disk."""
        self.synced = self.now
        self.since.clear()

    @property
    def now(self) -> bytes:
        """What reading it gives."""
        return _after(self.synced, self.since)

    def after_cut(self, cut: Cut, rng: random.Random) -> bytes:
        """What reading it gives after a power cut."""
        match cut:
            case Cut.NOTHING_LOST | Cut.DATA_ONLY:
                return self.now
            case Cut.ALL_LOST:
                return self.synced
            case Cut.NAMES_ONLY:
                return self.synced[: len(self.now)].ljust(len(self.now), b"\0")
            case Cut.ANY:
                likely = rng.random()
                kept = [change for change in self._torn() if rng.random() < likely]
                content = _after(self.synced, kept)
                grown = max(len(content), len(self.now)) if rng.random() < 0.3 else len(content)
                return content.ljust(grown, b"\0")

    def _torn(self) -> list[tuple[int, bytes | None]]:
        """What was done since the last sync, with every write in pieces that end where sectors do."""
        torn: list[tuple[int, bytes | None]] = []
        for at, data in self.since:
            if data is None:
                torn.append((at, None))
                continue
            start = 0
            while start < len(data):
                end = min(len(data), (at + start) // SECTOR * SECTOR + SECTOR - at)
                torn.append((at + start, data[start:end]))
                start = end
        return torn


def _after(content: bytes, changes: list[tuple[int, bytes | None]]) -> bytes:
    """`content` after some writes, and truncations (no data: to that size)."""
    if not changes:
        return content
    result = bytearray(content)
    for at, data in changes:
        if len(result) < at:
            result.extend(bytes(at - len(result)))
        if data is None:
            del result[at:]
        else:
            result[at : at + len(data)] = data
    return bytes(result)


@dataclass(eq=False, slots=True)
class Folder:
    """A folder: what each name means for certain, each with the number of the change that made it so."""

    synced: dict[str, tuple[int, Node | None]] = field(default_factory=dict)
    now: dict[str, Node] = field(default_factory=dict)


Node: TypeAlias = File | Folder

_Meaning: TypeAlias = tuple[Folder, str, "Node | None"]
"""In a folder, what a name means from now on; None: nothing."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of folders, which happens whole or not at all."""

    number: int
    meanings: tuple[_Meaning, ...]


class Unsure(Exception):
    """Something was done to the disk that this model does not know."""


class Disk:
    """The disk under one folder, as calls are replayed on it. `root` is the inode of that folder."""

    def __init__(self, root: int) -> None:
        self.root = Folder()
        self._nodes: dict[int, Node] = {root: self.root}
        self._pending: list[_Change] = []
        self._changes = 0

    def replay(self, call: Call) -> None:
        """Do it. Raises `Unsure` if it cannot be told what the disk would be like."""
        match call.did:
            case Did.MARK:
                pass
            case Did.CREATE | Did.MKDIR:
                node = self._nodes[call.inode] = File() if call.did is Did.CREATE else Folder()
                self._change((self._folder(call.parent), call.name, node))
            case Did.WRITE:
                self._file(call.inode).since.append((call.at, call.data))
            case Did.TRUNCATE:
                self._file(call.inode).since.append((call.at, None))
            case Did.LINK:
                self._change((self._folder(call.parent), call.name, self._nodes[call.inode]))
            case Did.UNLINK | Did.RMDIR:
                self._change((self._folder(call.parent), call.name, None))
            case Did.RENAME:
                node = self._nodes[call.inode]
                self._change(
                    (self._folder(call.old_parent), call.old, None), (self._folder(call.parent), call.name, node)
                )
            case Did.SYNC:
                self._sync(self._nodes[call.inode])
            case Did.UNKNOWN:
                raise Unsure(f"{call.name} cannot be replayed")

    def crash(self, target: Path, cut: Cut, rng: random.Random) -> None:
        """Write what is there after a power cut into an empty folder."""
        names = self._names_after(cut, rng)
        _write(self.root, target, lambda folder: names[folder], lambda file: file.after_cut(cut, rng), {})

    def unsynced(self) -> list[str]:
        """The paths of what a power cut could lose or harm, of files that have a name and of names."""
        found: list[str] = []
        names = self._names_after(Cut.ALL_LOST, None)

        def look(folder: Folder, path: str) -> None:
            for name, node in folder.now.items():
                here = f"{path}{name}"
                if names.get(folder, {}).get(name) is not node:
                    found.append(f"{here} (its name)")
                if isinstance(node, Folder):
                    look(node, f"{here}/")
                elif node.since:
                    found.append(here)
            found.extend(f"{path}{name} (that it is gone)" for name in names.get(folder, {}) if name not in folder.now)

        look(self.root, "")
        return sorted(found)

    def _change(self, *meanings: _Meaning) -> None:
        self._changes += 1
        self._pending.append(_Change(self._changes, meanings))
        for folder, name, node in meanings:
            if node is None:
                folder.now.pop(name, None)
            else:
                folder.now[name] = node

    def _sync(self, node: Node) -> None:
        if isinstance(node, File):
            node.sync()
            return
        settled = [change for change in self._pending if any(folder is node for folder, _, _ in change.meanings)]
        self._pending = [change for change in self._pending if change not in settled]
        for change in settled:
            for folder, name, meant in change.meanings:
                if folder.synced.get(name, (0, None))[0] < change.number:
                    folder.synced[name] = (change.number, meant)

    def _names_after(self, cut: Cut, rng: random.Random | None) -> dict[Folder, dict[str, Node]]:
        """What the names in each folder mean after a power cut."""
        meant = {node: dict(node.synced) for node in [self.root, *self._nodes.values()] if isinstance(node, Folder)}
        likely = rng.random() if rng else 0.0
        for change in self._pending:
            if not _is_kept(cut, likely, rng):
                continue
            for folder, name, node in change.meanings:
                if meant.setdefault(folder, dict(folder.synced)).get(name, (0, None))[0] < change.number:
                    meant[folder][name] = (change.number, node)
        return {
            folder: {name: node for name, (_, node) in names.items() if node is not None}
            for folder, names in meant.items()
        }

    def _file(self, inode: int) -> File:
        node = self._nodes[inode]
        if not isinstance(node, File):
            raise Unsure(f"inode {inode} is a folder, and was written to")
        return node

    def _folder(self, inode: int) -> Folder:
        node = self._nodes[inode]
        if not isinstance(node, Folder):
            raise Unsure(f"inode {inode} is a file, and has files in it")
        return node


def _is_kept(cut: Cut, likely: float, rng: random.Random | None) -> bool:
    match cut:
        case Cut.NOTHING_LOST | Cut.NAMES_ONLY:
            return True
        case Cut.ALL_LOST | Cut.DATA_ONLY:
            return False
        case Cut.ANY:
            return rng is not None and rng.random() < likely


def _write(
    folder: Folder,
    target: Path,
    names: Callable[[Folder], dict[str, Node]],
    content: Callable[[File], bytes],
    written: dict[File, Path],
) -> None:
    for name, node in names(folder).items():
        path = target / name
        if isinstance(node, Folder):
            path.mkdir()
            _write(node, path, names, content, written)
        elif node in written:
            os.link(written[node], path)
        else:
            path.write_bytes(content(node))
            written[node] = path
