"""Everything on the page about performance, measured one part after another, and the page made anew.

    python -m benchmarks.run [--quick] [--only reuters service …] [--results FOLDER] [--page FILE]

Each part is a process of its own, so that none inherits memory from another, and leaves one file of results; a part
that fails is named at the end and the others go on. `--quick` does it all at a small size, in some minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.machine import ROOT, say, timed
from benchmarks.peers import PEERS
from benchmarks.report import PAGE
from benchmarks.results import RESULTS

SLOW: Final = frozenset({"whoosh_stock"})
"""Libraries that are spared large archives: Whoosh would take a quarter of an hour to index 100,000 articles."""
SMALL: Final = frozenset({"whoosh_stock", "sqlite_fts5", "bm25s"})
"""Libraries that are spared the largest archive: what they do there is in proportion to the one before."""
QUICK_RESULTS: Final = ROOT / "build" / "bench" / "results"
QUICK_PAGE: Final = ROOT / "build" / "bench" / "performance.md"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the measurements: a module, and what it is told."""

    name: str
    module: str
    arguments: tuple[str, ...]


def compared(corpus: str, *, without: frozenset[str] = frozenset(), more: tuple[str, ...] = ()) -> Part:
    """The part that measures one archive with all peers but some."""
    peers = [name for name in PEERS if name not in without]
    return Part(corpus, "benchmarks.compare", (corpus, "--peers", *peers, *more))


SERVICE: Final = "service"
WHOLE: Final = (
    compared("reuters"),
    compared("kcna", without=SLOW),
    compared("synthetic-20000", without=SLOW),
    compared("synthetic-100000", without=SLOW),
    Part(SERVICE, "benchmarks.over_http", ()),
    compared("synthetic-1000000", without=SMALL, more=("--per-class", "4")),
)
_FEW: Final = ("--per-class", "2", "--rounds", "3")
QUICK: Final = (
    compared("synthetic-1000", more=_FEW),
    compared("synthetic-5000", without=SLOW, more=_FEW),
    Part(SERVICE, "benchmarks.over_http", ("--articles", "1000", "--seconds", "2")),
)


def run(part: Part, results: Path) -> bool:
    """Measure a part; whether it came to an end."""
    say(f"{part.name} …")
    command = (sys.executable, "-m", part.module, *part.arguments, "--results", str(results))
    seconds, done = timed(lambda: subprocess.run(command, check=False, cwd=ROOT))  # noqa: S603 - our own module
    say(f"  {seconds:.0f} s{'' if done.returncode == 0 else ', and it FAILED'}")
    return done.returncode == 0


def main() -> None:
    """Measure, then write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, kept in build/bench")
    parser.add_argument("--only", nargs="+", metavar="PART", help=f"of {', '.join(part.name for part in WHOLE)}")
    parser.add_argument("--results", type=Path, default=None)
    parser.add_argument("--page", type=Path, default=None)
    options = parser.parse_args()
    results = options.results or (QUICK_RESULTS if options.quick else RESULTS)
    page = options.page or (QUICK_PAGE if options.quick else PAGE)
    parts = QUICK if options.quick else WHOLE
    unknown = set(options.only or ()) - {part.name for part in parts}
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(part.name for part in parts)}")
    chosen = [part for part in parts if not options.only or part.name in options.only]
    failed = [part.name for part in chosen if not run(part, results)]
    made = run(Part("page", "benchmarks.report", ("--page", str(page))), results)
    if failed or not made:
        sys.exit(f"failed: {', '.join([*failed, *([] if made else ['page'])])}")


if __name__ == "__main__":
    main()
