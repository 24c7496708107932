"""Everything the write side can raise on purpose.

IndexingError
├── StoreError              the archive's database
│   └── StoreVersion        it was made by another version: expected, found
├── GenerationError         a published index
│   ├── NoGeneration        nothing has been built yet
│   ├── DamagedGeneration   a file is missing or not what the manifest says
│   └── GenerationVersion   it was made by another version: expected, found
├── BusyError               another process is writing this archive
├── DataFileError           a rules file (gazetteer, topics, anchors …) says something impossible
└── UnreadableInput         an input, or one row of it, cannot be taken: which file, which line, why

Errors carry their data as attributes and name the remedy in their message, so that every front end can say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class IndexingError(Exception):
    """Anything the write side refuses, with a message fit for the archive's keeper."""


class StoreError(IndexingError):
    """The archive's database cannot be used."""


class StoreVersion(StoreError):
    """The archive's database was made by another version of Dateline."""

    def __init__(self, path: Path, *, expected: int, found: int) -> None:
        self.path, self.expected, self.found = path, expected, found
        super().__init__(
            f"{path} is of store format {found}; this version of Dateline reads {expected}. "
            "Run the version that made it, or ingest the articles again into an empty data folder."
        )


class GenerationError(IndexingError):
    """A published index cannot be used."""


class NoGeneration(GenerationError):
    """The archive has no published index."""

    def __init__(self, data: Path) -> None:
        self.data = data
        super().__init__(f"{data} has no published index. Run: dateline build --data {data}")


class DamagedGeneration(GenerationError):
    """A file of a published index is missing, or is not what its manifest says."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}. Rebuild the index from the store: dateline build --from-store")


class GenerationVersion(GenerationError):
    """A published index was made by another version of Dateline."""

    def __init__(self, path: Path, *, expected: str, found: str) -> None:
        self.path, self.expected, self.found = path, expected, found
        super().__init__(
            f"{path} is of index format {found}; this version of Dateline reads {expected}. "
            "Rebuild the index from the store: dateline build --from-store"
        )


class BusyError(IndexingError):
    """Another process holds the archive's write lock."""

    def __init__(self, data: Path) -> None:
        self.data = data
        super().__init__(f"another process is writing {data}; wait until it has finished and try again")


class DataFileError(IndexingError):
    """A file of rules says something impossible: which file, which entry, why."""

    def __init__(self, path: str, entry: str, reason: str) -> None:
        self.path, self.entry, self.reason = path, entry, reason
        super().__init__(f"{path}: {entry}: {reason}")


class UnreadableInput(IndexingError):
    """An input, or one row of it, cannot be taken. `line` counts from 1; `None` means the file as a whole."""

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        self.path, self.line, self.reason = path, line, reason
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {reason}")
