"""When each key was used last: the time of an empty file per key, so that using one writes nothing that matters.

Best effort: to the minute, and not at all where the data folder is read-only.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER: Final = "access"
EVERY_S: Final = 60.0


class LastUse:
    """Notes uses of keys in a data folder, of each at most once a minute. `clock` is in seconds."""

    def __init__(self, data: Path | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = data / FOLDER if data is not None else None
        self._clock = clock
        self._noted: dict[str, float] = {}

    def note(self, key_id: str) -> None:
        """Note that a key is used now. Only ids that are known may come here: each has its file."""
        now = self._clock()
        if self._folder is None or now < self._noted.get(key_id, float("-inf")) + EVERY_S:
            return
        self._noted[key_id] = now
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            file = self._folder / key_id
            file.touch(mode=0o600)
            os.utime(file)


def find_last_use(data: Path, key_id: str) -> dt.datetime | None:
    """When a key was used last, in UTC; None if that was never noted."""
    try:
        return dt.datetime.fromtimestamp((data / FOLDER / key_id).stat().st_mtime, dt.UTC)
    except OSError:
        return None


def forget(data: Path, key_id: str) -> None:
    """Remove what was noted of a key."""
    with suppress(OSError):
        (data / FOLDER / key_id).unlink()
