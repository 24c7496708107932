"""Indexing, measured: the same articles written by every library, in one order of libraries and then in the other.

`Archive` gives the articles, held in memory where they fit. `write_all` has every library write its index alone and
takes the time; `Index` is a library's index with those times. `footprint_of` opens one in a process of its own.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.corpora import Corpus
from benchmarks.machine import bytes_of, cpu_seconds, free_bytes, timed
from benchmarks.peers import DATELINE, Peer, peer_named
from benchmarks.results import Footprint, Written
from index.fields import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.questions import Question

ARTICLE_BYTES: Final = 5_000
"""What a held article takes in memory, about."""
WARM_UP: Final = 50
"""Articles indexed, and thrown away, before any clock starts: compiled code is compiled then."""
TWICE_S: Final = 60.0
"""Indexing that takes longer is not done again: not in the other order, and not as by default."""
BY_DEFAULT: Final = (DATELINE, "tantivy")
"""Whose indexing is measured as they do it by default, too."""


@dataclass(slots=True)
class Archive:
    """The articles of a corpus: held, or made each time they are asked for. `making_seconds` is what that took last.

    `count` is how many there are; of a corpus that does not say, they are held.
    """

    corpus: Corpus
    count: int
    held: tuple[Record, ...] | None
    making_seconds: float = 0.0

    @classmethod
    def of(cls, corpus: Corpus) -> Archive:
        """The archive, held if it is known to fit into half of the free memory, or if nobody knows its size."""
        if corpus.count is not None and corpus.count * ARTICLE_BYTES > free_bytes() / 2:
            return cls(corpus, corpus.count, None)
        held = tuple(corpus.records())
        return cls(corpus, len(held), held)

    def records(self) -> Iterator[Record]:
        """The articles."""
        self.making_seconds = 0.0
        return iter(self.held) if self.held is not None else self._made()

    def _made(self) -> Iterator[Record]:
        source = iter(self.corpus.records())
        while True:
            seconds, record = timed(lambda: next(source, None))
            self.making_seconds += seconds
            if record is None:
                return
            yield record


@dataclass(frozen=True, slots=True)
class Index:
    """A library's index of an archive, and the (wall, processor) seconds of each time it was written."""

    peer: Peer
    name: str
    folder: Path
    alone: list[tuple[float, float]] = field(default_factory=list)
    default: list[tuple[float, float]] = field(default_factory=list)

    def written(self) -> Iterator[Written]:
        """What is kept of it."""
        for is_alone, runs in ((True, self.alone), (False, self.default)):
            if runs:
                yield Written(
                    peer=self.name,
                    is_alone=is_alone,
                    seconds=statistics.median(wall for wall, _ in runs),
                    cpu_seconds=statistics.median(cpu for _, cpu in runs),
                    runs=len(runs),
                    bytes=bytes_of(self.folder),
                )


def write_all(names: Sequence[str], archive: Archive, folder: Path, say: Callable[[str], None]) -> tuple[Index, ...]:
    """Have each library write its index under a folder: warmed up, in this order, in the other, and as by default."""
    indexes = tuple(Index(peer_named(name), name, folder / name) for name in names)
    few = tuple(islice(archive.records(), WARM_UP))
    for index in indexes:
        index.peer.write(folder / "warm", few, is_alone=True)
        shutil.rmtree(folder / "warm")
    for index in (*indexes, *reversed(indexes)):
        if not index.alone or index.alone[0][0] < TWICE_S:
            shutil.rmtree(index.folder, ignore_errors=True)
            index.alone.append(_write(index.peer, index.folder, archive, is_alone=True))
            say(f"  {index.peer.title} wrote it in {index.alone[-1][0]:.1f} s")
    for index in indexes:
        if index.name in BY_DEFAULT and index.alone[0][0] < TWICE_S:
            index.default.append(_write(index.peer, folder / "default", archive, is_alone=False))
            shutil.rmtree(folder / "default")
    return indexes


def footprint_of(index: Index, questions: Sequence[Question], folder: Path) -> Footprint:
    """What the index costs a fresh process that answers these questions."""
    file = folder / "questions.json"
    file.write_bytes(msgspec.json.encode(questions))
    command = (sys.executable, "-m", "benchmarks.footprint", index.name, str(index.folder), str(file))
    found = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603 - our own module
    return msgspec.json.decode(found.stdout, type=Footprint)


def _write(peer: Peer, folder: Path, archive: Archive, *, is_alone: bool) -> tuple[float, float]:
    """(wall, processor) seconds to write an index, the making of the articles taken off both."""
    spent, started = cpu_seconds(), time.perf_counter()
    peer.write(folder, archive.records(), is_alone=is_alone)
    wall, cpu = time.perf_counter() - started, cpu_seconds() - spent
    return wall - archive.making_seconds, cpu - archive.making_seconds
