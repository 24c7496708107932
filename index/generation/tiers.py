"""Which neighbouring pieces of something that grows at its end should become one: tiers.

A piece's tier is the logarithm of its size. When there are `TIER` of a tier, and none of a higher one between them,
they become one, and smaller ones among them with them. So what grows one by one to a million is rewritten some four
times in all, and has some thirty pieces at most. A large piece that is mostly dead is rewritten by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TIER: Final = 8
"""Neighbours of a tier that are merged. Fewer would mean fewer pieces to look at, and more rewriting: each article is
rewritten once a tier, and there are log(archive) / log(`TIER`) of those."""

SMALLEST_TIER: Final = 1000
"""Articles up to which pieces are of the lowest tier: rewriting so few takes some milliseconds."""

DEAD_SHARE: Final = 1 / 3
"""A piece with more than this share of its articles dead is rewritten, if it is not of the lowest tier."""

WAITING: Final = 3 * TIER
"""Neighbours of a tier that are merged however large they are together: waiting longer would cost more."""


@dataclass(frozen=True, slots=True)
class Size:
    """What `find_merge` goes by: articles, and how many of them were deleted or replaced since."""

    articles: int
    dead: int

    @property
    def live(self) -> int:
        """Articles that are still of use."""
        return self.articles - self.dead

    @property
    def tier(self) -> int:
        """The tier, from 0."""
        if self.live <= SMALLEST_TIER:
            return 0
        return 1 + int(math.log(self.live / SMALLEST_TIER, TIER) + 1e-9)


def find_merge(sizes: Sequence[Size], *, most_merged: float = math.inf) -> slice | None:
    """Which neighbours should become one now, or `None`: of those with at most `most_merged` articles together.

    Larger ones wait, for a time when nobody waits for them; but not once there are `WAITING` of them.
    """
    for run in _due(sizes):
        if sum(size.live for size in sizes[run]) <= most_merged or run.stop - run.start >= WAITING:
            return run
    return None


def _due(sizes: Sequence[Size]) -> Iterator[slice]:
    for number, size in enumerate(sizes):
        if size.articles > SMALLEST_TIER and size.dead > DEAD_SHARE * size.articles:
            yield slice(number, number + 1)
    for tier in sorted({size.tier for size in sizes}):
        for run in _runs(sizes, tier):
            if sum(size.tier == tier for size in sizes[run]) >= TIER:
                yield run


def _runs(sizes: Sequence[Size], tier: int) -> Iterator[slice]:
    """Neighbours of that tier or lower ones."""
    start = 0
    for number, size in enumerate(sizes):
        if size.tier > tier:
            yield slice(start, number)
            start = number + 1
    yield slice(start, len(sizes))
