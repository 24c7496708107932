"""What a generation is: found by CURRENT, refused if a byte of it is not as published."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.errors import DamagedGeneration, GenerationVersion, NoGeneration
from index.generation.publish import create_data_folder, publish, write_lock
from index.layout import (
    DataFolder,
    Generation,
    Reflects,
    Verified,
    bytes_from_manifest,
    check_files,
    current,
    current_id,
    documents_path,
    index_format,
    published,
    read_generation,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REFLECTS = Reflects(archive="a", change=7, rules="r")


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """A data folder with one generation of two files."""
    data = DataFolder(tmp_path / "data")
    create_data_folder(data)
    publish_words(data, "words")
    return data


def publish_words(data: DataFolder, words: str) -> Generation:
    """Publish a generation that says this."""

    def write(folder: Path) -> int:
        (folder / "index").mkdir()
        (folder / "index" / "terms").write_text(words)
        documents_path(folder).mkdir()
        (documents_path(folder) / "1.sqlite").write_text(words * 2)
        return 3

    with write_lock(data) as lock:
        return publish(lock, write, lambda _draft: None, reflects=REFLECTS)


def test_current_is_what_was_published(data: DataFolder) -> None:
    """CURRENT names the newest generation, whose manifest says what it holds and reflects."""
    generation = current(data)
    manifest = generation.manifest
    assert generation.path == data.generations / current_id(data)
    assert (manifest.format, manifest.articles, manifest.reflects) == (index_format(), 3, REFLECTS)
    assert [(entry.path, entry.size) for entry in manifest.files] == [("documents/1.sqlite", 10), ("index/terms", 5)]
    assert len(manifest.cursor_key) == 64
    assert generation.index.is_dir()
    assert generation.documents.is_dir()
    verify(generation)


def test_generations_count_up_and_never_share_an_id(data: DataFolder, tmp_path: Path) -> None:
    """Ids are numbered within an archive and differ between archives, and so do the keys of cursors."""
    second = publish_words(data, "more")
    other = DataFolder(tmp_path / "other")
    create_data_folder(other)
    elsewhere = publish_words(other, "words")
    assert [name.split("-")[0] for name in published(data)] == ["1", "2"]
    assert elsewhere.id.startswith("1-")
    assert elsewhere.id not in published(data)
    assert len({generation.manifest.cursor_key for generation in (current(data), elsewhere)}) == 2
    assert second.id == current_id(data)


def test_an_unpublished_archive_says_what_to_run(tmp_path: Path) -> None:
    """Without CURRENT there is nothing to answer from, and the error names the command."""
    data = DataFolder(tmp_path)
    with pytest.raises(NoGeneration, match=f"dateline build --data {tmp_path}"):
        current(data)
    assert published(data) == ()


def overwrite(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Damage: change a file's bytes."""

    def damage(generation: Path) -> None:
        path = generation / name
        path.write_bytes(change(path.read_bytes()))

    return damage


def link(generation: Path) -> None:
    """Damage: replace a file by a link to a copy of it."""
    path = generation / "index" / "terms"
    copy = generation.parent.parent / "copy"
    path.rename(copy)
    path.symlink_to(copy)


def pipe(name: str) -> Callable[[Path], None]:
    """Damage: put a pipe in a file's place, which gives whoever reads it nothing and no end."""

    def damage(generation: Path) -> None:
        (generation / name).unlink()
        os.mkfifo(generation / name)

    return damage


@pytest.mark.parametrize(
    ("damage", "named", "reason"),
    [
        pytest.param(lambda g: (g / "index/terms").unlink(), "index/terms", "is missing", id="missing file"),
        pytest.param(lambda g: (g / "index/x").touch(), "index/x", "does not belong", id="extra file"),
        pytest.param(overwrite("index/terms", lambda b: b + b"x"), "index/terms", "6 bytes long, not 5", id="longer"),
        pytest.param(overwrite("documents/1.sqlite", lambda b: b[:-1]), "documents/1.sqlite", "9 bytes", id="shorter"),
        pytest.param(link, "index/terms", "is not a plain file", id="a link"),
        pytest.param(pipe("index/terms"), "index/terms", "is not a plain file", id="a pipe"),
        pytest.param(pipe("manifest.json"), "manifest.json", "is not a plain file", id="manifest is a pipe"),
        pytest.param(lambda g: (g / "manifest.json").unlink(), "manifest.json", "is missing", id="no manifest"),
        pytest.param(overwrite("manifest.json", lambda _: b""), "manifest.json", "not a manifest", id="empty manifest"),
        pytest.param(overwrite("manifest.json", lambda _: b"\xff{}"), "manifest.json", "not a manifest", id="binary"),
        pytest.param(overwrite("manifest.json", lambda b: b + b"\n"), "manifest.json", "altered", id="padded manifest"),
    ],
)
def test_damage_is_noticed_without_reading_files(
    data: DataFolder, damage: Callable[[Path], None], named: str, reason: str
) -> None:
    """What is missing, extra or of another size is refused at once, named, with the command that mends it."""
    generation = data.generations / current_id(data)
    damage(generation)
    with pytest.raises(DamagedGeneration, match="dateline build --from-store") as refused:
        check_files(current(data))
    assert refused.value.path == generation / named
    assert reason in refused.value.reason


