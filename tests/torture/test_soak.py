"""An hour of mixed load, or twenty seconds of it: nothing that the service holds may grow with time.

`DATELINE_SOAK_SECONDS` says how long; `make soak` takes an hour. Readers ask questions of every kind at a steady pace,
while articles are added, changed and deleted and an index published at every turn: each 30 seconds in an hour, each 2
in the short form. What processes hold is sampled all along. How fast memory grows and how answers slow down is only
judged where there is time enough to tell: from half an hour on. Before that comes what is not judged. Every article is
replaced some times, one publish after the other: of an archive that was just built, the index still grows, by what was
replaced and is not yet merged away. Then all goes four times as fast for ten minutes: what workers hold comes to a
level that an hour or two at the pace of the hour lead to as well, only that they are the hour by then. And some
minutes go by like the hour, which follows them without a break, as workers whose readers leave hold less for a while.
All figures are written to `build/soak.json`.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from index.archive.store import Store
from index.generation.publish import create_data_folder
from index.layout import DataFolder
from service.wiring import compile_engine, extractor_of, publish_archive
from tests.torture.dealings import random_article
from tests.torture.extent import SOAK_SECONDS
from tests.torture.soaking import Asked, Course, Reader, Sample, Service, ask_json, questions, sampled

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from index.extract.pipeline import Extractor

SECONDS: Final = SOAK_SECONDS
IS_LONG: Final = SECONDS >= 1800
IS_MIDDLING: Final = SECONDS >= 240

TURN_S: Final = 30.0 if IS_MIDDLING else 2.0
"""How often something is published."""

SAMPLE_S: Final = 5.0 if IS_MIDDLING else 0.5
ARTICLES: Final = 5000 if IS_MIDDLING else 200
READERS: Final = 4
PER_SECOND: Final = 12.5
"""Questions of each reader."""

RENEWED: Final = 200 if IS_MIDDLING else 20
"""Articles that are replaced at a turn.

The index grows until what was replaced is merged away. So many that this comes round several times in an hour: if it
took an hour, and processes held more of a larger index, it would look as if something grew for good.
"""

WARMING_TURNS: Final = 3 * ARTICLES // RENEWED if IS_MIDDLING else 1
"""Turns before anybody asks."""

HURRY: Final = 4.0
HURRIED_S: Final = 600.0 if IS_LONG else 0.0
"""How many times as fast all goes at first, and for how long."""

WARMING_S: Final = 300.0 if IS_LONG else 0.0
"""How long readers ask, at their own pace, before what is measured begins."""

PROCESSES: Final = 5
"""The supervisor, the web server and its two workers, the indexer."""

GROWTH_BYTES: Final = 1 << 20
"""How much a process's memory may grow in an hour."""

MOST_FILES: Final = 150
"""How many files a process may have open: those of two generations of some thirty segments, and connections."""

MORE_FILES: Final = 1.1
"""How many more there may be in the last quarter than before, on average: generations differ by their segments.

These come and go with merges, in turns of more than half an hour, so one quarter is not held against one other.
"""

DRIFT: Final = 1.10
"""How much slower the slowest of 100 answers may be at the end than in the second quarter."""

PUBLISHED_WITHIN_S: Final = 60

REPORT: Final = Path(__file__).parent.parent.parent / "build" / "soak.json"


def renew(store: Store, extractor: Extractor, rng: random.Random, names: Sequence[str]) -> int:
    """Add, replace and delete some articles; the number of the last change."""
    raws = [random_article(rng, name) for name in rng.sample(names, RENEWED)]
    store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules=extractor.fingerprint)
    store.delete(rng.choice(names))
    return store.change


def wait_until_shown(url: str, change: int) -> None:
    """Wait until a worker shows a change."""
    until = time.monotonic() + PUBLISHED_WITHIN_S
    while (readiness := ask_json(url, "/readyz")).get("change", -1) < change:
        assert time.monotonic() < until, f"change {change} was not published: {readiness}"
        time.sleep(0.05)


@pytest.fixture
def names() -> tuple[str, ...]:
    """The ids of all articles there may be."""
    return tuple(f"article-{number}" for number in range(ARTICLES))


@pytest.fixture
def data(tmp_path: Path, rng: random.Random, names: tuple[str, ...]) -> DataFolder:
    """An archive of made-up articles, published."""
    data = DataFolder(tmp_path / "data")
    create_data_folder(data)
    compile_engine(data)
    extractor = extractor_of(data)
    with Store.open(data.archive) as store:
        raws = [random_article(rng, name) for name in names]
        store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules=extractor.fingerprint)
        publish_archive(data, store, from_store=False, progress=lambda _progress: None)
    return data


