"""How long suggestions take while somebody types, over an archive of synthetic articles.

    python -m benchmarks.suggest [--articles 100000] [--questions 3000] [--data FOLDER] [--seed 1]

One headline in four is Korean, of made up words and names of places. What is typed are the beginnings, key by key, of
headlines, of names of places in every script, of initial consonants, of topics and sources; some have a slip. Each is
answered as `/v1/suggest` does, without HTTP and without answers kept from before, and timed twice: by the clock, which
is what somebody waits, and as processor time of this thread, which is what a worker needs however busy the machine is.
`--data` is where the archive is, or is put.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
import tempfile
import time
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.over_http import fill
from benchmarks.synthetic import PLACES, SOURCES, TOPICS, synthetic_records
from index.gazetteer import load_gazetteer
from index.layout import DataFolder
from search.keystrokes import initials, is_syllable
from search.names import PlaceNames
from search.suggest import names_of
from service.params import SearchParams
from service.per_generation import PerGeneration
from service.suggesting import Suggesting
from service.wiring import compile_engine, lexicon_of, open_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.fields import Record
    from index.gazetteer import Gazetteer
    from service.archive import Archive

SAMPLED: Final = 2_000
KOREAN_SHARE: Final = 0.25
SLIPS: Final = 0.15
"""Of what is typed, how much has a slip."""
WORDS: Final = 3_000
PARTICLES: Final = ("", "", "에서", "의", "을", "는", "로")


def records_with_korean(count: int) -> Iterator[Record]:
    """Synthetic articles, some with a Korean headline: the same ones every time."""
    drawn = random.Random(7)  # noqa: S311 - the same everywhere
    syllables = [chr(drawn.randrange(0xAC00, 0xD7A4)) for _ in range(400)]
    words = ["".join(drawn.choices(syllables, k=drawn.randint(2, 4))) for _ in range(WORDS)]
    places = [name for name in _place_names(load_gazetteer()) if is_syllable(name[0])]
    for record in synthetic_records(count):
        if drawn.random() < KOREAN_SHARE:
            headline = [*drawn.choices(words, k=drawn.randint(2, 5)), drawn.choice(places)]
            yield dataclasses.replace(record, title=" ".join(word + drawn.choice(PARTICLES) for word in headline))
        else:
            yield record


def _place_names(gazetteer: Gazetteer) -> list[str]:
    """Every name of the places that articles are about."""
    found = [gazetteer.places[place] for place in PLACES if place in gazetteer.places]
    return [name for place in found for name in (place.name, *place.names)]


def typed(count: int, drawn: random.Random) -> Iterator[tuple[str, str]]:
    """What is in the box at some moment of typing, with the kind of thing that is being typed."""
    titles = [record.title for record in records_with_korean(SAMPLED)]
    names = _place_names(load_gazetteer())
    whole = {
        "headlines": [title for title in titles if title.isascii()],
        "Korean headlines": [title for title in titles if not title.isascii()],
        "places": names,
        "initial consonants": [initials(name) for name in names if is_syllable(name[0])],
        "topics and sources": [name.replace("-", " ") for name in (*TOPICS, *SOURCES)],
    }
    for number in range(count):
        kind = list(whole)[number % len(whole)]
        keys = unicodedata.normalize("NFD", drawn.choice(whole[kind]))
        end = drawn.randint(1, len(keys))
        yield kind, unicodedata.normalize("NFC", _slipped(keys[:end], drawn))


def _slipped(keys: str, drawn: random.Random) -> str:
    """Some keys, two of them perhaps swapped."""
    at = drawn.randrange(len(keys))
    return keys[:at] + keys[at : at + 2][::-1] + keys[at + 2 :] if drawn.random() < SLIPS else keys


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds that an answer took, by the clock and of the processor."""

    wall: float
    processor: float


def milliseconds(data: DataFolder, archive: Archive, questions: Iterator[tuple[str, str]]) -> dict[str, list[Taken]]:
    """What each answer took, by kind."""
    lexicon = lexicon_of(data)
    places = PlaceNames(lexicon.gazetteer)
    suggesting = Suggesting(lexicon, PerGeneration(lambda archive: names_of(archive.searcher, places)))
    suggesting.answer(SearchParams(q="kim"), archive)  # what is made once for each generation
    taken: defaultdict[str, list[Taken]] = defaultdict(list)
    for kind, text in questions:
        started, worked = time.perf_counter(), time.thread_time()
        suggesting.answer(SearchParams(q=text), archive)
        taken[kind].append(Taken((time.perf_counter() - started) * 1000, (time.thread_time() - worked) * 1000))
    return taken


def main() -> None:
    """Build, type, and print what it took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(given.data or Path(folder) / "data")
        if not data.path.exists():
            fill(data, given.articles, records_with_korean)
        compile_engine(data)
        archive = open_archive(data)
        drawn = random.Random(given.seed)  # noqa: S311 - chance that can be had again
        taken = milliseconds(data, archive, typed(given.questions, drawn))
        sys.stdout.write(f"{given.questions:,} suggestions over {archive.articles:,} articles, in ms\n")
        taken["all"] = [one for times in taken.values() for one in times]
        for kind, times in taken.items():
            walls, worked = [one.wall for one in times], [one.processor for one in times]
            said = [f"p50 {np.percentile(ms, 50):6.2f}  p99 {np.percentile(ms, 99):6.2f}" for ms in (walls, worked)]
            sys.stdout.write(f"{kind:20} clock {said[0]}  longest {max(walls):6.2f}  processor {said[1]}\n")
        archive.close()


if __name__ == "__main__":
    main()