def test_every_flipped_bit_is_noticed(data: DataFolder) -> None:
    """Each bit of each file of a generation, its manifest too, is covered: flip one, and it is refused."""
    generation = current(data).path
    for path in (generation / "index/terms", generation / "documents/1.sqlite", generation / "manifest.json"):
        whole = path.read_bytes()
        for position in range(len(whole) * 8):
            flipped = bytearray(whole)
            flipped[position // 8] ^= 1 << position % 8
            path.write_bytes(flipped)
            with pytest.raises(DamagedGeneration) as refused:
                verify(current(data))
            assert refused.value.path == path
        path.write_bytes(whole)
    verify(current(data))


def test_files_of_another_generation_are_noticed(data: DataFolder) -> None:
    """A file swapped for that of another generation, the manifest included, is refused."""
    first = current(data).path
    second = publish_words(data, "wordz").path
    for name in ("index/terms", "documents/1.sqlite", "manifest.json"):
        whole = (second / name).read_bytes()
        (second / name).write_bytes((first / name).read_bytes())
        with pytest.raises(DamagedGeneration):
            verify(current(data))
        (second / name).write_bytes(whole)
    verify(current(data))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("", "holds ''", id="empty"),
        pytest.param("../../etc\n", "is not the id of a generation", id="a path"),
        pytest.param("1-0123abc\n", "is not the id of a generation", id="cut short"),
        pytest.param("7-01234567\n", "is missing", id="a generation that is not there"),
    ],
)
def test_a_current_that_names_nothing_is_damage(data: DataFolder, content: str, reason: str) -> None:
    """CURRENT must name a generation that is there."""
    data.current.write_text(content)
    with pytest.raises(DamagedGeneration, match="dateline build --from-store") as refused:
        current(data)
    assert reason in refused.value.reason


def test_a_current_that_is_a_pipe_is_damage(data: DataFolder) -> None:
    """Nobody waits for what it might say."""
    data.current.unlink()
    os.mkfifo(data.current)
    with pytest.raises(DamagedGeneration, match="is not a plain file"):
        current(data)


def test_a_generation_under_another_name_is_refused(data: DataFolder) -> None:
    """A folder that was renamed or copied is not the generation its name says."""
    moved = current(data).path.rename(data.generations / "9-01234567")
    with pytest.raises(DamagedGeneration, match="is the manifest of generation 1-"):
        read_generation(moved)


def test_another_version_is_named(data: DataFolder) -> None:
    """A generation of another format is refused with both formats, before the rest of its manifest is looked at."""
    generation = current(data)
    other = bytes_from_manifest(replace(generation.manifest, format="0.9"))
    (generation.path / "manifest.json").write_bytes(other)
    with pytest.raises(
        GenerationVersion, match=f"of index format 0.9; this version of Dateline reads {index_format()}"
    ):
        current(data)


def test_the_manifest_is_plain_json(data: DataFolder) -> None:
    """Other programs can read a manifest: JSON, with names and SHA-256 sums as `sha256sum` prints them."""
    sealed = json.loads((current(data).path / "manifest.json").read_bytes())
    assert sealed["manifest"]["files"][1]["path"] == "index/terms"
    assert len(sealed["manifest"]["files"][1]["sha256"]) == len(sealed["sha256"]) == 64


def test_reading_needs_no_write_access(data: DataFolder) -> None:
    """Finding and verifying the current generation changes nothing in the data folder."""

    def listing() -> list[tuple[str, float]]:
        return sorted((str(path), path.stat().st_mtime_ns) for path in data.path.rglob("*"))

    before = listing()
    for path in (data.path, *data.path.rglob("*")):
        os.chmod(path, 0o555 if path.is_dir() else 0o444)  # noqa: PTH101 - beside its twin below
    try:
        verify(current(data))
    finally:
        for path in (data.path, *data.path.rglob("*")):
            os.chmod(path, 0o755 if path.is_dir() else 0o644)  # noqa: PTH101 - beside its twin above
    assert listing() == before


def test_what_was_verified_is_read_again_only_when_it_changed(data: DataFolder) -> None:
    """A file seen to be right is known by device, inode, size and time; change any, and its bytes are looked at."""
    generation = current(data)
    seen = Verified()
    verify(generation, seen)
    path = generation.index / "terms"
    status = path.stat()
    path.write_text("sdrow")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    verify(generation, seen)  # the price of not reading: hidden on purpose, it is noticed by the next process
    with pytest.raises(DamagedGeneration, match="index/terms: was altered"):
        verify(generation)
    path.write_text("sdrow")
    with pytest.raises(DamagedGeneration, match="index/terms: was altered"):
        verify(generation, seen)


def test_a_process_remembers_a_bounded_number_of_files(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many generations come and go, what is remembered of them does not grow."""
    monkeypatch.setattr("index.layout.FILES_REMEMBERED", 3)
    seen = Verified()
    for number in range(5):
        verify(publish_words(data, f"words {number}"), seen)
    assert len(seen._known) == 3  # noqa: SLF001 - that it is bounded shows nowhere else
