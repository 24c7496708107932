"""The service under load: `GET /v1/search` with four facets and highlights, over an archive of synthetic articles.

    python -m benchmarks.over_http [--articles 100000] [--seconds 15] [--results FOLDER]

The articles are put into a store and published as `dateline build` does; gunicorn serves them with two workers and
Dateline's own settings, and `benchmarks.load` asks. All questions of a load are different, so that no answer is one
kept from before; the last load asks a few again and again, for what keeping answers is worth.
"""

from __future__ import annotations

import argparse
import http
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from benchmarks.documents import article_from_record
from benchmarks.load import GENERATOR, connected, load, status_of
from benchmarks.machine import memory_mb, say, this_machine
from benchmarks.questions import SEED, Band, Sample
from benchmarks.results import RESULTS, Load, Service, keep
from benchmarks.synthetic import PLACES, synthetic_records
from index.archive.store import Store
from index.generation.publish import create_data_folder
from index.layout import DataFolder
from service.wiring import extractor_of, publish_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.fields import Record

ARTICLES: Final = 100_000
WORKERS: Final = 2
SECONDS: Final = 15.0
WARM_UP_SECONDS: Final = 3.0
PATIENCE_S: Final = 120.0
BATCH: Final = 1_000
SAMPLE: Final = 5_000
DISTINCT: Final = 30_000
"""Different questions for each load, more than it asks."""
REPEATED: Final = 200
CONFIG: Final = Path(__file__).parents[1] / "service" / "gunicorn.conf.py"
FACETS: Final = ("region", "source", "topic", "date")


def measure(articles: int, seconds: float, folder: Path) -> Service:
    """Build an archive in a folder, serve it, load it."""
    data = DataFolder(folder / "data")
    fill(data, articles)
    say(f"the archive of {articles:,} articles is built")
    paths = search_paths(Sample(synthetic_records(min(articles, SAMPLE))), 3 * DISTINCT)
    first, second, third = (paths[at::3] for at in range(3))
    with _served(data, folder) as server:
        _load(server, "warm-up", third, 2 * WORKERS, min(WARM_UP_SECONDS, seconds))
        loads = (
            _load(server, "different questions", first, WORKERS, seconds),
            _load(server, "different questions, more at a time", second, 4 * WORKERS, seconds),
            _load(server, f"the same {REPEATED} again and again", first[:REPEATED], WORKERS, seconds),
        )
        memory = statistics.fmean(memory_mb("RssAnon", worker) for worker in server.workers)
    for done in loads:
        say(f"{done.name}: {done.requests_per_second:.0f}/s, p50 {done.p50_ms:.2f} ms, p99 {done.p99_ms:.2f} ms")
    return Service(
        machine=this_machine(),
        generator=GENERATOR,
        articles=articles,
        workers=WORKERS,
        questions=len(first),
        ready_seconds=server.ready_seconds,
        worker_private_mb=memory,
        loads=loads,
    )


def fill(data: DataFolder, articles: int, records_of: Callable[[int], Iterator[Record]] = synthetic_records) -> None:
    """Put synthetic articles into a store, as understood by the present rules, and publish them."""
    create_data_folder(data)
    rules = extractor_of(data).fingerprint
    with Store.open(data.archive) as store:
        records = records_of(articles)
        while batch := [article_from_record(record) for record in islice(records, BATCH)]:
            store.put(batch, rules=rules)
        publish_archive(data, store, from_store=False, progress=lambda _progress: None)


def search_paths(sample: Sample, count: int, seed: int = SEED) -> list[str]:
    """Different searches as paths of the API: mostly one or two words, some phrases, prefixes, places and years."""
    drawn = random.Random(seed)  # noqa: S311 - nothing secret, and the same everywhere
    words = {band: sample.words_of(band) for band in Band}
    found: dict[str, None] = {}
    for _ in range(20 * count):
        found[_path(drawn, words, sample.pairs)] = None
        if len(found) == count:
            break
    return list(found)


