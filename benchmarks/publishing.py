"""How long it takes until one changed article of a large archive is published, and what the time goes into.

    python -m benchmarks.publishing --articles 100000 --rounds 40

Makes a synthetic archive in a folder of its own (`--data` to keep and reuse it), publishes it, then changes one article
after another and has the indexer publish each. Prints Markdown: medians and 99th percentiles in milliseconds of wall
time, by stage; then what readers pay to open the generation.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from benchmarks.documents import article_from_record
from benchmarks.machine import bytes_of, say, this_machine, timed
from benchmarks.synthetic import synthetic_records
from index.archive.store import Store
from index.generation.publish import create_data_folder
from index.generation.snapshot import Snapshot, read_contents
from index.indexing.build import build
from index.indexing.indexer import Indexer
from index.layout import DataFolder, Verified, current, published, verify
from service.wiring import compile_engine, index_maker, open_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from index.document import Document, RawDocument

BATCH: Final = 1000
RULES: Final = "synthetic"
STAGES: Final = {
    "link the index's files": "index.indexing.build.link_tree",
    "hash new files": "index.generation.publish.entries",
    "sync new files and folders": "index.generation.publish.sync_tree",
    "name it in CURRENT": "index.generation.publish._point",
    "clear up before": "index.generation.publish.remove_leftovers",
    "remove old generations": "index.generation.publish.remove_old",
    "verify the one before": "index.indexing.build.verify",
    "open the articles": "index.indexing.build.Snapshot.open",
}
"""What is timed by name. The index's part and the rest are timed besides."""


@dataclass
class AsDeclared:
    """Understands nothing anew: synthetic articles are documents already."""

    fingerprint: str = RULES

    def understand(self, raw: RawDocument, article_id: str) -> Document:
        """Never asked: nothing here is outdated."""
        raise AssertionError(raw, article_id)


@dataclass
class Stopwatch:
    """Milliseconds spent in named functions, since it was last read."""

    spent: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """A function that does the same and is timed."""

        def watched(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever it takes and returns
            started = time.perf_counter()
            try:
                return call(*arguments, **options)
            finally:
                self.spent[name] += (time.perf_counter() - started) * 1000

        return watched

    def read(self) -> dict[str, float]:
        """What was spent, and begin again."""
        spent, self.spent = dict(self.spent), defaultdict(float)
        return spent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--data", type=Path, help="where to keep the archive; it is used as it is if it is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(options.data or Path(folder) / "data")
        say(f"{options.articles:,} synthetic articles · {this_machine()}\n")
        if not data.archive.exists():
            fill(data, options.articles)
        measure(data, options.rounds)


def fill(data: DataFolder, articles: int) -> None:
    """Put a synthetic archive into a data folder, and publish it."""
    create_data_folder(data)
    compile_engine(data)
    made = (article_from_record(record) for record in synthetic_records(articles))
    with Store.open(data.archive) as store:
        while batch := list(islice(made, BATCH)):
            store.put(batch, rules=RULES)
        seconds, _ = timed(lambda: build(data, store, AsDeclared(), index=index_maker(data)))
    say(f"published from the store in {seconds:.1f} s, {bytes_of(current(data).path) / 1e6:.0f} MB\n")


def measure(data: DataFolder, rounds: int) -> None:
    """Change one article after another, have each published, and print what that took."""
    watch, steps = Stopwatch(), []
    maker = index_maker(data)
    assert maker.update is not None  # noqa: S101 - ours has one
    maker = replace(
        maker,
        update=watch.watched("update the index", maker.update),
        check=watch.watched("check the index", maker.check),
    )
    with ExitStack() as during:
        for name, target in STAGES.items():
            owner, _, attribute = target.rpartition(".")
            original = getattr(_resolved(owner), attribute)
            during.enter_context(mock.patch(target, watch.watched(name, original)))
        store = during.enter_context(Store.open(data.archive))
        indexer = during.enter_context(Indexer(data, index=maker, load_rules=AsDeclared))
        indexer.step()
        for raw, document in islice(changed(store), rounds):
            putting, _ = timed(lambda raw=raw, document=document: store.put([(raw, document)], rules=RULES))  # type: ignore[misc]  # lambdas with defaults
            watch.read()
            seconds, step = timed(indexer.step)
            assert step is not None  # noqa: S101 - or what was measured is nothing
            assert step.report.is_difference  # noqa: S101 - likewise
            spent = watch.read()
            rest = seconds * 1000 - sum(spent.values())
            steps.append(
                {"put into the store": putting * 1000, "the whole step": seconds * 1000, **spent, "rest": rest}
            )
    table(steps)
    opening(data)


def _resolved(name: str) -> object:
    module, _, attribute = name.rpartition(".")
    imported = __import__(module, fromlist=[attribute])
    return getattr(imported, attribute)


def changed(store: Store) -> Iterator[tuple[RawDocument, Document]]:
    """Articles from all over the archive, each with a word more."""
    every = max(store.count // 500, 1)
    for number in range(1, store.count, every):
        article = store.find(f"article-{number}")
        if article is not None:
            stamp = f" changed {time.time_ns()}"
            raw = replace(article.raw, content=article.raw.content + stamp)
            yield raw, replace(article.document, text=article.document.text + stamp)


def table(steps: list[dict[str, float]]) -> None:
    """Print what steps took, by stage."""
    say("| stage | median ms | 99th percentile | most |\n|---|---|---|---|")
    for stage in dict.fromkeys(name for step in steps for name in step):
        taken = sorted(step.get(stage, 0.0) for step in steps)
        p99 = taken[min(len(taken) - 1, int(len(taken) * 0.99))]
        say(f"| {stage} | {statistics.median(taken):.1f} | {p99:.1f} | {taken[-1]:.1f} |")


def opening(data: DataFolder) -> None:
    """Print what readers pay for a new generation, and for its articles."""
    generation = current(data)
    seen = Verified()
    first, _ = timed(lambda: verify(generation, seen))
    again, _ = timed(lambda: verify(generation, seen))
    contents = read_contents(generation.documents)
    files, parts = len(generation.manifest.files), len(contents.parts)
    say(f"\n{len(published(data))} generations kept; {files} files, {parts} parts")
    say(f"\nverify: {first * 1000:.1f} ms, with every file seen before {again * 1000:.1f} ms")
    opened, snapshot = timed(lambda: Snapshot.open(generation.documents))
    with snapshot:
        serials = [1 + number * (snapshot.count // 10) for number in range(10)]
        takes = [timed(lambda: snapshot.documents(serials))[0] for _ in range(200)]
        finds = [timed(lambda: snapshot.find("article-77"))[0] for _ in range(200)]
    say(f"open the articles: {opened * 1000:.1f} ms; ten documents: {statistics.median(takes) * 1e6:.0f} µs, ")
    say(f"one by id: {statistics.median(finds) * 1e6:.0f} µs")
    with closing(open_archive(data)) as archive:
        say(f"{archive.articles:,} articles")


if __name__ == "__main__":
    main()
