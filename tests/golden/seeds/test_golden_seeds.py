"""The five seeds as they are understood, word for word: run with UPDATE_GOLDEN=1 to write the files anew."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.document import BlockKind, RawDocument, Role
from index.extract.pipeline import load_extractor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.document import Document, Found

SEEDS = sorted((Path(__file__).parents[3] / "seeds").glob("0*.txt"))
GOLDEN = Path(__file__).parent
EXTRACTOR = load_extractor()


def understand(seed: Path) -> Document:
    """A seed from its text alone."""
    content = seed.read_bytes().decode("utf-8")
    return EXTRACTOR.understand(RawDocument(None, None, seed.name, content, "text/plain"), seed.stem)


def described(document: Document) -> Iterator[str]:
    """What is believed of a document, a line each, the evidence below it."""
    published = document.published
    yield from lines("title", document.title, document.title.value)
    if published:
        value = published.value
        yield from lines("published", published, f"{value.start} to {value.end}, {value.precision}, {value.basis}")
    for region in document.regions:
        path = " > ".join(label.name for label in region.value.path)
        yield from lines("region", region, f"{path} ({region.value.role})")
    if document.source:
        yield from lines("source", document.source, document.source.value.name)
    for author in document.authors:
        yield from lines("author", author, author.value)
    for translator in document.translators:
        yield from lines("translator", translator, translator.value)
    if document.language:
        yield from lines("language", document.language, document.language.value)
    for kind in BlockKind:
        for part in document.parts(kind) if kind is not BlockKind.BODY else ():
            yield f"{kind}: {part}"


def lines(field: str, found: Found[Any], value: str) -> Iterator[str]:
    """A value, and each piece of its evidence."""
    yield f"{field}: {value}"
    for evidence in found.evidence:
        where = f"{evidence.where.start}-{evidence.where.end}" if evidence.where else "-"
        yield f"    {evidence.rule} {where} {evidence.quote!r}"


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.stem[:3])
def test_a_seed_is_understood_as_before(seed: Path) -> None:
    """A seed's title, date, places, source and people, with the evidence for each, are those of its golden file."""
    golden = GOLDEN / f"{seed.stem[:3]}.golden.txt"
    now = "\n".join(described(understand(seed))) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(now, encoding="utf-8")
    assert now == golden.read_text(encoding="utf-8")


def test_all_seeds_are_there() -> None:
    """The five articles and their golden files are part of the project."""
    assert len(SEEDS) == 5
    assert len(list(GOLDEN.glob("*.golden.txt"))) == 5


def test_the_region_facet_of_the_seeds() -> None:
    """Over all roles but caption, the seeds count as their keeper expects; places only in pictures count nowhere."""
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        regions = understand(seed).regions
        counts.update({found.value.name for found in regions if found.value.role is not Role.CAPTION})
    expected = {
        "North Pyongan": 3, "Sinuiju": 2, "Dandong": 2, "North Hamgyong": 1, "Chongjin": 1, "South Pyongan": 1,
        "Ryanggang": 1,
    }  # fmt: skip
    assert {name: counts[name] for name in expected} == expected
    assert not counts.keys() & {"Pyongyang", "Rason", "Kaesong"}


@pytest.mark.parametrize(
    ("seed", "start", "end"),
    [
        pytest.param("000", "2022-03-01", "2022-03-31", id="the present year is named"),
        pytest.param("001", "2018-10-01", "2018-10-31", id="a summit of this year"),
        pytest.param("002", "2020-03-01", "2020-03-31", id="an outbreak"),
        pytest.param("003", "2019-06-01", "2019-06-30", id="a picture's date"),
        pytest.param("004", "2020-10-01", "2020-10-31", id="late last month"),
    ],
)
def test_the_dates_of_the_seeds(seed: str, start: str, end: str) -> None:
    """Each seed is dated to its month, by inference."""
    document = understand(next(path for path in SEEDS if path.name.startswith(seed)))
    assert document.published
    assert (str(document.published.value.start), str(document.published.value.end)) == (start, end)
