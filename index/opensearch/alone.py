"""One process at a time makes an index of an archive on a cluster, so that no two write the same one, or swap it in.

`made_alone` is held by `dateline migrate` from its beginning to its end, and by an indexer only while it makes an index
beside the one that is searched. It is not the archive's write lock, which would keep all else from being published for
as long; and what is searched already is followed meanwhile.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from index.archive.work_folder import work_folder
from index.errors import BusyError, ClusterIndexBeingMade, GenerationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.layout import DataFolder

MIGRATE: Final = "dateline migrate"
INDEXER: Final = "an indexer"
"""Who makes an index."""

_WHO: Final = "who"


@contextmanager
def made_alone(data: DataFolder, who: str) -> Iterator[None]:
    """See that nobody else makes an index of this archive on a cluster meanwhile; the system sees to it if we die.

    Raises `ClusterIndexBeingMade` if somebody does, `GenerationError` where the data folder cannot be written.
    """
    with ExitStack() as alone:
        try:
            folder = alone.enter_context(work_folder(data.making))
            (folder / _WHO).write_text(who, encoding="utf-8")
        except BusyError:
            raise ClusterIndexBeingMade(_who(data.making)) from None
        except OSError as error:
            raise GenerationError(f"cannot write in {data.path}: {error.strerror} ({data.making})") from error
        yield


def _who(folder: Path) -> str:
    """Who is at work there."""
    try:
        return (folder / _WHO).read_text(encoding="utf-8")
    except OSError:  # it has only just begun, or ended
        return "another process"
