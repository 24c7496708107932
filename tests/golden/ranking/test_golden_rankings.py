"""Golden rankings: the first ten articles of 44 questions, over the seeds and KCNA's articles, reviewed by reading.

`seeds.txt` and `kcna.txt` hold for each question what is typed, a reviewer's note, and the ids found, best first. A
change of ranking shows as a difference of these files. If it is an improvement, write them anew, read what moved, and
mend the notes that no longer hold:

    UPDATE_GOLDEN=1 pytest tests/golden/ranking

In `kcna.txt` ids are marked as graded in `benchmarks/kcna_grades.tsv` (`judged as` says for which question): `++`
answers it, `+` has to do with it, `-` does not, `?` was not graded. KCNA's articles lie beside the clone, in
`../shared/data`; where they are missing, that half is skipped.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.judging import Collection
from benchmarks.kcna import find_kcna, read_grades
from benchmarks.ranking import rank_as_typed
from index.document import RawDocument
from index.extract.pipeline import load_extractor
from index.fields import record_from_document
from index.gazetteer import load_gazetteer
from search.percolate import TopicTagger, load_topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

GOLDEN = Path(__file__).parent
SEEDS = sorted((Path(__file__).parents[3] / "seeds").glob("0*.txt"))
SHOWN = 10
MARKS = {2: "++", 1: "+", 0: "-", None: "?"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A question of a golden file: what is typed, which graded question it is, the note, and what is found."""

    words: str
    judged_as: str
    note: str
    found: tuple[str, ...] = ()


def read_entries(text: str) -> Iterator[Entry]:
    """The entries of a golden file."""
    for block in text.split("\n\n"):
        lines = block.strip().splitlines()
        if lines and lines[0].startswith("? "):
            told = dict(line.split(": ", 1) for line in lines[1:] if line.startswith(("judged as: ", "note: ")))
            found = tuple(line.split()[1] for line in lines if line[:2].strip().isdigit())
            yield Entry(lines[0][2:], told.get("judged as", ""), told.get("note", ""), found)


def written(head: str, entries: Iterable[Entry], grades: Mapping[str, Mapping[str, int]]) -> str:
    """The text of a golden file."""
    return "\n\n".join([head, *("\n".join(lines_of(entry, grades)) for entry in entries)]) + "\n"


def lines_of(entry: Entry, grades: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """An entry, its ids marked with their grades if it is judged."""
    yield f"? {entry.words}"
    if entry.judged_as:
        yield f"judged as: {entry.judged_as}"
    yield f"note: {entry.note}"
    for place, article in enumerate(entry.found, start=1):
        mark = f" {MARKS[grades[entry.judged_as].get(article)]}" if entry.judged_as else ""
        yield f"{place:2} {article}{mark}"


def check(file: str, collection: Collection, ids: Mapping[int, str]) -> None:
    """Compare what is found now with a golden file, or write it anew."""
    golden = GOLDEN / file
    was = golden.read_text(encoding="utf-8")
    entries = list(read_entries(was))
    run = rank_as_typed(replace(collection, questions={entry.words: entry.words for entry in entries}))
    found = [replace(entry, found=tuple(ids[serial] for serial in run[entry.words][:SHOWN])) for entry in entries]
    now = written(was.split("\n\n")[0], found, read_grades())
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(now, encoding="utf-8")
    assert now == golden.read_text(encoding="utf-8")


def test_the_seeds_are_ranked_as_before() -> None:
    """What the seeds' questions find, in its order, is what the golden file says."""
    extractor = load_extractor(TopicTagger(load_topics(load_gazetteer())))
    records = []
    for serial, seed in enumerate(SEEDS, start=1):
        raw = RawDocument(None, None, seed.name, seed.read_bytes().decode("utf-8"), "text/plain")
        records.append(record_from_document(serial, extractor.understand(raw, seed.stem)))
    check("seeds.txt", Collection(tuple(records), {}, {}), {n: seed.stem for n, seed in enumerate(SEEDS, start=1)})


def test_kcna_is_ranked_as_before() -> None:
    """What the questions to KCNA find first, in its order, is what the golden file says."""
    kcna = find_kcna()
    if kcna is None:
        pytest.skip("needs ../shared/data/kcna_2011_2012.jsonl.gz, which is not on this machine")
    check("kcna.txt", kcna.collection, kcna.ids)


def test_there_are_forty_questions_each_with_a_note() -> None:
    """At least 40 questions, none twice in a file, and each was reviewed."""
    files = [list(read_entries((GOLDEN / file).read_text("utf-8"))) for file in ("seeds.txt", "kcna.txt")]
    assert sum(map(len, files)) >= 40
    for entries in files:
        assert len({entry.words for entry in entries}) == len(entries)
        assert all(entry.note and len(entry.found) <= SHOWN for entry in entries)


def test_a_golden_file_is_read_as_it_is_written() -> None:
    """Reading what was written gives the same entries, marked by their grades."""
    entries = [Entry("lair", "4", "the find itself", ("a", "b", "c")), Entry("x y", "", "nothing has both")]
    text = written("# Head", entries, {"4": {"a": 2, "b": 0}})
    assert list(read_entries(text)) == entries
    assert " 1 a ++\n 2 b -\n 3 c ?" in text
