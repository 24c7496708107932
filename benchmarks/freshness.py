"""How long it takes until an article that was put into a large archive over HTTP is found over HTTP.

    python -m benchmarks.freshness [--articles 100000] [--rounds 50] [--data FOLDER]

Makes a synthetic archive in a folder of its own (`--data` to keep and reuse it) and runs `dateline serve` on it, as it
comes: two workers and an indexer. Then one article after another, each with a word that no other has, is sent by `PUT`
with a key, and the service is asked for that word, over a new connection each time, so that either worker may answer.
Prints Markdown, in milliseconds of wall time from sending the article: until the 2xx that says it is on disk, until the
first answer that has it, and from when on no answer was without it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from benchmarks.documents import article_from_record
from benchmarks.machine import say, this_machine
from benchmarks.synthetic import synthetic_records
from index.archive.store import Store
from index.generation.publish import create_data_folder
from index.layout import DataFolder
from service.wiring import compile_engine, extractor_of, publish_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH: Final = 1000
PATIENCE_S: Final = 300.0
ANSWERS_THAT_AGREE: Final = 6
"""In a row have the article before it counts as found by both workers."""

PAUSE_S: Final = 0.002
"""Between two questions, so that asking is not what keeps the machine busy."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--data", type=Path, help="where to keep the archive; it is used as it is if it is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(options.data or Path(folder) / "data")
        say(f"{options.articles:,} synthetic articles · {this_machine()}\n")
        if not data.archive.exists():
            fill(data, options.articles)
        with served(data, Path(folder) / "log") as address:
            _, *rounds = islice(_rounds(address, _key(data)), 1 + options.rounds)  # the first loads rules and code
    _table(rounds)


def fill(data: DataFolder, articles: int) -> None:
    """Put a synthetic archive into a data folder, as understood by the rules that will be in force, and publish it."""
    create_data_folder(data)
    compile_engine(data)
    rules = extractor_of(data).fingerprint
    made = (article_from_record(record) for record in synthetic_records(articles))
    with Store.open(data.archive) as store:
        while batch := list(islice(made, BATCH)):
            store.put(batch, rules=rules)
        publish_archive(data, store, from_store=False, progress=lambda _progress: None)


@contextmanager
def served(data: DataFolder, log: Path) -> Iterator[str]:
    """Serve a data folder on a free port; gives host and port."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    command = (sys.executable, "-m", "service", "serve", "--data", str(data.path), "--port", "0")
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=file, text=True)  # noqa: S603 - our own command
    try:
        said = process.stdout or ()
        found = next(filter(None, (re.search(r"http://\S+", line) for line in said)), None)
        if found is None:
            raise RuntimeError(f"the service did not start; its log ends: {log.read_text()[-500:]}")
        address = urlsplit(found.group()).netloc
        _wait_for_the_indexer(data)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def _wait_for_the_indexer(data: DataFolder) -> None:
    until = time.monotonic() + PATIENCE_S
    while not (data.path / "indexer.json").exists():
        if time.monotonic() > until:
            raise RuntimeError("the indexer did not start")
        time.sleep(0.05)


def _key(data: DataFolder) -> str:
    command = (sys.executable, "-m", "service", "keys", "create", "--scope", "write", "--data", str(data.path))
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own command
    return next(line.strip() for line in made.splitlines() if line.startswith("dl_"))


def _rounds(address: str, key: str) -> Iterator[tuple[float, float, float]]:
    """One article after another: milliseconds until it was on disk, found, and found by every answer."""
    run = f"{time.time_ns():x}"
    for number in range(1_000_000):
        word = f"zq{run}x{number}"
        article = {"title": f"Report {number}", "body": f"The price of rice rose in the markets, says {word}."}
        started = time.perf_counter()
        _put(address, key, f"fresh-{run}-{number}", article)
        on_disk = time.perf_counter()
        found = agreed = 0.0
        row = 0
        while row < ANSWERS_THAT_AGREE:
            if _is_found(address, word):
                now = time.perf_counter()
                found, agreed, row = found or now, agreed or now, row + 1
            else:
                agreed, row = 0.0, 0
            time.sleep(PAUSE_S)
        yield (on_disk - started) * 1000, (found - started) * 1000, (agreed - started) * 1000


def _put(address: str, key: str, article_id: str, article: dict[str, str]) -> None:
    connection = http.client.HTTPConnection(address, timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("PUT", f"/v1/articles/{article_id}", json.dumps(article), headers)
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    if answer.status != http.HTTPStatus.CREATED:
        raise RuntimeError(f"PUT was answered {answer.status}: {said}")


def _is_found(address: str, word: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", f"/v1/search?q={word}&per_page=1")
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return bool(answer["total"])


def _table(rounds: list[tuple[float, float, float]]) -> None:
    say("| until | median ms | 99th percentile | most |\n|---|---|---|---|")
    for name, taken in zip(("on disk (2xx)", "found", "found by every answer"), zip(*rounds, strict=True), strict=True):
        row = sorted(taken)
        p99 = row[min(len(row) - 1, int(len(row) * 0.99))]
        say(f"| {name} | {statistics.median(row):.0f} | {p99:.0f} | {row[-1]:.0f} |")


if __name__ == "__main__":
    main()
