"""How often something may happen: `Rate`, and reading one from text such as `600/minute`.

A rate is a steady pace with a burst: `burst` times at once, then one every `interval_ns`. It says nothing of whom it
is for; `service.limiting.limiter` counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
MOST: Final = 1_000_000
"""The highest count of a rate: beyond it, say `0` and limit nothing."""

_RATE: Final = re.compile(rf"([0-9]{{1,7}})/({'|'.join(SECONDS)})")


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` times in `period_s` seconds, of which `burst` (0: all of them) may come at once."""

    count: int
    period_s: int = 60
    burst: int = 0

    @property
    def at_once(self) -> int:
        """How many may come at once."""
        return self.burst or self.count

    @property
    def interval_ns(self) -> int:
        """Nanoseconds after which one more is allowed, when none is left."""
        return self.period_s * 1_000_000_000 // self.count

    def __str__(self) -> str:
        unit = next((name for name, seconds in SECONDS.items() if seconds == self.period_s), f"{self.period_s} s")
        return f"{self.count}/{unit}"


def rate_from_text(text: str, burst: int = 0) -> Rate | None:
    """The rate that `600/minute` says; None for `0`, which limits nothing. Raises `ValueError` that says what is wrong.

    >>> rate_from_text("5/second")
    Rate(count=5, period_s=1, burst=0)
    """
    if text == "0":
        return None
    read = _RATE.fullmatch(text)
    if not read or not 1 <= int(read[1]) <= MOST:
        raise ValueError(f"must be 0 for none, or like 600/minute: 1 to {MOST} per {', '.join(SECONDS)}")
    return Rate(int(read[1]), SECONDS[read[2]], burst)
