"""What an open index costs a process of its own: time to open, time to the first answer, private memory after 100.

    python -m benchmarks.footprint PEER FOLDER QUESTIONS.json

Run by `benchmarks.compare` once for each index, so that nothing else is in the process; prints a `Footprint` as JSON.
The questions are asked in turn, every other one with facets.
"""

from __future__ import annotations

import argparse
import sys
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.machine import memory_mb, timed
from benchmarks.peers import peer_named
from benchmarks.questions import Question
from benchmarks.results import Footprint

if TYPE_CHECKING:
    from collections.abc import Iterable

MIXED: Final = 100


def footprint(peer_name: str, folder: Path, questions: Iterable[Question]) -> Footprint:
    """Open an index, ask, and look at this process's memory."""
    peer = peer_named(peer_name)
    mixed = [(question, number % 2 == 0) for number, question in enumerate(questions)]
    able = [(question, faceted) for question, faceted in mixed if peer.answers(question, is_faceted=faceted)]
    imported = memory_mb("RssAnon")
    opening, opened = timed(lambda: peer.open(folder))
    asking = [timed(opened.prepare(question, is_faceted=faceted))[0] for question, faceted in _cycled(able)]
    found = Footprint(
        peer=peer_name,
        open_ms=opening * 1000,
        first_ms=asking[0] * 1000 if asking else 0.0,
        imported_mb=imported,
        private_mb=memory_mb("RssAnon"),
        mapped_mb=memory_mb("RssFile"),
    )
    opened.close()
    return found


def _cycled(able: Iterable[tuple[Question, bool]]) -> Iterable[tuple[Question, bool]]:
    return islice(cycle(able), MIXED)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer")
    parser.add_argument("folder", type=Path)
    parser.add_argument("questions", type=Path)
    options = parser.parse_args()
    questions = msgspec.json.decode(options.questions.read_bytes(), type=tuple[Question, ...])
    sys.stdout.buffer.write(msgspec.json.encode(footprint(options.peer, options.folder, questions)))


if __name__ == "__main__":
    main()