def _path(drawn: random.Random, words: dict[Band, Sequence[str]], pairs: Sequence[tuple[str, str]]) -> str:
    word = {band: drawn.choice(words[band]) for band in Band}
    asked: dict[str, str] = {}
    question = drawn.choices(
        (
            f"{word[Band.MEDIUM]}",
            f"{word[Band.FREQUENT]} {word[Band.MEDIUM]}",
            f"{word[Band.COMMON]} {word[Band.FREQUENT]}",
            f"{word[Band.RARE]} OR {word[Band.COMMON]}",
            f"{word[Band.MEDIUM]} OR {word[Band.RARE]} OR {word[Band.FREQUENT]}",
            '"{} {}"'.format(*drawn.choice(pairs)),
            f"{word[Band.MEDIUM][:6]}*",
        ),
        weights=(20, 25, 15, 15, 10, 10, 5),
    )[0]
    if drawn.random() < 0.25:  # noqa: PLR2004 - one in four is narrowed by a place
        asked["region"] = drawn.choice(PLACES)
    if drawn.random() < 0.25:  # noqa: PLR2004 - and one in four by years
        year = drawn.randrange(2000, 2018)
        asked |= {"date_from": f"{year}", "date_to": f"{year + 2}"}
    return "/v1/search?" + urlencode([("q", question), *asked.items(), *(("facet", name) for name in FACETS)])


@dataclass(slots=True)
class _Server:
    """Gunicorn, running: where, with which workers, and how long until it answered a search."""

    address: str
    workers: tuple[int, ...]
    ready_seconds: float


@contextmanager
def _served(data: DataFolder, folder: Path) -> Iterator[_Server]:
    """Serve a data folder on a free port with Dateline's own settings; stopped in the end whatever happens."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    environment |= {"DATELINE_DATA": str(data.path), "DATELINE_PORT": "0", "DATELINE_WORKERS": str(WORKERS)}
    command = (sys.executable, "-m", "gunicorn", "-c", str(CONFIG))
    started = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603 - our own command
    try:
        said = process.stdout or ()
        found = next(filter(None, (re.search(r"http://\S+", line) for line in said)), None)  # it may compile first
        if found is None:
            raise RuntimeError(f"the service did not start; its log ends: {(folder / 'log').read_text()[-500:]}")
        _wait_for_answer(found.group(), started + PATIENCE_S)
        yield _Server(found.group(), _children(process.pid), time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def _wait_for_answer(address: str, deadline: float) -> None:
    while True:
        try:
            if status_of(connected(address), "/v1/search?q=said") == http.HTTPStatus.OK:
                return
        except OSError:
            pass
        if time.perf_counter() > deadline:
            raise RuntimeError(f"no answer from {address} within {PATIENCE_S:.0f} s")
        time.sleep(0.01)


def _load(server: _Server, name: str, paths: Sequence[str], connections: int, seconds: float) -> Load:
    """Keep some connections busy for a while with these questions."""
    spent = sum(map(_cpu_seconds, server.workers))
    found = load(server.address, paths, connections=connections, seconds=seconds)
    spent = sum(map(_cpu_seconds, server.workers)) - spent
    return Load(
        name=name,
        connections=connections,
        seconds=found.seconds,
        requests=found.requests,
        errors=found.errors,
        p50_ms=found.p50_ms,
        p90_ms=found.p90_ms,
        p99_ms=found.p99_ms,
        requests_per_second=found.requests / found.seconds,
        requests_per_cpu_second=found.requests / spent if spent else 0.0,
    )


def _children(process: int) -> tuple[int, ...]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return tuple(map(int, path.read_text(encoding="ascii").split())) if path.exists() else ()


def _cpu_seconds(process: int) -> float:
    """Processor time of a process so far: the 14th and 15th number of its stat, user and system ticks."""
    ticks = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and keep the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=ARTICLES)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options.articles, options.seconds, Path(folder))
    say(f"  kept in {keep(result, options.results)}")


if __name__ == "__main__":
    main()
