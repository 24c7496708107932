"""The rules that articles are understood by, as they are now: loaded when first needed, and again when topics change.

An archive may have topics of its own, in `topics.toml`, that its keeper edits while the service runs. A file that
cannot be read as rules changes nothing: the rules before it go on, and the log says so, once for each version of it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from index.errors import DataFileError
from service.kept_file import file_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from index.ingest.ingestion import Understanding


class CurrentRules:
    """What understands articles now. Safe to use from many threads.

    `load` makes it, raising `DataFileError` if rules are wrong; it is called again when `path` changes. `report` is
    told of rules that are wrong while older ones go on.
    """

    def __init__(
        self,
        load: Callable[[], Understanding],
        path: Path,
        report: Callable[[DataFileError], None] = lambda _error: None,
    ) -> None:
        self._load = load
        self._path = path
        self._report = report
        self._loading = threading.Lock()
        self._stamp: Hashable = None
        self._current: Understanding | None = None

    def current(self) -> Understanding:
        """The rules. Raises `DataFileError` if they are wrong and there are none from before."""
        with self._loading:
            stamp = file_stamp(self._path)
            if self._current is None:
                self._current = self._load()
            elif stamp != self._stamp:
                try:
                    self._current = self._load()
                except DataFileError as error:
                    self._report(error)
            self._stamp = stamp
            return self._current
