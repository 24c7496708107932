"""What an index on the cluster says of itself, and how indexes are named.

An alias is what the settings name, and what is searched. It stands for one index of articles, which is called
`<alias>-<archive>-<number>` and has its words in another, `…-words`. `State` is kept in the mapping of the index of
articles, so that it lives and goes with it: `read_state` reads it, `write_state` replaces it in one step.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from index.errors import ClusterBusy, ClusterError, ClusterIndexVersion, NoClusterIndex
from index.layout import Reflects
from index.opensearch.client import Refused
from index.opensearch.schema import INDEX_FORMAT, TYPICAL_LENGTHS

if TYPE_CHECKING:
    from index.opensearch.client import Cluster

STATE_S: Final = 5.0
"""Seconds that a node may take to say what it knows of an index. It waits for no other, so more means that it hangs."""

_META: Final = "dateline"
_WORDS: Final = "-words"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What an index reflects, all of it searchable: never ahead of what a search can see.

    `format` is the `INDEX_FORMAT` of its maker. `token` (8 hex digits) tells this index from any other. `last_serial`:
    no article has a higher one. `created` is when it came to reflect this, in UTC. `cursor_key` (64 hex digits) signs
    result cursors. `lengths` are the average lengths of text fields that scores are made with, as long as the index is
    there. `is_pending`: what comes next is being made searchable, so that a search may see some of it.

    An index that is still being made for the first time has all articles up to the serial `built_to`, as they were at
    the change it reflects; one that is complete has None. `replaced` is when another took its place, in UTC.
    """

    format: str
    token: str
    reflects: Reflects
    last_serial: int
    created: dt.datetime
    cursor_key: str
    lengths: Mapping[str, float] = field(default_factory=lambda: dict(TYPICAL_LENGTHS))
    is_pending: bool = False
    built_to: int | None = None
    replaced: dt.datetime | None = None

    @property
    def generation(self) -> str:
        """The id of what can be searched: the same for whoever sees the same."""
        return f"{self.reflects.change}-{self.token}"


msgspec.json.Decoder(State)  # so that msgspec knows it before several threads ask


def index_name(alias: str, archive: str, number: int) -> str:
    """What the index of that number of an archive is called."""
    return f"{alias}-{archive}-{number}"


def words_name(name: str) -> str:
    """What the words of an index are called."""
    return f"{name}{_WORDS}"


def numbers_of(cluster: Cluster, alias: str, archive: str) -> list[int]:
    """The numbers of the indexes that an archive has on the cluster, ascending. Raises `ClusterError`."""
    pattern = re.compile(rf"{re.escape(alias)}-{re.escape(archive)}-([1-9][0-9]*)")
    try:
        found = cluster.ask("GET", f"/_resolve/index/{alias}-{archive}-*")
    except NoClusterIndex:
        return []
    names = (pattern.fullmatch(entry["name"]) for entry in found["indices"])
    return sorted(int(name.group(1)) for name in names if name)


def read_state(cluster: Cluster, name: str) -> tuple[str, State]:
    """The index that a name, or an alias, stands for, and what it says of itself.

    Any node can say, also where nobody leads the cluster: `write_state` waits until all have heard. Raises
    `NoClusterIndex`, `ClusterIndexVersion` or another `ClusterError`.
    """
    found = cluster.ask("GET", f"/{name}/_mapping", timeout_s=STATE_S, local=True)
    if len(found) != 1:
        raise ClusterError(f"{name} stands for {len(found)} indexes: {', '.join(sorted(found))}. Keep one of them")
    [(index, mapping)] = found.items()
    return index, _state_from_meta(index, mapping["mappings"].get("_meta", {}).get(_META, {}))


def _state_from_meta(index: str, meta: dict[str, Any]) -> State:
    found = str(meta.get("format", "unknown"))
    if found != INDEX_FORMAT:
        raise ClusterIndexVersion(index, expected=INDEX_FORMAT, found=found)
    try:
        return msgspec.convert(meta, State)
    except msgspec.MsgspecError as error:
        raise ClusterIndexVersion(index, expected=INDEX_FORMAT, found=f"{found}, damaged: {error}") from error


def meta_of(state: State) -> dict[str, Any]:
    """What a mapping has of a state."""
    return {_META: msgspec.to_builtins(state)}


def write_state(cluster: Cluster, name: str, state: State) -> None:
    """Have an index say this of itself from now on, on every node. Raises `ClusterError`.

    A node that hung may carry out an older one late, and set it back until the indexer looks (docs/decisions/0022).
    """
    answer = cluster.ask("PUT", f"/{name}/_mapping", {"_meta": meta_of(state)})
    if not answer.get("acknowledged"):
        raise ClusterBusy(f"not every node has heard what {name} reflects")


def swap_alias(cluster: Cluster, alias: str, name: str, *, now: dt.datetime) -> None:
    """Have an alias stand for this index and no other, in one step. What it stood for until now says that it did.

    Raises `ClusterError`, also where an index itself goes by the alias.
    """
    try:
        before = sorted(cluster.ask("GET", f"/_alias/{alias}"))
    except Refused as error:  # there is no alias of that name
        if error.status != 404:  # noqa: PLR2004 - HTTP's number
            raise
        before = []
    others = [index for index in before if index != name]
    for index in others:
        with suppress(ClusterIndexVersion):
            write_state(cluster, index, replace(read_state(cluster, index)[1], replaced=now))
    removed = [{"remove": {"index": index, "alias": alias}} for index in others]
    cluster.ask("POST", "/_aliases", {"actions": [*removed, {"add": {"index": name, "alias": alias}}]})


def delete_index(cluster: Cluster, name: str) -> None:
    """Delete an index and its words, if they are there. Raises `ClusterError`."""
    cluster.ask("DELETE", f"/{name},{words_name(name)}", ignore_unavailable=True)