def soak(  # noqa: PLR0913 - what there is, and how long and how fast by name
    service: Service,
    data: DataFolder,
    rng: random.Random,
    names: tuple[str, ...],
    *,
    seconds: float = SECONDS,
    warming_s: float = WARMING_S,
    pace: float = 1.0,
) -> tuple[Course, int]:
    """Let readers ask, and something be published at every turn: what happened once all is warm, how many turns."""
    started = time.monotonic() + warming_s
    course = Course(seconds)
    paths = questions([f"word{number}" for number in range(500)], names, rng, 2000)
    readers = [
        Reader(service.url, paths, per_second=PER_SECOND * pace, seed=rng.randrange(2**32), started=started)
        for _ in range(READERS)
    ]
    extractor = extractor_of(data)
    turn_s = TURN_S / pace
    turns, turn_at, sample_at = 0, turn_s - warming_s, 0.0
    with Store.open(data.archive) as store:
        while (now := time.monotonic() - started) < seconds:
            if now >= turn_at:
                wait_until_shown(service.url, renew(store, extractor, rng, names))
                turns, turn_at = turns + (now >= 0), turn_at + turn_s
            if now >= sample_at:
                course.samples += sampled(service.processes(), now)
                sample_at = now + SAMPLE_S
            time.sleep(0.1)
    for reader in readers:
        reader.stop()
        assert reader.failure is None
        course.asked += [asked for asked in reader.asked if asked.at >= 0]
    return course, turns


def figures(course: Course, turns: int) -> dict[str, object]:
    """What came of it, for the report."""
    quarter = SECONDS / 4
    return {
        "seconds": SECONDS,
        "articles": ARTICLES,
        "renewed_each_time": RENEWED,
        "published": turns,
        "asked": len(course.asked),
        "p50_ms": round(course.quantile_ms(50, quarter, SECONDS), 2),
        "p99_ms_of_quarters": [
            round(course.quantile_ms(99, number * quarter, (number + 1) * quarter), 2) for number in range(4)
        ],
        "processes": [
            {
                "pid": pid,
                "name": name_of(pid),
                "own_mb": round(course.last(pid).own_bytes / 2**20, 1),
                "resident_mb": round(course.last(pid).resident_bytes / 2**20, 1),
                "own_mb_per_hour": round(course.memory_slope(pid, after=0) / 2**20, 3),
                "files_of_quarters": [
                    round(statistics.fmean(course.files(pid, number * quarter, (number + 1) * quarter)), 1)
                    for number in range(4)
                ],
                "most_files": max(course.files(pid, 0, SECONDS)),
            }
            for pid in course.pids()
        ],
        "samples": [dataclasses.astuple(sample) for sample in course.samples] if IS_MIDDLING else [],
    }


def name_of(pid: int) -> str:
    """A process's command line."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()[-80:]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="what a process holds is read from /proc")
def test_nothing_grows_under_load(data: DataFolder, rng: random.Random, names: tuple[str, ...], tmp_path: Path) -> None:
    """Every question is answered, whatever is published meanwhile, and no process opens more files or dies.

    Given half an hour, no process's own memory grows by more than 1 MB an hour, and 99 of 100 answers of the last
    quarter take at most a tenth longer than those of the second.
    """
    with Service(data.path, tmp_path / "log", {"DATELINE_RATE": "0"}) as service:
        with Store.open(data.archive) as store:
            extractor = extractor_of(data)
            for _ in range(WARMING_TURNS):
                wait_until_shown(service.url, renew(store, extractor, rng, names))
        before = service.processes()
        assert len(before) == PROCESSES
        if HURRIED_S:
            soak(service, data, rng, names, seconds=HURRIED_S, warming_s=0, pace=HURRY)
        course, turns = soak(service, data, rng, names)
        assert service.processes() == before, service.said()
        found = figures(course, turns)
        told = {pid: name_of(pid) for pid in course.pids()}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(found, indent=1), encoding="utf-8")
    assert turns >= SECONDS / TURN_S * 0.5
    assert course.refused() == []
    quarter = SECONDS / 4
    for pid in course.pids():
        assert max(course.files(pid, 0, SECONDS)) <= MOST_FILES, told[pid]
        if IS_LONG:
            early = statistics.fmean(course.files(pid, 0, 3 * quarter))
            late = statistics.fmean(course.files(pid, 3 * quarter, SECONDS))
            assert late <= early * MORE_FILES, told[pid]
            assert course.memory_slope(pid, after=0) <= GROWTH_BYTES, told[pid]
    if IS_LONG:
        early, late = (course.quantile_ms(99, at, at + quarter) for at in (quarter, 3 * quarter))
        assert late <= early * DRIFT


def test_growth_would_be_told() -> None:
    """Of a process that grows by 2 MB an hour and opens a file a minute, that is what the figures say."""
    hour = [
        Sample(
            at=at, pid=1, own_bytes=50_000_000 + round(at / 3600 * 2_000_000) + at % 7, resident_bytes=0, files=at // 60
        )
        for at in range(0, 3600, 5)
    ]
    course = Course(3600, hour, [Asked(at, 10 if at < 1800 else 20, 200, "/") for at in range(3600)])
    assert course.pids() == (1,)
    assert course.memory_slope(1, after=900) == pytest.approx(2_000_000, rel=0.01)
    assert statistics.fmean(course.files(1, 2700, 3600)) - statistics.fmean(
        course.files(1, 900, 1800)
    ) == pytest.approx(30, abs=1)
    assert course.quantile_ms(99, 2700, 3600) == pytest.approx(2 * course.quantile_ms(99, 900, 1800), abs=0.1)
