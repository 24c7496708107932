"""Readers ask while articles are added and published one after the other: every answer is of one generation."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from index.archive.store import Store
from index.generation.publish import create_data_folder
from index.layout import DataFolder
from search.engine import DateFacet, Interval, SearchRequest, ValueFacet
from search.facets import DateFacetView
from search.query import Term
from service.settings import Settings
from service.wiring import archives_of
from tests.torture.dealings import Deed, do, indexer_of

if TYPE_CHECKING:
    from pathlib import Path

    from search.facets import ValueFacetView
    from tests.torture.conftest import Rounds

READERS = 4
THREADS = 2
PATIENCE_S = 30

READER = """
import json, sys
from pathlib import Path
from tests.torture.test_readers import read
print(json.dumps(read(Path(sys.argv[1]))))
"""


class _Quiet:
    """A log for nobody; what is wrong is in what readers saw."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def info(self, event: str, **values: object) -> None:
        """Nothing to see."""

    def error(self, event: str, **values: object) -> None:
        """Keep it."""
        self.errors.append(f"{event}: {values}")


def _counted(facet: ValueFacetView | DateFacetView) -> int:
    """How many articles the buckets of a date facet count, and those without a date."""
    assert isinstance(facet, DateFacetView)
    return sum(count for _, count in facet.buckets) + facet.missing


def read(data: Path) -> dict[str, object]:
    """Ask from two threads, and tell what was seen and what was wrong.

    Goes on until there are as many articles as a line on standard input says.
    """
    log, stop = _Quiet(), threading.Event()
    archives = archives_of(Settings(data=data, reload_check_ms=1), log)
    archives.start(wait_s=30)
    wrong: list[str] = []
    generations: set[str] = set()
    asked = [0] * THREADS
    most_open = 0

    def ask(thread: int) -> None:
        nonlocal most_open
        facets = (ValueFacet("topic"), DateFacet(Interval.YEAR))
        everything, words = SearchRequest(facets=facets, limit=10), SearchRequest(query=Term("rice"), limit=10)
        seen = 0
        while not stop.is_set():
            most_open = max(most_open, archives.open_count)
            try:
                with archives.lease() as archive:
                    hits, others = archive.searcher.search(everything), archive.searcher.search(words)
                    generations.add(archive.generation)
                    totals = (hits.total, others.total, archive.articles)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what this looks for
                wrong.append(repr(error))
                continue
            days = _counted(hits.facets["date"])
            if {hits.generation, others.generation} != {archive.generation}:
                wrong.append(f"an answer of {hits.generation} from {archive.generation}")
            if len({*totals, days}) != 1:
                wrong.append(f"counts of {archive.generation} that do not agree: {totals}, {days}")
            if hits.total < seen:
                wrong.append(f"{hits.total} articles after {seen}")
            seen = hits.total
            asked[thread] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    sys.stdout.write("asking\n")
    sys.stdout.flush()
    expected, last, until = int(sys.stdin.readline()), 0, time.monotonic() + PATIENCE_S
    while last != expected and time.monotonic() < until:
        with archives.lease() as archive:
            last = archive.articles
    stop.set()
    for thread in threads:
        thread.join()
    archives.close()
    return {
        "wrong": [*wrong, *log.errors],
        "generations": len(generations),
        "asked": sum(asked),
        "most_open": most_open,
        "last": last,
    }


def test_readers_see_whole_generations_that_never_go_back(quick_folder: Path, rounds: Rounds) -> None:
    """Four processes with two threads each, and a thousand publishes: no error, and every answer of one generation."""
    data = DataFolder(quick_folder / "data")
    create_data_folder(data)
    publishes = rounds(40, 1000)
    with Store.open(data.archive) as store, indexer_of(data) as indexer:

        def add(number: int) -> None:
            do(store, Deed(((f"report-{number}", f"the price of rice rose, report {number}"),)))
            indexer.step()

        add(0)
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", READER, str(data.path)]
        readers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(READERS)]
        assert [reader.stdout and reader.stdout.readline() for reader in readers] == ["asking\n"] * READERS
        for number in range(1, publishes + 1):
            add(number)
        seen = [json.loads(reader.communicate(f"{publishes + 1}\n", timeout=120)[0]) for reader in readers]
    assert [report["wrong"] for report in seen] == [[]] * READERS
    assert all(report["most_open"] <= 2 for report in seen)
    assert all(report["last"] == publishes + 1 for report in seen)
    assert all(report["asked"] > publishes for report in seen)
    assert all(report["generations"] >= 3 for report in seen)
