"""A snapshot that follows changes answers as one that is written anew, in few parts, and leaves its base as it was."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.document import Declared, DeclaredRegion, Document, Role
from index.errors import DamagedGeneration, GenerationError
from index.fields import KEYWORD_FIELDS
from index.generation.parts import PartWriter
from index.generation.snapshot import CONTENTS, Snapshot, read_contents
from index.generation.snapshot_writing import needs_merging, update_snapshot, write_snapshot
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Archive = Mapping[int, Document]

SOURCES = ("KCNA", "kcna", "Kcna", "Wire", "wire")
"""Names of two sources, which articles disagree about."""


def make(serial: int, version: int, source: str = "KCNA", article_id: str | None = None) -> Document:
    """A version of an article."""
    declared = Declared(
        source=source,
        topics=(f"topic-{(serial + version) % 5}",),
        regions=(DeclaredRegion(f"Place {version % 3}", Role.EVENT),),
        language="en" if version % 2 else "ko",
    )
    name = article_id or f"a{serial}"
    return FakeExtractor().understand(article(f"words {version} of {name}", declared=declared), name)


def write(folder: Path, archive: Archive) -> Path:
    """A snapshot of an archive, written at once."""
    rows = sorted(archive.items())
    assert list(write_snapshot(folder, rows)) == rows
    return folder


def update(folder: Path, base: Path, changes: Mapping[int, Document | None], most_merged: float = 1e9) -> Path:
    """A snapshot that follows changes."""
    with Snapshot.open(base) as snapshot:
        rows = list(update_snapshot(folder, snapshot, sorted(changes.items()), most_merged=most_merged))
    assert rows == [(serial, document) for serial, document in sorted(changes.items()) if document is not None]
    return folder


def after(archive: Archive, changes: Mapping[int, Document | None]) -> dict[int, Document]:
    """The archive after changes."""
    return {serial: document for serial, document in (archive | changes).items() if document is not None}  # type: ignore[operator]  # both are dictionaries


def assert_same(path: Path, archive: Archive, fresh: Path) -> None:
    """A snapshot answers as one that is written anew, which is made in `fresh`."""
    with Snapshot.open(path) as found, Snapshot.open(write(fresh, archive)) as wanted:
        assert found.count == wanted.count == len(archive)
        assert {field: found.labels(field) for field in KEYWORD_FIELDS} == {
            field: wanted.labels(field) for field in KEYWORD_FIELDS
        }
        serials = sorted(archive, key=lambda serial: hash(str(serial)))
        assert found.documents(serials) == tuple(archive[serial] for serial in serials)
        for document in archive.values():
            assert found.find(document.id) == document
        gone = [serial for serial in range(1, max(archive, default=0) + 3) if serial not in archive]
        assert found.known(gone) == {}
        ids = {document.id for document in archive.values()}
        assert all(found.find(f"a{serial}") is None for serial in gone if f"a{serial}" not in ids)
    assert read_contents(path).labels == read_contents(fresh).labels


def some_change(archive: Archive, chance: random.Random, newest: int) -> dict[int, Document | None]:
    """A handful of articles added, replaced and deleted; some take the id of one that went."""
    changes: dict[int, Document | None] = {}
    for serial in chance.sample(sorted(archive), min(len(archive), chance.randrange(4))):
        version = chance.randrange(9)
        changes[serial] = (
            None if chance.random() < 0.4 else make(serial, version, chance.choice(SOURCES), archive[serial].id)
        )
    free = [archive[serial].id for serial, document in changes.items() if document is None]
    for serial in range(newest + 1, newest + 1 + chance.randrange(4)):
        changes[serial] = make(serial, chance.randrange(9), chance.choice(SOURCES), free.pop() if free else None)
    if chance.random() < 0.2:
        changes[newest + 9] = None  # an article that came and went between two generations
    return changes


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), tier=st.integers(2, 8), smallest=st.integers(1, 5))
def test_a_snapshot_that_followed_is_the_one_written_anew(
    tmp_path_factory: pytest.TempPathFactory, seed: int, tier: int, smallest: int
) -> None:
    """Whatever was added, replaced, deleted and added again: the same articles, ids and names, by way of few parts."""
    folder = tmp_path_factory.mktemp("history")
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    archive: dict[int, Document] = {serial: make(serial, serial, chance.choice(SOURCES)) for serial in range(1, 4)}
    path, newest = write(folder / "0", archive), 3
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr("index.generation.tiers.TIER", tier)
        patches.setattr("index.generation.tiers.SMALLEST_TIER", smallest)
        for step in range(1, 14):
            changes = some_change(archive, chance, newest)
            newest = max(newest, *changes) if changes else newest
            path = update(folder / str(step), path, changes)
            archive = after(archive, changes)
            assert_same(path, archive, folder / f"fresh-{step}")
            assert len(read_contents(path).parts) <= 4 * tier
            dead = sum(entry.dead for entry in read_contents(path).parts)
            assert sum(entry.articles for entry in read_contents(path).parts) == len(archive) + dead


def test_what_did_not_change_is_shared_and_untouched(tmp_path: Path) -> None:
    """Parts are hard links to those of the base, whose files stay as they were byte by byte."""
    base = write(tmp_path / "base", {serial: make(serial, 1) for serial in range(1, 50)})
    before = {file.name: (file.stat().st_ino, file.read_bytes()) for file in base.iterdir()}
    path = update(tmp_path / "next", base, {7: make(7, 2), 9: None})
    assert (path / "1.sqlite").stat().st_ino == before["1.sqlite"][0]
    assert (path / "2.sqlite").stat().st_size < (path / "1.sqlite").stat().st_size
    assert {file.name: (file.stat().st_ino, file.read_bytes()) for file in base.iterdir()} == before
    assert [(entry.articles, entry.dead) for entry in read_contents(path).parts] == [(49, 2), (1, 0)]


def test_where_files_cannot_be_linked_they_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without hard links, or with as many of them as it can have, a part is copied."""
    archive = {serial: make(serial, 1) for serial in range(1, 5)}
    base = write(tmp_path / "base", archive)

    def refuse(source: object, target: object, **_options: object) -> None:
        raise OSError(38, os.strerror(38), source, None, target)

    monkeypatch.setattr(os, "link", refuse)
    path = update(tmp_path / "next", base, {4: None})
    assert (path / "1.sqlite").stat().st_ino != (base / "1.sqlite").stat().st_ino
    assert_same(path, after(archive, {4: None}), tmp_path / "fresh")


