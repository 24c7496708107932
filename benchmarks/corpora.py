"""The archives that are measured on, as `Record`s: two real ones where they are there, and synthetic ones of any size.

`find_corpus` gives the `Corpus` of a name: `reuters`, `kcna`, or `synthetic-100000` for one of 100,000 articles. The
real ones lie beside the clone in `../shared/data` and are no part of the project. Reuters-21578 comes with its editors'
places, topics and days. KCNA comes with none but the day, so its places and topics are those that Dateline finds; its
articles in other languages are left out, as the peers' analysers know only English.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.synthetic import synthetic_records
from index.document import Declared, RawDocument, Role
from index.errors import UnreadableInput
from index.extract.pipeline import load_extractor
from index.fields import Record, record_from_document, region_value
from index.gazetteer import load_gazetteer
from search.percolate import TopicTagger, load_topics

SHARED: Final = Path(__file__).parents[2] / "shared" / "data"
SYNTHETIC: Final = "synthetic-"
NAMES: Final = f"reuters, kcna, {SYNTHETIC}N for N articles"


@dataclass(frozen=True, slots=True)
class Corpus:
    """An archive: a name for files, a title for readers, and its articles, made anew each time they are asked for.

    `count` is None where it is known only when all have been made. `whole` is the archive, perhaps endless, that this
    one is the beginning of: questions chosen from that are the same for every size.
    """

    name: str
    title: str
    count: int | None
    records: Callable[[], Iterator[Record]]
    whole: Callable[[], Iterator[Record]]


def find_corpus(name: str) -> Corpus | None:
    """The archive of that name, or None if it is a real one that is not on this machine.

    Raises `ValueError` for a name that is none of `NAMES`.
    """
    if name.startswith(SYNTHETIC) and (digits := name.removeprefix(SYNTHETIC)).isdecimal() and int(digits):
        count = int(digits)
        return Corpus(name, "Synthetic news", count, partial(synthetic_records, count), synthetic_records)
    if name not in _REAL:
        raise ValueError(f"there is no corpus {name!r}; there are {NAMES}")
    title, file, read = _REAL[name]
    records = partial(read, SHARED / file)
    return Corpus(name, title, None, records, records) if (SHARED / file).exists() else None


def reuters_records(path: Path) -> Iterator[Record]:
    """Reuters-21578 as its editors labelled it; articles without a text are kept, as the archive has them."""
    for serial, row in enumerate(_rows(path), start=1):
        day = dt.date.fromisoformat(row["date"][:10]).toordinal()
        yield Record(
            serial=serial,
            title=row["title"] or "",
            body=row["body"] or "",
            captions="",
            authors=row["author"] or "",
            region=tuple(region_value(place, Role.EVENT) for place in dict.fromkeys(row["places"])),
            source=("reuters",),
            topic=tuple(dict.fromkeys(row["topics"])),
            language=("en",),
            date=(day, day),
        )


def kcna_records(path: Path) -> Iterator[Record]:
    """The English articles of KCNA as Dateline understands them."""
    extractor = load_extractor(TopicTagger(load_topics(load_gazetteer())))
    english = (row for row in _rows(path) if row["language"] == "en" and row["text"])
    for serial, row in enumerate(english, start=1):
        declared = Declared(title=row["title"] or None, date=row["date"], source="KCNA", language="en")
        raw = RawDocument(row["id"], None, row["id"], row["text"], "text/plain", declared)
        try:
            yield record_from_document(serial, extractor.understand(raw, row["id"]))
        except UnreadableInput:
            continue  # a few rows hold no words


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


_REAL: Final = {
    "reuters": ("Reuters-21578, 1987", "reuters21578.jsonl.gz", reuters_records),
    "kcna": ("KCNA in English, 2011-2012", "kcna_2011_2012.jsonl.gz", kcna_records),
}
