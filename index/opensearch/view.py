"""An index on the cluster as it is at one moment: what answers are made from.

A `View` holds a point in time of the cluster: whatever is written, every search through it sees the same articles, on
all shards. The cluster may lose that, with a node or because nobody asked for long; if the index still reflects what it
did, another takes its place and nobody notices, and otherwise `ViewGone` says so.

The writer makes changes searchable shard by shard, and says before and after it does. So a view is opened between two
looks at the state of the index, and is what the state says if that was the same both times.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from index.errors import ClusterBusy, ClusterError, ClusterOverloaded, ClusterUnreachable, NoClusterIndex, ViewGone
from index.opensearch.client import REQUEST_S, TOO_MANY_BUCKETS, Refused
from index.opensearch.state import State, read_state, words_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from index.opensearch.client import Answer, Cluster

KEPT: Final = "10m"
"""How long the cluster keeps a point in time that nobody asks."""

OPENING_S: Final = 10.0
"""Seconds that an opening waits while changes are being made searchable; then it takes what it finds."""

PATIENCE_S: Final = 10.0
"""Seconds that a search waits while shards are not to be had, as when a node was lost.

They begin when it is told so: where a node hangs, it takes the cluster half a minute to say that it is lost.
"""

_POLL_S: Final = 0.05
_LONGEST_WAIT_S: Final = 1.0

_SERVER_ERROR: Final = 500
"""From this status on the cluster says that it failed; that a node is lost has many names there."""

_LOST: Final = frozenset({"search_context_missing_exception", "index_not_found_exception", "shard_not_found_exception"})


class View:
    """An index as it is at one moment. Safe to use from many threads. Make one with `open_view`."""

    def __init__(self, cluster: Cluster, name: str, state: State, generation: str, point: str) -> None:
        self.cluster = cluster
        self.name = name
        self.words = words_name(name)
        self.state = state
        self.generation = generation
        self._point = point
        self._lock = threading.Lock()
        self._users = 0
        self._is_closed = False

    def search(
        self,
        body: Mapping[str, Any],
        *,
        patience_s: float = PATIENCE_S,
        timeout_s: float = REQUEST_S,
        **parameters: str,
    ) -> Answer:
        """Ask all shards; the answer is whole. Raises `ViewGone`, `ClusterBusy` or another `ClusterError`."""
        with self._used():
            return self._search(body, patience_s, timeout_s, parameters)

    def close(self) -> None:
        """Have the cluster forget the point in time, after the searches under way. May be called twice."""
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
        if not was_closed:
            self._forget_unused()

    @contextmanager
    def _used(self) -> Iterator[None]:
        with self._lock:
            if self._is_closed:
                raise ViewGone(self.name, self.generation)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
            self._forget_unused()

    def _forget_unused(self) -> None:
        with self._lock:
            is_over = self._is_closed and not self._users
        if is_over:
            _forget(self.cluster, self._point)

    def _search(
        self, body: Mapping[str, Any], patience_s: float, timeout_s: float, parameters: Mapping[str, str]
    ) -> Answer:
        """Ask until all shards answer."""
        wait_s, ends = _POLL_S, math.inf
        while True:
            point = self._point
            try:
                return self._asked(point, body, timeout_s, parameters)
            except ClusterOverloaded:
                raise  # to ask again would make it worse
            except (ClusterBusy, NoClusterIndex) as error:
                failure: ClusterError = error
            except Refused as error:
                if not _may_pass(error):
                    raise
                failure = error
            ends = min(ends, time.monotonic() + patience_s)
            if time.monotonic() > ends:
                raise ClusterBusy(str(failure)) from failure
            time.sleep(wait_s)
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            with suppress(ClusterBusy, ClusterUnreachable, Refused):
                self._renew(point)

    def _asked(self, point: str, body: Mapping[str, Any], timeout_s: float, parameters: Mapping[str, str]) -> Answer:
        answer = self.cluster.ask(
            "POST",
            "/_search",
            {**body, "pit": {"id": point, "keep_alive": KEPT}},
            timeout_s=timeout_s,
            allow_partial_search_results=False,
            **parameters,
        )
        shards = answer["_shards"]
        if shards["failed"] or shards["successful"] != shards["total"]:
            raise ClusterBusy(f"{shards['failed']} of {shards['total']} shards of {self.name} failed")
        return answer

    def _is_same(self, state: State) -> bool:
        return state.generation == self.state.generation and state.is_pending == self.state.is_pending

    def _renew(self, lost: str) -> None:
        """Take another point in time of what is still the same. Raises `ViewGone`."""
        with self._lock:
            if self._point != lost:
                return
            try:
                _, before = read_state(self.cluster, self.name)
                point = _point_in_time(self.cluster, self.name)
                after = _state_after(self.cluster, self.name, point)
            except NoClusterIndex:
                raise ViewGone(self.name, self.generation) from None
            if not self._is_same(before) or not self._is_same(after):
                _forget(self.cluster, point)
                raise ViewGone(self.name, self.generation)
            self._point = point
        _forget(self.cluster, lost)


def open_view(
    cluster: Cluster, name: str, *, opening_s: float = OPENING_S, clock: Callable[[], float] = time.monotonic
) -> View:
    """Open what a name or an alias stands for.

    Where changes are only half searchable and whoever makes them so is gone for `opening_s` seconds, what is there is
    opened under an id of its own, as it may be a mixture. For so long, too, it tries where nodes are lost. Raises
    `NoClusterIndex`, `ClusterIndexVersion` or another `ClusterError`.
    """
    ends = clock() + opening_s
    while True:
        index, before = read_state(cluster, name)
        is_late = clock() > ends
        if not before.is_pending or is_late:
            try:
                point = _point_in_time(cluster, index)
            except Refused as error:  # a node was lost while its shards were being held
                if is_late or not _may_pass(error):
                    raise
            else:
                if _state_after(cluster, index, point) == before:
                    mixture = f"+{secrets.token_hex(4)}" if before.is_pending else ""
                    return View(cluster, index, before, before.generation + mixture, point)
                _forget(cluster, point)
        time.sleep(_POLL_S)


def generation_of(cluster: Cluster, name: str) -> str:
    """The id of what `open_view` would open now: it changes when something else is published. Quick."""
    return read_state(cluster, name)[1].generation


def _may_pass(error: Refused) -> bool:
    """Whether another point in time may be answered: not where the question was at fault."""
    if error.is_out_of_time or error.kind == TOO_MANY_BUCKETS:
        return False
    return error.kind in _LOST or error.status >= _SERVER_ERROR


def _point_in_time(cluster: Cluster, index: str) -> str:
    answer = cluster.ask("POST", f"/{index}/_search/point_in_time", keep_alive=KEPT, allow_partial_pit_creation=False)
    return str(answer["pit_id"])


def _state_after(cluster: Cluster, index: str, point: str) -> State:
    """What an index says of itself now that a point in time was taken, which is forgotten where it cannot say."""
    try:
        return read_state(cluster, index)[1]
    except ClusterError:
        _forget(cluster, point)
        raise


def _forget(cluster: Cluster, point: str) -> None:
    with suppress(ClusterError):  # it forgets by itself in the end
        cluster.ask("DELETE", "/_search/point_in_time", {"pit_id": [point]})
