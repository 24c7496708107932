"""Measures the same articles and questions on disk and on a cluster of three nodes of this machine, in one run.

    python -m benchmarks.cluster [--corpus reuters] [--page docs/scaling.md]

What is measured is what sizing needs: bytes and processor time for each article, processor time and latency for each
question, how many questions a core answers in a second. The nodes have three shards and one replica between them, as
`DATELINE_OPENSEARCH_SHARDS` and `_REPLICAS` have it. They share the machine's cores with one another and with who asks,
so time on the clock says little of a cluster of machines of their own; processor time does.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import os
import re
import statistics
import sys
import tempfile
import textwrap
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks.corpora import NAMES, find_corpus
from benchmarks.machine import bytes_of, cpu_seconds, say, this_machine, timed
from benchmarks.questions import choose_questions
from index.generation.parts import PartWriter
from index.layout import Reflects
from index.opensearch.client import Cluster, Connection
from index.opensearch.schema import average_lengths, entry_from_record
from index.opensearch.view import open_view
from index.opensearch.writing import create_index
from index.whoosh_index import write_index
from search.engines.arrays import ArraysEngine
from search.engines.opensearch import OpenSearchEngine
from tests.cluster import nodes
from tests.cluster.server import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.machine import Machine
    from benchmarks.questions import Question
    from index.fields import Record
    from search.engine import Engine

PAGE: Final = Path(__file__).parents[1] / "docs" / "scaling.md"
TEMPLATE: Final = Path(__file__).with_name("cluster_part.md")
SAMPLE: Final = 5_000
"""Articles that questions are chosen from."""

ROUNDS: Final = 5
"""How often each question is asked; the fastest counts."""

WARMING: Final = 3
"""How often all questions are asked on the cluster before it counts."""

HEAP_MB: Final = 1024
SHARDS: Final = 3
COPIES: Final = 2
PART: Final = 4
"""One in so many articles is indexed on the cluster, too, to see how the time for a question grows."""

FULL: Final = 0.7
"""How full disks are to be at most."""

SHARD_GB: Final = 30
NODE_TB: Final = 2
NODE_CORES: Final = 8
PRICE: Final = 300
"""What such a machine may cost a month: an example, not a measurement."""

QUESTION_SUMS: Final = (
    "\n{fixed_ms:.1f} ms + {ms_per_million:.1f} ms × millions of articles; nodes × {cores} cores / that;"
)
"""How the rows about questions are worked out."""

NODES_FOR_DISK: Final = "\nnodes are for disk alone, and an archive that is asked much needs more;"

_BEGIN, _END = "<!-- measured by python -m benchmarks.cluster -->", "<!-- end of what was measured -->"


@dataclass(frozen=True, slots=True)
class Indexed:
    """What indexing took: seconds on the clock and of processors, and the bytes it left, each article among them."""

    seconds: float
    cpu_s: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What the questions of a class took each, with facets: milliseconds on the clock and of processors, medians."""

    kind: str
    ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Size:
    """What an archive of some size takes, by calculation."""

    copy_gb: float
    disk_gb: float
    shards: int
    nodes: int
    index_hours: float
    question_ms: float
    questions_per_s: float
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A run: so many `articles` on disk and on the cluster, and a `part` of them there.

    `asked` has for each class of questions what it took on disk, of the part, and of all.
    """

    articles: int
    part: int
    disk: Indexed
    cluster: Indexed
    asked: tuple[tuple[Asked, Asked, Asked], ...]

    @property
    def copy_bytes(self) -> float:
        """Bytes of an article in one copy of the index on the cluster."""
        return self.cluster.size_bytes / self.articles

    @property
    def index_us(self) -> float:
        """Microseconds of processors that indexing an article took on the cluster, all copies."""
        return self.cluster.cpu_s / self.articles * 1e6

    @property
    def disk_ms(self) -> float:
        """Milliseconds of processor for a question on disk, the median of the classes."""
        return statistics.median(row[0].cpu_ms for row in self.asked)

    @property
    def part_ms(self) -> float:
        """The same of the part on the cluster."""
        return statistics.median(row[1].cpu_ms for row in self.asked)

    @property
    def cluster_ms(self) -> float:
        """The same of all on the cluster."""
        return statistics.median(row[2].cpu_ms for row in self.asked)

    @property
    def ms_per_million(self) -> float:
        """How much more a question takes for each million articles."""
        return max(0.0, self.cluster_ms - self.part_ms) / (self.articles - self.part) * 1e6

    @property
    def growth(self) -> str:
        """What a question takes by the number of articles, as far as that can be told."""
        if not self.ms_per_million:
            return (
                "that is no less than all took, so how a question grows cannot be told from so few articles, and is "
                "not in the table below"
            )
        fixed, growing = f"{self.fixed_ms:.1f} ms are for any question", f"{self.ms_per_million:.1f} ms"
        return f"of that, {fixed}, and {growing} for each million articles"

    @property
    def fixed_ms(self) -> float:
        """What a question takes however few articles there are."""
        return self.cluster_ms - self.ms_per_million * self.articles / 1e6

    def sized(self, articles: int) -> Size:
        """What so many articles take."""
        copy_gb = articles * self.copy_bytes / 1e9
        disk_gb = copy_gb * COPIES / FULL
        machines = max(3, math.ceil(disk_gb / (NODE_TB * 1000)))
        cores = machines * NODE_CORES
        question_ms = self.fixed_ms + self.ms_per_million * articles / 1e6
        return Size(
            copy_gb=copy_gb,
            disk_gb=disk_gb,
            shards=max(SHARDS, math.ceil(copy_gb / SHARD_GB)),
            nodes=machines,
            index_hours=articles * self.index_us / 1e6 / cores / 3600,
            question_ms=question_ms,
            questions_per_s=cores * 1000 / question_ms,
            price=machines * PRICE,
        )


def index_on_disk(records: Sequence[Record], folder: Path) -> Indexed:
    """Index and keep the articles as a generation does."""
    spent = cpu_seconds()

    def work() -> None:
        (folder / "index").mkdir()
        write_index(folder / "index", records)
        with PartWriter(folder / "part") as part:
            for record in records:
                part.add(record.serial, str(record.serial), kept(record))
            part.finish()

    seconds, _ = timed(work)
    return Indexed(seconds, cpu_seconds() - spent, bytes_of(folder))


def index_on_cluster(records: Sequence[Record], cluster: Cluster, started: nodes.Cluster) -> tuple[str, Indexed]:
    """Index and keep the articles on the cluster; the index, and what that took, on all nodes and here."""
    reflects = Reflects(archive="benchmark", change=1, rules="")
    now = dt.datetime.now(dt.UTC)
    spent = cpu_seconds() + cpu_of(started)
    lengths = average_lengths(entry_from_record(record, "", "") for record in islice(records, SAMPLE))
    writer = create_index(cluster, "dateline", reflects, shards=SHARDS, replicas=COPIES - 1, now=now, lengths=lengths)

    def work() -> None:
        writer.write((entry_from_record(record, str(record.serial), kept(record)) for record in records), change=1)
        writer.publish(reflects, now=now)

    seconds, _ = timed(work)
    spent = cpu_seconds() + cpu_of(started) - spent
    cluster.ask("POST", f"/{writer.name}*/_flush")
    size = cluster.ask("GET", f"/{writer.name}*/_stats/store")["_all"]["primaries"]["store"]["size_in_bytes"]
    return writer.name, Indexed(seconds, spent, int(size))


def kept(record: Record) -> str:
    """What is kept of an article beside its index."""
    return msgspec.json.encode(record).decode()


def cpu_of(started: nodes.Cluster) -> float:
    """Processor seconds that all nodes have spent."""
    spent = 0
    for node in started.nodes:
        if node.process is None:
            continue
        user, system = Path(f"/proc/{node.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        spent += int(user) + int(system)
    return spent / os.sysconf("SC_CLK_TCK")


def ask_all(engine: Engine, questions: Sequence[Question], cpu: Callable[[], float]) -> list[Asked]:
    """Ask every question `ROUNDS` times, with its facets; a row for each class."""
    asked = []
    for kind in dict.fromkeys(question.kind for question in questions):
        requests = [question.request(is_faceted=True) for question in questions if question.kind == kind]
        for request in requests:
            engine.search(request)
        before = cpu()
        clocked = [min(timed(partial(engine.search, request))[0] for _ in range(ROUNDS)) for request in requests]
        each = (cpu() - before) / (len(requests) * ROUNDS)
        asked.append(Asked(kind, statistics.median(clocked) * 1000, each * 1000))
    return asked


def measure(records: Sequence[Record]) -> Measured:
    """Index and ask on disk; on the cluster a part of the articles, then all of them."""
    questions = choose_questions(records[:SAMPLE])
    part = records[: len(records) // PART]
    with (
        tempfile.TemporaryDirectory() as folder,
        nodes.cluster("benchmark", heap_mb=HEAP_MB, java_options=("-XX:+UseG1GC",)) as started,
        closing(Cluster(Connection(urls=tuple(started.url.split())))) as cluster,
    ):
        write_index(Path(tempfile.mkdtemp(dir=folder)), records[:100])  # compiles what it needs
        say("indexing on disk …")
        on_disk = Path(tempfile.mkdtemp(dir=folder))
        disk = index_on_disk(records, on_disk)
        with closing(ArraysEngine(on_disk / "index", "disk")) as engine:
            asked_on_disk = ask_all(engine, questions, time.process_time)
        say("a part of the articles, on the cluster …")
        name_of_part, _ = index_on_cluster(part, cluster, started)
        say("all of them …")
        name, spread = index_on_cluster(records, cluster, started)
        for _ in range(WARMING):  # Java compiles what is asked often
            _ask_cluster(questions, cluster, name, started)
        asked_of_part = _ask_cluster(questions, cluster, name_of_part, started)
        asked_of_all = _ask_cluster(questions, cluster, name, started)
    return Measured(
        articles=len(records),
        part=len(part),
        disk=disk,
        cluster=spread,
        asked=tuple(zip(asked_on_disk, asked_of_part, asked_of_all, strict=True)),
    )


def _ask_cluster(questions: Sequence[Question], cluster: Cluster, name: str, started: nodes.Cluster) -> list[Asked]:
    started.wait_until("green", nodes=len(started.nodes))
    with closing(OpenSearchEngine(open_view(cluster, name))) as engine:
        return ask_all(engine, questions, lambda: time.process_time() + cpu_of(started))


def page_part(measured: Measured, title: str, machine: Machine) -> str:
    """What was measured of the archive of that title, where, and what follows for larger ones."""
    articles, disk, spread = measured.articles, measured.disk, measured.cluster
    questions = "\n".join(
        f"| {one.kind} | {one.ms:.2f} | {other.ms:.1f} | {one.cpu_ms:.2f} | {other.cpu_ms:.1f} |"
        for one, _, other in measured.asked
    )
    return (
        TEMPLATE.read_text(encoding="utf-8")
        .strip()
        .format(
            disk_bytes=disk.size_bytes / articles,
            copy_bytes=measured.copy_bytes,
            disk_us=disk.cpu_s / articles * 1e6,
            index_us=measured.index_us,
            disk_rate=articles / disk.seconds,
            rate=articles / spread.seconds,
            questions=questions,
            disk_ms=measured.disk_ms,
            disk_qps=1000 / measured.disk_ms,
            cluster_ms=measured.cluster_ms,
            qps=1000 / measured.cluster_ms,
            part=measured.part,
            part_ms=measured.part_ms,
            growth=textwrap.fill(measured.growth, 120),
            question_sums=QUESTION_SUMS.format(
                fixed_ms=measured.fixed_ms, ms_per_million=measured.ms_per_million, cores=NODE_CORES
            )
            if measured.ms_per_million
            else NODES_FOR_DISK,
            articles=articles,
            title=title,
            heap=HEAP_MB,
            shards=SHARDS,
            copies=COPIES,
            machine=machine,
            version=machine.versions["OpenSearch"],
            date=machine.date,
            sizes=_rows(measured),
            full=FULL,
            shard_gb=SHARD_GB,
            node_tb=NODE_TB,
            cores=NODE_CORES,
            price=PRICE,
        )
    )


def _rows(measured: Measured) -> str:
    sizes = [measured.sized(articles) for articles in (10**7, 10**8, 10**9)]
    questions = {
        "processor for a question, ms": [f"{size.question_ms:,.0f}" for size in sizes],
        "questions a second, all nodes": [f"{size.questions_per_s:,.0f}" for size in sizes],
    }
    rows = {
        "one copy, GB": [f"{size.copy_gb:,.0f}" for size in sizes],
        "disk for both, GB": [f"{size.disk_gb:,.0f}" for size in sizes],
        "shards (`DATELINE_OPENSEARCH_SHARDS`)": [f"{size.shards:,}" for size in sizes],
        f"nodes of {NODE_CORES} cores and {NODE_TB} TB": [f"{size.nodes:,}" for size in sizes],
        "indexing everything, hours": [f"{size.index_hours:,.1f}" for size in sizes],
        **(questions if measured.ms_per_million else {}),
        "a month, € (example)": [f"{size.price:,}" for size in sizes],
    }
    return "\n".join(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())


def main(arguments: list[str] | None = None) -> None:
    """Measure, and write what was measured into the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cluster", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--corpus", default="reuters", help=NAMES)
    parser.add_argument("--page", type=Path, default=PAGE)
    chosen = parser.parse_args(arguments)
    corpus = find_corpus(chosen.corpus)
    if corpus is None:
        sys.exit(f"{chosen.corpus} is not in ../shared/data")
    started = time.perf_counter()
    machine = this_machine({"OpenSearch": PLAIN.server.version})
    part = page_part(measure(tuple(corpus.records())), corpus.title, machine)
    page = chosen.page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
    if not pattern.search(page):
        sys.exit(f"{chosen.page} has no place for it: {_BEGIN} … {_END}")
    chosen.page.write_text(pattern.sub(lambda _found: f"{_BEGIN}\n\n{part}\n\n{_END}", page), encoding="utf-8")
    say(f"{part}\n\nmeasured in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
