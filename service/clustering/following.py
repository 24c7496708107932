"""What a cluster is answered from: what its alias stands for, as long as the cluster answers.

`ClusterFollowing` is what `search.reloading` asks, as `service.following.Following` is for a data folder. Its `stamp`
changes when something else is published, which it looks for a few times in a second; and when the cluster has not
answered for some seconds, so that this process then says that it is not ready, and others can be asked instead.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from index.errors import ClusterBusy, ClusterError, ClusterRefused, ClusterUnreachable
from search.reloading import Opening
from service.clustering.told import NotAsOnCluster

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from service.archive import Archive

LOOK_EVERY_S: Final = 0.25
"""How often the cluster is asked whether something else is published."""

DOWN_AFTER_S: Final = 3.0
"""A cluster that has not answered for so long is said to be down. A node that is lost takes less."""

_SILENT: Final = (ClusterUnreachable, ClusterBusy, ClusterRefused)
"""Why nothing can be searched, whatever is open."""


class ClusterFollowing:
    """Opens what the alias stands for. `generation_of` says what that is now, `open_archive` opens it."""

    def __init__(
        self,
        generation_of: Callable[[], str],
        open_archive: Callable[[], Archive],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._generation_of = generation_of
        self._open_archive = open_archive
        self._clock = clock
        self._seen: Hashable = None
        self._look_at = float("-inf")
        self._silent_since: float | None = None

    def stamp(self) -> Hashable:
        """Changes with what the alias stands for, and when the cluster is silent or speaks again."""
        now = self._clock()
        if now < self._look_at:
            return self._seen
        try:
            self._seen = self._generation_of()
            self._silent_since = None
        except ClusterError as error:
            self._silent_since = now if self._silent_since is None else self._silent_since
            if self._seen is None or now - self._silent_since >= DOWN_AFTER_S:
                self._seen = (type(error).__name__, str(error))
        self._look_at = self._clock() + LOOK_EVERY_S
        return self._seen

    def open_current(self, lent: Archive | None) -> Opening[Archive]:
        """What to answer from: what the alias stands for; what is lent, if that is it or cannot be opened.

        Nothing, where the cluster does not answer at all.
        """
        try:
            archive = self._open_archive()
        except ClusterError as error:
            other = None if isinstance(error, _SILENT) else lent
            return Opening(other, NotAsOnCluster(error, other.generation if other else None))
        if lent and lent.generation == archive.generation:
            archive.close()
            return Opening(lent)
        return Opening(archive)
