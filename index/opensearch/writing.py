"""Writing an index on the cluster: articles in bulk, and then, in one step, what they make searchable.

`IndexWriter.write` sends articles, and waits for each request before it sends the next, so the cluster sets the pace.
What the cluster is too busy for is sent again, later each time. Every article is written with the change number of the
store it was read at: sent twice it is written once, and an older one never takes the place of a newer. Nothing of it
can be found until `publish`, which makes it searchable and has the index say what it reflects.
"""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from index.errors import ArticleRefused, ClusterBusy, ClusterFull, ClusterUnreachable
from index.opensearch.client import FULL_DISK, TOO_MANY_REQUESTS, cause_of
from index.opensearch.schema import (
    IMPACT,
    INDEX_FORMAT,
    TYPICAL_LENGTHS,
    WORD,
    WORDS_MAPPING,
    Entry,
    impact_of,
    index_mapping,
    index_settings,
    words_settings,
)
from index.opensearch.state import State, index_name, meta_of, numbers_of, read_state, words_name, write_state

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from index.layout import Reflects
    from index.opensearch.client import Answer, Cluster

BYTES_AT_ONCE: Final = 4 * 2**20
"""Bytes of a request from which no more articles are put into it."""

PATIENCE_S: Final = 60.0
"""Seconds that a request is tried again and again."""

SHARD_S: Final = "10s"
"""How long the cluster itself waits for a shard that is not to be had."""

WORDS_REMEMBERED: Final = 1_000_000
"""Words that are known to be in the index, so that they are not sent again: some 100 MB at most."""

_RETRY_S: Final = (0.2, 10.0)
_FINE: Final = 300
_NOT_FOUND, _CONFLICT = 404, 409
_TRY_AGAIN: Final = frozenset({TOO_MANY_REQUESTS, 503})


@dataclass(frozen=True, slots=True)
class Gone:
    """An article that is not there any more."""

    serial: int


Item: TypeAlias = Entry | Gone


@dataclass(frozen=True, slots=True)
class _Action:
    """A part of a bulk request: its lines, and which article it is of, None for a word."""

    lines: bytes
    article: str | None


