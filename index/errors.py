"""Everything the write side can raise on purpose.

IndexingError
├── StoreError              the archive's database
│   ├── StoreVersion        it was made by another version: expected, found
│   ├── DiskFull            there is no space left to write
│   ├── ReadOnlyStore       this process may read it, not write it
│   ├── DiskFailed          the system could not read or write it
│   └── DamagedStore        the file is not what was written
├── GenerationError         a published index
│   ├── NoGeneration        nothing has been built yet
│   ├── DamagedGeneration   a file is missing or not what the manifest says
│   ├── GenerationGone      it was removed before it could be opened, as there are newer ones
│   ├── GenerationVersion   it was made by another version: expected, found
│   └── ClusterError        an index on an OpenSearch cluster
│       ├── ClientMissing       the client library is not installed
│       ├── ClusterUnreachable  no node answers
│       ├── ClusterBusy         parts of the index don't answer now, or nobody leads the cluster
│       │   └── ClusterOverloaded   it has more to do than it can
│       ├── ClusterTooOld       it lacks what scores are made with
│       ├── ClusterRefused      it doesn't know who asks, or not for this
│       ├── ClusterFull         its disks are so full that it takes no more articles
│       ├── NoClusterIndex      it has no index of that name
│       ├── ClusterIndexVersion the index was made by another version: expected, found
│       ├── ClusterIndexOther   the index is of another archive
│       ├── ClusterIndexBeingMade   somebody else is making an index of this archive there: who
│       ├── ViewGone            what was searched was replaced, and cannot be opened again
│       └── ArticleRefused      it will not take an article: which, why
├── BusyError               another process is writing this archive
├── BackupError             a file that should be, or is to be, a backup
│   └── BackupVersion       it was made by another version: expected, found
├── AnalyserMissing         what texts are to be analysed by is not installed
├── DataFileError           a rules file (gazetteer, topics, anchors …) says something impossible
└── UnreadableInput         an input, or one row of it, cannot be taken: which file, which line, why

Errors carry their data as attributes and name the remedy in their message, so that every front end can say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

GENERATIONS: Final = "generations"
CURRENT: Final = "CURRENT"
"""What a data folder calls its published indexes, and the file that names the one to answer from (`index.layout`)."""


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


class DiskFull(StoreError):
    """There is no space left to write the archive; nothing was written, and what was there is as it was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} cannot grow: the disk is full. Nothing was written, nothing is lost; free some space and try again"
        )


class ReadOnlyStore(StoreError):
    """The archive may be read here, but not written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"{path} cannot be opened to write here: its folder is read-only, or belongs to another user. Run this "
            "where the folder may be written"
        )


class DiskFailed(StoreError):
    """The system failed to read or write the archive's database; what that was is in `reason`."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"{path} could not be read or written: {reason}. What was acknowledged is kept; see whether the disk is "
            "sound, then run: dateline check"
        )


class DamagedStore(StoreError):
    """The archive's database is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"{path} is damaged: {reason}. Restore a backup into an empty folder: dateline restore FILE --data FOLDER"
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
        super().__init__(f"{path}: {reason}. Rebuild the index from the store: {_rebuild(path)}")


class GenerationGone(GenerationError):
    """A generation was removed, as generations are when newer ones are published. Open the current one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} is not there any more: newer generations took its place")


class AnalyserMissing(IndexingError):
    """What the settings ask texts to be analysed by is not installed."""

    def __init__(self, package: str, *, extra: str) -> None:
        self.package = package
        super().__init__(
            f"Korean by morphemes needs {package}, which is not installed: pip install 'dateline[{extra}]', "
            "or leave DATELINE_KOREAN unset"
        )


class GenerationVersion(GenerationError):
    """A published index was made by another version of Dateline."""

    def __init__(self, path: Path, *, expected: str, found: str) -> None:
        self.path, self.expected, self.found = path, expected, found
        super().__init__(
            f"{path} is of index format {found}; this version of Dateline reads {expected}. "
            f"Rebuild the index from the store: {_rebuild(path)}"
        )


class ClusterError(GenerationError):
    """An OpenSearch cluster, or an index on it, cannot be used."""


class ClientMissing(ClusterError):
    """The client library is not installed."""

    def __init__(self) -> None:
        super().__init__("the client for OpenSearch is not installed. Run: pip install '.[opensearch]'")


class ClusterUnreachable(ClusterError):
    """No node answers. `urls` are the addresses that were tried."""

    def __init__(self, urls: tuple[str, ...], reason: str) -> None:
        self.urls, self.reason = urls, reason
        super().__init__(
            f"no OpenSearch node answers at {', '.join(urls)}: {reason}. See that the cluster runs and that "
            "DATELINE_OPENSEARCH_URL names it"
        )


