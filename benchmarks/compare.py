"""Dateline and its peers on one archive: the same articles, the same questions, the same process, in both orders.

    python -m benchmarks.compare synthetic-20000 [--peers dateline tantivy …] [--results FOLDER]

Every library indexes the archive (`benchmarks.writing`), each question goes to all libraries (`benchmarks.asking`), and
then each index is opened by a process of its own for its footprint. What comes of it is one file of results.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.asking import ask_all
from benchmarks.corpora import NAMES, find_corpus
from benchmarks.machine import say, this_machine
from benchmarks.peers import PEERS, peer_named
from benchmarks.questions import PER_CLASS, choose_questions
from benchmarks.results import RESULTS, Comparison, keep
from benchmarks.writing import Archive, footprint_of, write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.corpora import Corpus

ROUNDS: Final = 5
SAMPLE: Final = 10_000
"""Articles that questions are chosen from: the first of the archive, or of the endless one that it begins."""


def compare(  # noqa: PLR0913 - what to measure, and how thoroughly by name
    corpus: Corpus,
    names: Sequence[str],
    folder: Path,
    *,
    rounds: int = ROUNDS,
    per_class: int = PER_CLASS,
    sample: int = SAMPLE,
    tell: Callable[[str], None] = lambda _line: None,
) -> Comparison:
    """Measure libraries on an archive, their indexes under `folder`. Those that are not installed are left out."""
    peers = {name: peer_named(name) for name in names if peer_named(name).is_installed()}
    archive = Archive.of(corpus)
    begun = tuple(islice(corpus.whole(), sample))
    questions = choose_questions(begun, per_class=per_class)
    words = statistics.fmean(len(record.body.split()) for record in begun)
    del begun
    tell(f"{corpus.title}: {archive.count:,} articles, {len(questions)} questions")
    gc.collect()
    gc.freeze()  # what is held is not for the collector to walk through while a library works
    indexes = write_all(tuple(peers), archive, folder, tell)
    with ExitStack() as stack:
        opened = {index.name: (index.peer, index.peer.open(index.folder)) for index in indexes}
        for _, opening in opened.values():
            stack.callback(opening.close)
        asked = tuple(
            row for is_faceted in (True, False) for row in ask_all(opened, questions, rounds, is_faceted=is_faceted)
        )
    gc.unfreeze()
    footprints = tuple(footprint_of(index, questions, folder) for index in indexes)
    return Comparison(
        machine=this_machine({name: peer.version() for name, peer in peers.items()}),
        corpus=corpus.name,
        title=corpus.title,
        articles=archive.count,
        mean_words=words,
        peers=tuple(peers),
        missing=tuple(name for name in names if name not in peers),
        written=tuple(written for index in indexes for written in index.written()),
        footprints=footprints,
        asked=asked,
    )


def main() -> None:
    """Compare, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", help=NAMES)
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--per-class", type=int, default=PER_CLASS, metavar="QUESTIONS")
    options = parser.parse_args()
    try:
        corpus = find_corpus(options.corpus)
    except ValueError as error:
        parser.error(str(error))
    if corpus is None:
        say(f"{options.corpus} is not on this machine: left out")
        return
    with tempfile.TemporaryDirectory() as folder:
        result = compare(
            corpus, options.peers, Path(folder), rounds=options.rounds, per_class=options.per_class, tell=say
        )
    say(f"  kept in {keep(result, options.results)}")


if __name__ == "__main__":
    main()
