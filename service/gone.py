"""Asking again where what was being read is gone: whoever asked need not know.

A node of a cluster is lost with what was being read of the index, and something newer was published since. That is
opened within moments, so what reads the archive for a reader is decorated with `again_if_gone`: routes that answer from
a lease of it, and what they share.
"""

from __future__ import annotations

import functools
import math
import time
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from index.errors import ViewGone

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE_S: Final = 15.0
"""How long something newer is waited for, from when it is told that what was read is gone."""

POLL_S: Final = 0.05


def again_if_gone(read: Callable[P, R]) -> Callable[P, R]:
    """Call `read` again where it raises `ViewGone`, until `PATIENCE_S` have passed since it first did.

    It takes the lease itself, a newer one each time, and what it did before may be done again.
    """

    @functools.wraps(read)
    def reading(*arguments: P.args, **options: P.kwargs) -> R:
        until = math.inf
        while True:
            try:
                return read(*arguments, **options)
            except ViewGone:
                until = min(until, time.monotonic() + PATIENCE_S)
                if time.monotonic() > until:
                    raise
            time.sleep(POLL_S)

    return reading