class IndexWriter:
    """Writes one index. Not for several threads, nor for two processes at once.

    `state` is what the index says of itself; no article that was written has a serial above `last_serial`.
    """

    def __init__(  # noqa: PLR0913 - what to write, and how to wait by name
        self,
        cluster: Cluster,
        name: str,
        state: State,
        *,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.state = state
        self._cluster = cluster
        self._patience_s = patience_s
        self._sleep = sleep
        self._clock = clock
        self._words: set[str] = set()
        self.last_serial = state.last_serial

    def write(self, items: Iterable[Item], *, change: int) -> int:
        """Write articles, as the store has them at a change; the number of them. They are on disk, on every copy.

        Raises `ArticleRefused`, `ClusterFull` or another `ClusterError`; some may have been written.
        """
        try:
            return self._write(items, change)
        except BaseException:
            self._words = set()  # some of them may not have been sent
            raise

    def _write(self, items: Iterable[Item], change: int) -> int:
        count, size = 0, 0
        waiting: list[_Action] = []
        for item in items:
            for action in self._actions(item, change):
                waiting.append(action)
                size += len(action.lines)
            count += 1
            if isinstance(item, Entry):  # what is gone says nothing of how far all others are written
                self.last_serial = max(self.last_serial, item.serial)
            if size >= BYTES_AT_ONCE:
                self._send(waiting)
                waiting, size = [], 0
        self._send(waiting)
        return count

    def publish(self, reflects: Reflects, *, now: dt.datetime, built_to: int | None = None) -> State:
        """Make what was written searchable, and have the index say that it reflects this. Raises `ClusterError`."""
        self._persist(lambda: write_state(self._cluster, self.name, replace(self.state, is_pending=True)))
        for name in (words_name(self.name), self.name):
            self._persist(lambda name=name: self._refresh(name))  # type: ignore[misc]  # mypy knows no bound default
        state = replace(
            self.state,
            reflects=reflects,
            last_serial=self.last_serial,
            created=now,
            is_pending=False,
            built_to=built_to,
        )
        self._persist(lambda: write_state(self._cluster, self.name, state))
        self.state = state
        return state

    def _refresh(self, name: str) -> None:
        shards = self._cluster.ask("POST", f"/{name}/_refresh")["_shards"]
        if shards["failed"]:
            raise ClusterBusy(f"{shards['failed']} of {shards['total']} shards of {name} could not be refreshed")

    def _actions(self, item: Item, change: int) -> Iterator[_Action]:
        to = {"_index": self.name, "_id": str(item.serial), "version": change, "version_type": "external"}
        if isinstance(item, Gone):
            yield _Action(_line({"delete": to}), f"of serial {item.serial}")
            return
        new = set().union(*item.terms.values()) - self._words
        if len(self._words) + len(new) > WORDS_REMEMBERED:
            self._words = set()
        self._words |= new
        for word in sorted(new):
            head = _line({"create": {"_index": words_name(self.name), "_id": word}})
            yield _Action(head + _line({WORD: word}), None)
        fields = {**item.fields, IMPACT: impact_of(item, self.state.lengths)}
        yield _Action(_line({"index": to}) + _line(fields), item.article)

    def _send(self, actions: list[_Action]) -> None:
        """Send all, and what the cluster was too busy for again."""
        left = actions

        def send() -> None:
            nonlocal left
            body = b"".join(action.lines for action in left)
            answer = self._cluster.ask("POST", "/_bulk", body, timeout=SHARD_S)
            left, reason = self._left(left, answer)
            if left:
                raise ClusterBusy(reason)

        if actions:
            self._persist(send)

    def _left(self, actions: list[_Action], answer: Answer) -> tuple[list[_Action], str]:
        """What is to be sent again, and why. Raises `ArticleRefused` or `ClusterFull`."""
        if not answer["errors"]:
            return [], ""
        left: list[_Action] = []
        why = ""
        for action, outcome in zip(actions, answer["items"], strict=True):
            [(operation, result)] = outcome.items()
            status = int(result["status"])
            if status < _FINE or status == _CONFLICT or (status, operation) == (_NOT_FOUND, "delete"):
                continue
            kind, reason = cause_of(result)
            if FULL_DISK in reason:
                raise ClusterFull(self.name, reason)
            if status not in _TRY_AGAIN:
                raise ArticleRefused(action.article or "that has a word", f"{kind}: {reason}")
            left.append(action)
            why = f"{kind}: {reason}"
        return left, why

    def _persist(self, attempt: Callable[[], None]) -> None:
        """Try until it succeeds, for `patience_s` seconds. Raises what the last attempt raised."""
        ends = self._clock() + self._patience_s
        wait_s = _RETRY_S[0]
        while True:
            try:
                attempt()
            except (ClusterBusy, ClusterUnreachable):
                if self._clock() + wait_s > ends:
                    raise
            else:
                return
            self._sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311 - so that writers don't come back at once
            wait_s = min(wait_s * 2, _RETRY_S[1])


def create_index(  # noqa: PLR0913 - three that say which, and what it is like by name
    cluster: Cluster,
    alias: str,
    reflects: Reflects,
    *,
    shards: int,
    replicas: int,
    now: dt.datetime,
    lengths: Mapping[str, float] = TYPICAL_LENGTHS,
) -> IndexWriter:
    """Make an empty index beside those that are there, and what writes it. It is searched once an alias is its.

    It is to have all articles as they are at the change that `reflects` says. Scores are made with `lengths`: see
    `schema.average_lengths`. Raises `ClusterError`.
    """
    number = max(numbers_of(cluster, alias, reflects.archive), default=0) + 1
    name = index_name(alias, reflects.archive, number)
    state = State(
        format=INDEX_FORMAT,
        token=secrets.token_hex(4),
        reflects=reflects,
        last_serial=0,
        created=now,
        cursor_key=secrets.token_hex(32),
        lengths=dict(lengths),
        built_to=0,
    )
    words = {"settings": {"index": words_settings(replicas=replicas)}, "mappings": WORDS_MAPPING}
    mapping = {**index_mapping(), "_meta": meta_of(state)}
    articles = {"settings": {"index": index_settings(shards=shards, replicas=replicas)}, "mappings": mapping}
    cluster.ask("DELETE", f"/{words_name(name)}", ignore_unavailable=True)  # left by a making that ended in between
    cluster.ask("PUT", f"/{words_name(name)}", words)  # first: an index of articles always has its words
    cluster.ask("PUT", f"/{name}", articles)
    return IndexWriter(cluster, name, state)


def open_writer(cluster: Cluster, name: str) -> IndexWriter:
    """What writes the index that a name or an alias stands for.

    Raises `NoClusterIndex`, `ClusterIndexVersion` or another `ClusterError`.
    """
    return IndexWriter(cluster, *read_state(cluster, name))


def _line(value: Any) -> bytes:  # noqa: ANN401 - JSON
    return msgspec.json.encode(value) + b"\n"
