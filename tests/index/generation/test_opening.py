"""Readers get a whole generation, whatever is published, removed or damaged around them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.errors import DamagedGeneration, GenerationError, GenerationGone, GenerationVersion, NoGeneration
from index.generation.opening import open_whole, pinned
from index.generation.publish import create_data_folder, publish, roll_back, write_lock
from index.layout import DataFolder, Generation, Reflects, Verified, current, current_id, published

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """A data folder with generations that say one, two and three."""
    data = DataFolder(tmp_path / "data")
    create_data_folder(data)
    for words in ("one", "two", "three"):
        publish_words(data, words)
    return data


def publish_words(data: DataFolder, words: str) -> Generation:
    """Publish a generation that says this."""

    def write(folder: Path) -> int:
        (folder / "index").mkdir()
        (folder / "index" / "terms").write_text(words)
        return 1

    reflects = Reflects(archive="a", change=1, rules="r")
    with write_lock(data) as lock:
        return publish(lock, write, lambda _draft: None, reflects=reflects)


def words_of(generation: Generation) -> str:
    """What a generation says."""
    return (generation.index / "terms").read_text()


def opened(data: DataFolder) -> tuple[str, str | None]:
    """What is opened, and what was wrong with what should have been."""
    found = open_whole(data, words_of, seen=Verified())
    return found.value, None if found.damage is None else str(found.damage)


def test_what_is_current_is_opened(data: DataFolder) -> None:
    """With nothing wrong, CURRENT is opened, verified and pinned, and there is nothing to report."""
    found = open_whole(data, words_of, seen=Verified())
    assert (found.value, found.generation, found.damage) == ("three", current(data), None)


def alter(generation: Path) -> None:
    """Write other words of the same length."""
    (generation / "index" / "terms").write_text("thrEE")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        pytest.param(alter, "index/terms: was altered", id="altered"),
        pytest.param(lambda path: (path / "index" / "terms").unlink(), "index/terms: is missing", id="a file lost"),
        pytest.param(lambda path: (path / "manifest.json").unlink(), "manifest.json: is missing", id="manifest lost"),
        pytest.param(lambda path: (path / "manifest.json").write_text("{}"), "manifest.json", id="manifest altered"),
        pytest.param(shutil.rmtree, "manifest.json: is missing", id="the generation lost"),
        pytest.param(lambda path: (path.parent.parent / "CURRENT").write_text("x"), "CURRENT: holds", id="CURRENT"),
    ],
)
def test_the_newest_whole_generation_stands_in_for_a_damaged_one(
    data: DataFolder, damage: Callable[[Path], object], named: str
) -> None:
    """The one before is opened, and the damage names file and command; CURRENT itself damaged, the newest is."""
    newest = current(data).path
    damage(newest)
    value, reported = opened(data)
    assert value == ("three" if newest.exists() and "CURRENT" in named else "two")
    assert reported is not None
    assert named in reported
    assert f"dateline build --from-store --data {data.path}" in reported


def test_damage_further_back_is_passed_over(data: DataFolder) -> None:
    """Of the generations before, the newest that is whole is opened; with none left, the first damage is the error."""
    ids = published(data)
    for name in ids[1:]:
        alter(data.generations / name)
    assert opened(data)[0] == "one"
    alter(data.generations / ids[0])
    with pytest.raises(DamagedGeneration, match=f"{ids[2]}/index/terms: was altered"):
        opened(data)


def test_an_engine_that_cannot_open_it_counts_as_damage(data: DataFolder) -> None:
    """If what opens a generation refuses it, the one before is tried."""

    def picky(generation: Generation) -> str:
        if words_of(generation) == "three":
            raise GenerationVersion(generation.path, expected="1", found="2")
        return words_of(generation)

    found = open_whole(data, picky, seen=Verified())
    assert found.value == "two"
    assert isinstance(found.damage, GenerationVersion)


def test_what_was_gone_back_from_does_not_stand_in(data: DataFolder) -> None:
    """After a rollback, a newer generation is not opened in place of a damaged one: the keeper did not want it."""
    target = roll_back(data)
    alter(target.path)
    assert opened(data)[0] == "one"


def test_an_unpublished_archive_has_nothing_to_open(tmp_path: Path) -> None:
    """Without CURRENT there is nothing to open."""
    with pytest.raises(NoGeneration):
        opened(DataFolder(tmp_path))


def test_a_pinned_generation_is_not_removed(data: DataFolder) -> None:
    """While one reader opens a generation, publishing leaves it alone; afterwards it goes with the next."""
    with pinned(data.generations / published(data)[0]) as generation:
        for words in ("four", "five"):
            publish_words(data, words)
        assert words_of(generation) == "one"
        assert generation.id in published(data)
    publish_words(data, "six")
    assert not generation.path.exists()
    assert len(published(data)) == 3


def test_many_may_pin_one_generation(data: DataFolder) -> None:
    """Readers do not keep each other out."""
    path = current(data).path
    with pinned(path) as one, pinned(path) as other:
        assert one == other


def test_a_generation_that_went_is_gone_and_not_damaged(data: DataFolder) -> None:
    """A reader who comes too late is told to look again, not that anything is wrong."""
    path = current(data).path
    path.rename(path.with_name(".draft-x"))
    with pytest.raises(GenerationGone, match="newer generations took its place"), pinned(path):
        pytest.fail("pinned what is not there")


def test_a_reader_who_comes_too_late_opens_what_is_current_by_then(data: DataFolder) -> None:
    """If the generation CURRENT named is removed before it could be opened, the newer one is opened."""
    seen: list[str] = []

    def late(generation: Generation) -> str:
        seen.append(words_of(generation))
        if len(seen) == 1:
            for words in ("four", "five", "six", "seven"):
                publish_words(data, words)
            raise GenerationGone(generation.path)
        return words_of(generation)

    assert open_whole(data, late, seen=Verified()).value == "seven"
    assert seen == ["three", "seven"]


def test_opening_writes_nothing(data: DataFolder) -> None:
    """A data folder that may only be read is opened as any other: a shared lock needs no right to write."""
    for path in (data.path, *data.path.rglob("*")):
        os.chmod(path, 0o555 if path.is_dir() else 0o444)  # noqa: PTH101 - beside its twin below
    try:
        before = sorted((str(path), path.stat().st_mtime_ns) for path in data.path.rglob("*"))
        assert opened(data) == ("three", None)
        assert sorted((str(path), path.stat().st_mtime_ns) for path in data.path.rglob("*")) == before
    finally:
        for path in (data.path, *data.path.rglob("*")):
            os.chmod(path, 0o755 if path.is_dir() else 0o644)  # noqa: PTH101 - beside its twin above


def test_files_seen_before_are_not_read_again(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was verified is only read again once it changed, and then its damage is noticed."""
    seen = Verified()
    open_whole(data, words_of, seen=seen)
    read: list[str] = []
    digest = Path.open

    def noted(path: Path, *args: object, **options: object) -> object:
        read.append(path.name)
        return digest(path, *args, **options)  # type: ignore[call-overload]  # handed on

    with monkeypatch.context() as patches:
        patches.setattr(Path, "open", noted)
        open_whole(data, lambda _generation: None, seen=seen)
        assert "terms" not in read
    alter(current(data).path)
    assert open_whole(data, words_of, seen=seen).value == "two"


def test_a_failing_reader_is_not_hidden(data: DataFolder) -> None:
    """What is no fault of a generation is raised as it is."""

    def broken(_generation: Generation) -> str:
        raise MemoryError

    with pytest.raises(MemoryError):
        open_whole(data, broken, seen=Verified())
    assert current_id(data) == published(data)[-1]


def test_generations_that_never_stay_are_an_error(data: DataFolder) -> None:
    """A reader gives up in the end, and says why."""

    def late(generation: Generation) -> str:
        publish_words(data, "next")
        raise GenerationGone(generation.path)

    with pytest.raises(GenerationError, match="faster than they can be opened"):
        open_whole(data, late, seen=Verified())
