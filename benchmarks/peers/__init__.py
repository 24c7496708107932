"""The libraries that Dateline is compared with, each driven as its documentation says, behind one small protocol.

A `Peer` writes an index of records into a folder and opens it; what it opened answers questions. What is timed is
`write`, `open` and the asking of a prepared question; `summary` reads an answer afterwards, to see whether libraries
agree. Each peer is a module: `dateline` (ours), `tantivy`, `whoosh_stock`, `sqlite_fts5`, `bm25s`; `peer_named` finds
one. What is no dependency of Dateline may be missing: `is_installed` says whether a peer can be run here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from benchmarks.questions import Question
    from index.fields import Record

DATELINE: Final = "dateline"
PEERS: Final = (DATELINE, "tantivy", "whoosh_stock", "sqlite_fts5", "bm25s")


@dataclass(frozen=True, slots=True)
class Summary:
    """What an answer says: how many articles match, and for each facet how many have which value.

    A facet that is narrowed by the question itself is left out: Dateline counts it as if it were not, others do not.
    """

    total: int
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class Opened(Protocol):
    """An open index."""

    def prepare(self, question: Question, *, is_faceted: bool) -> Callable[[], Any]:
        """What asks the question when called: the library's own query is made here, once.

        Its answer holds the exact number of matches, the best ten, and the four facets if they are wanted.
        """
        ...

    def summary(self, question: Question, answer: Any) -> Summary:  # noqa: ANN401 - what was answered
        """What an answer says."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class Peer(Protocol):
    """A library. `title` is what tables call it; `analysis` and `lacks` are said of it on the page."""

    title: str
    analysis: str
    lacks: str

    def is_installed(self) -> bool:
        """Whether it can be run here."""
        ...

    def version(self) -> str:
        """Its version; it must be installed."""
        ...

    def write(self, folder: Path, records: Iterable[Record], *, is_alone: bool) -> None:
        """Index records into an empty folder, analysis included. `is_alone`: with one thread or process of work."""
        ...

    def open(self, folder: Path) -> Opened:
        """Open what was written, ready to answer."""
        ...

    def answers(self, question: Question, *, is_faceted: bool) -> bool:
        """Whether it can answer such a question at all."""
        ...


def peer_named(name: str) -> Peer:
    """The peer of that name. Raises `ValueError` if there is none."""
    if name not in PEERS:
        raise ValueError(f"there is no peer {name!r}; there are {', '.join(PEERS)}")
    peer: Peer = importlib.import_module(f"benchmarks.peers.{name}").PEER
    return peer
