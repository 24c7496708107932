"""How long a real archive takes: ingest, build, open, ask. Prints Markdown with the machine beside it.

    make bench-archive ARCHIVE=articles.jsonl.gz MAP="places=region topics=topic"

Any file or folder that `dateline ingest` takes will do; without one it takes the seeds. Ingest and build are timed
once, as a keeper would see them; questions as the best of five, in this process, with a page of ten and four facets.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.machine import bytes_of, say, this_machine, timed
from index.archive.store import Store
from index.gazetteer import load_gazetteer
from index.generation.publish import create_data_folder
from index.ingest.ingestion import ingest
from index.layout import DataFolder, current
from search.engine import DateFacet, Interval, SearchRequest, ValueFacet
from search.rewrite import understand
from service.wiring import compile_engine, extractor_of, open_archive, publish_archive

if TYPE_CHECKING:
    from service.archive import Archive

SEEDS = Path(__file__).parents[1] / "seeds"
QUESTIONS = ("", "said", "the", "oil price", "oil OR gold", '"crude oil"', '"oil price"~5', "export*", "region:kp")
FACETS = (ValueFacet("region"), ValueFacet("source"), ValueFacet("topic"), DateFacet(Interval.MONTH))
ROUNDS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", nargs="?", type=Path, default=SEEDS)
    parser.add_argument("--map", nargs="*", default=[], metavar="THEIRS=OURS")
    options = parser.parse_args()
    fields = dict(pair.split("=", 1) for pair in options.map)
    with tempfile.TemporaryDirectory() as folder:
        measure(options.archive, fields, DataFolder(Path(folder) / "data"))


def measure(archive: Path, fields: dict[str, str], data: DataFolder) -> None:
    """Take an archive in, build it, ask it; print each figure as it is known."""
    say(f"{archive.name} · {this_machine()}\n\n| step | seconds | |\n|---|---|---|")
    create_data_folder(data)
    with Store.open(data.archive) as store:
        extractor = extractor_of(data)
        seconds, report = timed(lambda: ingest([archive], store, extractor, fields=fields))
        row("ingest", seconds, f"{report.read:,} articles, {report.problem_count} refused")
        seconds, again = timed(lambda: ingest([archive], store, extractor, fields=fields))
        row("ingest again", seconds, f"{again.unchanged:,} unchanged")
        seconds, _ = timed(lambda: compile_engine(data))
        row("compile the engine", seconds, "once for a machine and a version")
        seconds, _ = timed(lambda: publish_archive(data, store, from_store=False, progress=lambda _: None))
        row("build", seconds, f"{bytes_of(current(data).index) / 1e6:.1f} MB of index")
        seconds, _ = timed(lambda: publish_archive(data, store, from_store=False, progress=lambda _: None))
        row("build again", seconds, "nothing to do")
    seconds, opened = timed(lambda: open_archive(data))
    row("open", seconds, "every file verified")
    with closing(opened):
        say("\n| question | articles | ms |\n|---|---|---|")
        for question in QUESTIONS:
            ask(opened, question)


def ask(archive: Archive, question: str) -> None:
    """Time one question with all facets."""
    query = understand(question, gazetteer=load_gazetteer()).query
    request = SearchRequest(query=query, facets=FACETS)
    rounds = [timed(lambda: archive.searcher.search(request)) for _ in range(ROUNDS)]
    say(f"| `{question or '*'}` | {rounds[0][1].total:,} | {min(seconds for seconds, _ in rounds) * 1000:.1f} |")


def row(step: str, seconds: float, remark: str) -> None:
    """Print a row of the first table."""
    say(f"| {step} | {seconds:.1f} | {remark} |")


if __name__ == "__main__":
    main()
