"""How many plain articles a second extraction understands, on one core.

    python -m benchmarks.extraction [--seconds 10] [--topics]

Reads the five seeds, over and over, and the KCNA and Reuters archives in `../shared/data` where they are; every article
without anything declared but its title. Prints a JSON line for each archive, with the machine in it.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.machine import this_machine
from index.document import Declared, RawDocument
from index.errors import UnreadableInput
from index.extract.pipeline import load_extractor
from index.gazetteer import load_gazetteer
from search.percolate import TopicTagger, load_topics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.extract.pipeline import Extractor

ROOT: Final = Path(__file__).parents[1]
SHARED: Final = ROOT.parent / "shared" / "data"
WARM_UP: Final = 200
"""Articles read before the clock starts."""


def seeds() -> tuple[RawDocument, ...]:
    """The articles that come with Dateline."""
    paths = sorted((ROOT / "seeds").glob("*.txt"))
    return tuple(_raw(path.name, path.read_text(encoding="utf-8"), None) for path in paths)


def archive(name: str, text: str) -> tuple[RawDocument, ...]:
    """The articles of a gzipped JSONL archive, their text under the key `text`; none if it is not there."""
    path = SHARED / name
    if not path.exists():
        return ()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return tuple(_raw(row["id"], row[text], row["title"] or None) for row in rows if row[text])


def _raw(name: str, content: str, title: str | None) -> RawDocument:
    return RawDocument(name, None, name, content, "text/plain", Declared(title=title))


def articles_per_second(extractor: Extractor, articles: tuple[RawDocument, ...], seconds: float) -> tuple[float, int]:
    """Articles read a second of this process's time, and how many were. Archives are begun again when read through."""
    endless: Iterator[RawDocument] = itertools.cycle(articles)
    for raw in itertools.islice(endless, WARM_UP):
        _understand(extractor, raw)
    start, count = time.process_time(), 0
    while (spent := time.process_time() - start) < seconds:
        _understand(extractor, next(endless))
        count += 1
    return count / spent, count


def _understand(extractor: Extractor, raw: RawDocument) -> None:
    try:
        extractor.understand(raw, raw.origin)
    except UnreadableInput:
        return  # a few rows of the archives hold no words


def main() -> None:
    """Measure each archive that is there, and print what came out."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=10.0, help="how long to measure each archive")
    options.add_argument("--topics", action="store_true", help="find topics too")
    chosen = options.parse_args()
    extractor = load_extractor(TopicTagger(load_topics(load_gazetteer())) if chosen.topics else None)
    machine = str(this_machine())
    for name, articles in (
        ("seeds", seeds()),
        ("kcna", archive("kcna_2011_2012.jsonl.gz", "text")),
        ("reuters", archive("reuters21578.jsonl.gz", "body")),
    ):
        if not articles:
            continue
        rate, count = articles_per_second(extractor, articles, chosen.seconds)
        characters = sum(len(raw.content) for raw in articles) // len(articles)
        row = {"archive": name, "articles_per_second": round(rate), "read": count, "mean_characters": characters}
        sys.stdout.write(json.dumps({**row, "topics": chosen.topics, "machine": machine}) + "\n")


if __name__ == "__main__":
    main()
