"""The register as this process knows it now: read again when the file was replaced, and never older than a second.

While the file cannot be used, `Rules.register` raises: no key, token or site is known then.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from service.access.register import FILE, AccessError, Register, read_register

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOOK_EVERY_S: Final = 0.25


class Rules:
    """Follows the register of a data folder. Safe to use from many threads. `clock` is in seconds."""

    def __init__(
        self,
        data: Path | None,
        *,
        look_every_s: float = LOOK_EVERY_S,
        report: Callable[[AccessError], None] = lambda _error: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data = data
        self._look_every_s = look_every_s
        self._report = report
        self._clock = clock
        self._lock = threading.Lock()
        self._look_at = float("-inf")
        self._seen: object = None
        self._known: Register | AccessError = Register()

    @property
    def register(self) -> Register:
        """The register. Raises `AccessError` while its file cannot be used."""
        if self._data is not None and self._clock() >= self._look_at:
            with self._lock:
                self._look(self._data)
        if isinstance(self._known, AccessError):
            raise self._known.with_traceback(None)
        return self._known

    def _look(self, data: Path) -> None:
        """Read the file if it is not the one read last."""
        now = self._clock()
        if now < self._look_at:
            return
        seen = _stamp(data / FILE)
        if seen != self._seen:
            try:
                self._known = read_register(data)
            except AccessError as error:
                self._known = error
                self._report(error)
            self._seen = seen
        self._look_at = now + self._look_every_s


def _stamp(path: Path) -> object:
    """What changes when a file is replaced or written to."""
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
