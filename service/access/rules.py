"""The register as this process knows it now: read again when the file was replaced, and never older than a second.

While the file cannot be used, `Rules.register` raises: no key, token or site is known then.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from service.access.register import FILE, AccessError, Register, read_register
from service.kept_file import LOOK_EVERY_S, Followed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_EMPTY = Register()


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
        self._followed = data and Followed(
            data / FILE,
            partial(read_register, data),
            AccessError,
            look_every_s=look_every_s,
            report=report,
            clock=clock,
        )

    @property
    def register(self) -> Register:
        """The register. Raises `AccessError` while its file cannot be used."""
        return self._followed.current if self._followed else _EMPTY