def test_large_parts_wait_until_nobody_waits_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a bound on what may be merged, parts that are due stay; without, they become one, in no new part."""
    monkeypatch.setattr("index.generation.tiers.TIER", 3)
    monkeypatch.setattr("index.generation.tiers.SMALLEST_TIER", 2)
    archive: dict[int, Document] = {1: make(1, 1), 2: make(2, 1)}
    path = write(tmp_path / "0", archive)
    for step in range(1, 7):
        changes = {2 * step + 1: make(2 * step + 1, 1), 2 * step + 2: make(2 * step + 2, 1)}
        path, archive = update(tmp_path / str(step), path, changes, most_merged=5), after(archive, changes)
    assert len(read_contents(path).parts) == 7
    assert needs_merging(path)
    tidy = update(tmp_path / "tidy", path, {})
    assert len(read_contents(tidy).parts) == 1
    assert not needs_merging(tidy)
    assert_same(tidy, archive, tmp_path / "fresh")


def test_a_part_that_is_mostly_outdated_is_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When more than a third of a large part's articles were replaced or deleted, it is written anew without them."""
    monkeypatch.setattr("index.generation.tiers.SMALLEST_TIER", 8)
    archive: dict[int, Document] = {serial: make(serial, 1) for serial in range(1, 10)}
    path = write(tmp_path / "0", archive)
    changes: dict[int, Document | None] = dict.fromkeys(range(2, 6))
    path = update(tmp_path / "1", path, changes)
    assert [(entry.articles, entry.dead) for entry in read_contents(path).parts] == [(5, 0), (0, 0)]
    assert_same(path, after(archive, changes), tmp_path / "fresh")


def test_the_earliest_article_names_a_label(tmp_path: Path) -> None:
    """When the article that named a source goes, the next one that has it names it; with the last, the name goes."""
    sources = {1: "KCNA", 2: "Wire", 3: "kcna", 4: "Kcna"}
    archive = {serial: make(serial, 1, source) for serial, source in sources.items()}
    path = write(tmp_path / "0", archive)
    names = []
    steps: Sequence[dict[int, Document | None]] = (
        {1: None},
        {3: make(3, 1, "Wire")},
        {2: make(2, 1, "wire")},
        {4: None},
    )
    for step, changes in enumerate(steps):
        path = update(tmp_path / f"step {step}", path, changes)
        archive = after(archive, changes)
        assert_same(path, archive, tmp_path / f"fresh {step}")
        with Snapshot.open(path) as snapshot:
            names.append({value: path[0].name for value, path in snapshot.labels("source").items()})
    assert names == [
        {"wire": "Wire", "kcna": "kcna"},
        {"wire": "Wire", "kcna": "Kcna"},
        {"wire": "wire", "kcna": "Kcna"},
        {"wire": "wire"},
    ]


def test_contents_that_count_wrongly_are_damage(tmp_path: Path) -> None:
    """A table of contents that does not know what its articles name is out of step with them."""
    base = write(tmp_path / "base", {1: make(1, 1)})
    text = (base / CONTENTS).read_text()
    (base / CONTENTS).write_text(text.replace('"kcna":', '"other":'))
    with pytest.raises(DamagedGeneration, match="does not know the label"):
        update(tmp_path / "next", base, {1: None})


def test_a_part_needs_ids_and_serials_of_their_own(tmp_path: Path) -> None:
    """Two articles of one id or serial are refused, and so is a file that is there already."""
    document = make(1, 1)
    for rows in ([(1, document), (2, document)], [(1, document), (1, make(1, 1, article_id="b"))]):
        with pytest.raises(GenerationError, match="cannot be written: UNIQUE"):
            list(write_snapshot(tmp_path / f"{len(rows)}{rows[1][0]}", rows))
    (tmp_path / "there").touch()
    with pytest.raises(GenerationError, match="cannot be written"), PartWriter(tmp_path / "no" / "part"):
        pytest.fail("wrote into a folder that is not there")