class ClusterBusy(ClusterError):
    """Parts of the index don't answer now, or nobody leads the cluster. It may soon."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the OpenSearch cluster cannot answer now: {reason}. It is tried again")


class ClusterOverloaded(ClusterBusy):
    """The cluster has more to do than it can. What can wait should."""


class ClusterTooOld(ClusterError):
    """The cluster lacks what scores are made with."""

    def __init__(self) -> None:
        super().__init__(
            "the OpenSearch cluster is too old to score words as Dateline does: it takes version 3.2 or later"
        )


class ClusterRefused(ClusterError):
    """The cluster does not know who asks, or that user may not do this."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the OpenSearch cluster refuses: {reason}. See the user and password in the settings, and "
            "what that user may do"
        )


class ClusterFull(ClusterError):
    """The disks of the cluster are so full that it takes no more articles; those it has are still searched."""

    def __init__(self, index: str, reason: str) -> None:
        self.index, self.reason = index, reason
        super().__init__(
            f"{index} takes no more articles, as a disk of the OpenSearch cluster is too full: {reason}. Free "
            "some space or add a node; what was acknowledged is kept, and is indexed then"
        )


class NoClusterIndex(ClusterError):
    """The cluster has no index of that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"the OpenSearch cluster has no index {name}. Make it where the archive is: {_MIGRATE}")


class ClusterIndexVersion(ClusterError):
    """An index on the cluster was made by another version of Dateline."""

    def __init__(self, name: str, *, expected: str, found: str) -> None:
        self.name, self.expected, self.found = name, expected, found
        super().__init__(
            f"{name} is of index format {found}; this version of Dateline reads {expected}. "
            f"Make it anew where the archive is: {_MIGRATE}"
        )


class ClusterIndexOther(ClusterError):
    """The name stands for the index of another archive."""

    def __init__(self, name: str, *, expected: str, found: str) -> None:
        self.name, self.expected, self.found = name, expected, found
        super().__init__(
            f"{name} on the OpenSearch cluster is the index of the archive {found}, and this is {expected}. "
            "Choose another DATELINE_OPENSEARCH_INDEX, or delete that index"
        )


class ClusterIndexBeingMade(ClusterError):
    """Another process is making an index of this archive on the cluster."""

    def __init__(self, who: str) -> None:
        self.who = who
        super().__init__(
            f"{who} is making an index of this archive on the OpenSearch cluster; wait until it has finished"
        )


class ViewGone(ClusterError):
    """What was searched was closed, or replaced by something newer and can't be opened again: ask anew."""

    def __init__(self, name: str, generation: str) -> None:
        self.name, self.generation = name, generation
        super().__init__(f"generation {generation} of {name} is not there any more: a newer one took its place")


class ArticleRefused(ClusterError):
    """The cluster will not take an article."""

    def __init__(self, article: str, reason: str) -> None:
        self.article, self.reason = article, reason
        super().__init__(
            f"the OpenSearch cluster will not take the article {article}: {reason}. Nothing newer is shown until it is "
            "changed or deleted"
        )


_MIGRATE: Final = "dateline migrate --to opensearch"


def _rebuild(path: Path) -> str:
    """The command that mends what is wrong with a file of a published index."""
    command = "dateline build --from-store"
    data = next((folder.parent for folder in (path, *path.parents) if folder.name == GENERATIONS), None)
    if path.name == CURRENT:
        data = path.parent
    return command if data is None else f"{command} --data {data}"


class BusyError(IndexingError):
    """Another process holds the archive's write lock."""

    def __init__(self, data: Path) -> None:
        self.data = data
        super().__init__(f"another process is writing {data}; wait until it has finished and try again")


class BackupError(IndexingError):
    """A backup cannot be written, is none, or cannot be restored: which file, and why."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} {reason}")


class BackupVersion(BackupError):
    """A backup was made by a version of Dateline whose backups this one cannot read."""

    def __init__(self, path: Path, *, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(
            path,
            f"is a backup of format {found}; this version of Dateline reads {expected}. Restore it with a newer one",
        )


class DataFileError(IndexingError):
    """A file of rules says something impossible: which file, which entry, why."""

    def __init__(self, path: str, entry: str, reason: str) -> None:
        self.path, self.entry, self.reason = path, entry, reason
        super().__init__(f"{path}: {entry}: {reason}")


class UnreadableInput(IndexingError):
    """An input, or one row of it, cannot be taken. `line` counts from 1; `None` means the file as a whole.

    `reasons` are all that is wrong, each by itself.
    """

    def __init__(self, path: str, line: int | None, *reasons: str) -> None:
        self.path, self.line, self.reasons = path, line, reasons
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {self.reason}")

    @property
    def reason(self) -> str:
        """All that is wrong."""
        return "; ".join(self.reasons)
