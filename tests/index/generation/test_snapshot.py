"""The articles of a generation, by serial and by id, with the labels of all they name."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.document import Declared, DeclaredRegion, Document, Found, Label, Region, Role
from index.errors import DamagedGeneration, GenerationError
from index.fields import KEYWORD_FIELDS
from index.generation.snapshot import Snapshot
from index.generation.snapshot_writing import write_snapshot
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def make(article_id: str, **declared: object) -> Document:
    """A document that declares this."""
    return FakeExtractor().understand(article(f"words of {article_id}", declared=Declared(**declared)), article_id)  # type: ignore[arg-type]  # as the test says


ROWS = [
    (1, make("a", source="KCNA", topics=("trade", "food"), language="en")),
    (4, make("신의주", source="kcna", regions=(DeclaredRegion("Sinuiju", Role.SENDER),), language="xx")),
    (9, make("c")),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A snapshot of `ROWS`, in a folder whose name is awkward in a URI."""
    path = tmp_path / "a?b#c d%20é" / "documents"
    path.parent.mkdir()
    assert list(write_snapshot(path, ROWS)) == ROWS
    return path


def test_documents_come_back_as_they_were_in_the_order_asked(path: Path) -> None:
    """Documents are equal to what was written, in the order of the serials asked, repeated if asked twice."""
    with Snapshot.open(path) as snapshot:
        assert snapshot.count == 3
        assert snapshot.documents([9, 1, 4, 1]) == tuple(dict(ROWS)[serial] for serial in (9, 1, 4, 1))
        assert snapshot.documents([]) == ()


def test_articles_are_found_by_id(path: Path) -> None:
    """An article is found by its id, exactly; None where there is none."""
    with Snapshot.open(path) as snapshot:
        assert snapshot.find("신의주") == ROWS[1][1]
        assert snapshot.find("A") is None


def test_labels_are_of_what_occurs_and_what_it_lies_in(path: Path) -> None:
    """Fields have the labels of their values, regions with all they lie in; the first article's name stands."""
    world, sinuiju = Label("world", "World"), Label("sinuiju", "Sinuiju")
    with Snapshot.open(path) as snapshot:
        assert {field: dict(snapshot.labels(field)) for field in KEYWORD_FIELDS} == {
            "region": {"world": (world,), "sinuiju": (world, sinuiju)},
            "source": {"kcna": (Label("kcna", "KCNA"),)},
            "topic": {"food": (Label("food", "Food"),), "trade": (Label("trade", "Trade"),)},
            "language": {"en": (Label("en", "English"),), "xx": (Label("xx", "xx"),)},
        }


def test_an_empty_snapshot_answers(tmp_path: Path) -> None:
    """A snapshot of no articles opens and has no labels."""
    path = tmp_path / "documents"
    assert list(write_snapshot(path, [])) == []
    with Snapshot.open(path) as snapshot:
        assert (snapshot.count, snapshot.labels("region"), snapshot.find("a")) == (0, {}, None)


def test_reading_leaves_the_folder_as_it_is(path: Path) -> None:
    """A snapshot is read where nothing may be written, and no file appears beside it."""
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    for file in path.iterdir():
        file.chmod(0o444)
    path.chmod(0o555)
    try:
        with Snapshot.open(path) as snapshot:
            assert snapshot.find("a") is not None
        assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    finally:
        path.chmod(0o755)


def test_closing_twice_is_fine_and_reading_afterwards_is_not(path: Path) -> None:
    """A closed snapshot says so; closing it again does nothing."""
    snapshot = Snapshot.open(path)
    snapshot.close()
    snapshot.close()
    with pytest.raises(GenerationError, match="was closed"):
        snapshot.find("a")


def test_many_threads_read_one_snapshot(path: Path) -> None:
    """Threads that read at once all get what they asked for."""
    wrong: list[object] = []
    with Snapshot.open(path) as snapshot:

        def read(serial: int) -> None:
            wanted = (dict(ROWS)[serial],)
            wrong.extend(serial for _ in range(200) if snapshot.documents([serial]) != wanted)

        threads = [threading.Thread(target=read, args=(serial,)) for serial, _ in ROWS * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_serial_that_is_not_there_is_damage(path: Path) -> None:
    """An index that names an article the snapshot has not is out of step with it, and that is said."""
    with Snapshot.open(path) as snapshot, pytest.raises(DamagedGeneration, match="no article 2, but the index has"):
        snapshot.documents([1, 2])


def cut(file: Path) -> None:
    """Leave half of a file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        pytest.param(lambda path: (path / "contents.json").unlink(), "contents.json: is missing", id="no contents"),
        pytest.param(lambda path: cut(path / "contents.json"), "contents.json", id="half the contents"),
        pytest.param(lambda path: (path / "contents.json").write_text("{}"), "contents.json", id="empty contents"),
        pytest.param(
            lambda path: (path / "contents.json").write_text('{"articles":0,"parts":[],"labels":{}}'),
            "is not a table of contents",
            id="no parts",
        ),
        pytest.param(lambda path: (path / "1.sqlite").unlink(), "1.sqlite", id="no part"),
        pytest.param(lambda path: (path / "1.sqlite").write_text("words " * 500), "1.sqlite", id="text for a part"),
        pytest.param(lambda path: (path / "1.sqlite").write_bytes(b""), "1.sqlite", id="an empty part"),
        pytest.param(shutil.rmtree, "contents.json: is missing", id="nothing"),
    ],
)
def test_what_is_no_snapshot_is_refused(path: Path, damage: Callable[[Path], object], named: str) -> None:
    """A table of contents or a part that is missing or of another kind is refused as damage, and named."""
    damage(path)
    with pytest.raises(DamagedGeneration, match=named):
        Snapshot.open(path)


def test_articles_that_clash_are_refused(tmp_path: Path) -> None:
    """Two articles of one id or one serial cannot be in a snapshot."""
    document = ROWS[0][1]
    for name, rows in (("ids", [(1, document), (2, document)]), ("serials", [(1, document), (1, ROWS[1][1])])):
        with pytest.raises(GenerationError, match="cannot be written: UNIQUE"):
            list(write_snapshot(tmp_path / name, rows))


def test_a_region_without_evidence_keeps_its_role(tmp_path: Path) -> None:
    """Generic and nested values come back as their own types."""
    region = Region((Label("kp", "North Korea"),), Role.CAPTION)
    document = replace(ROWS[0][1], regions=(Found(region, ()),))
    list(write_snapshot(tmp_path / "s", [(1, document)]))
    with Snapshot.open(tmp_path / "s") as snapshot:
        assert snapshot.documents([1])[0].regions[0].value == region
