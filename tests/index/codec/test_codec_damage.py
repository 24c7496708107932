"""Damage to a segment's files is noticed: when it is opened, or when every byte is checked."""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING, Any

import pytest
from whoosh import fields, query
from whoosh.columns import NumericColumn
from whoosh.filedb.filestore import FileStorage
from whoosh.reading import SegmentReader

from index.codec.container import FORMAT_VERSION, ArrayFile, ArrayFileWriter, DamagedFile, FileVersion
from index.codec.contents import ArrayIndex
from index.codec.segment import check_segment
from index.errors import DamagedGeneration, GenerationVersion
from index.whoosh_index import check_index, write_index
from tests.contract.archives import a_record
from tests.index.codec.twins import seeded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

SCHEMA = fields.Schema(body=fields.TEXT, place=fields.ID, boosted=fields.TEXT, number=fields.COLUMN(NumericColumn("i")))


def written(folder: Path, seed: int) -> ArrayIndex:
    """An index of two segments of 200 documents each, the same for the same seed, but for their names."""
    source = seeded(seed)
    folder.mkdir()
    index: ArrayIndex = FileStorage(str(folder)).create_index(SCHEMA, indexclass=ArrayIndex)
    for _ in range(2):
        with index.writer() as writer:
            for number in range(200):
                writer.add_document(
                    body=" ".join(["goods", *source.choices("bcdefgh", k=source.randint(0, 9))]),
                    place=source.sample(["here", "there"], k=source.randint(0, 2)),
                    boosted="goods",
                    _boosted_boost=1.0 + number % 2,
                    number=source.randint(0, 10**6),
                )
            writer.merge = False
    return index


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of such an index."""
    written(tmp_path / "index", 1)
    return tmp_path / "index"


def check(folder: Path) -> None:
    """Open an index and check all of its segments."""
    index = FileStorage(str(folder)).open_index(schema=SCHEMA, indexclass=ArrayIndex)
    index.reader().close()
    for segment in index.segments():
        check_segment(index.storage, segment)


def files(folder: Path, extension: str) -> list[Path]:
    """The segments' files, in the order of the segments."""
    index = FileStorage(str(folder)).open_index(schema=SCHEMA, indexclass=ArrayIndex)
    return [folder / segment.make_filename(extension) for segment in index.segments()]


def test_a_sound_index_is_sound(folder: Path) -> None:
    """What is damaged below is first found to be in order."""
    check(folder)


@pytest.mark.parametrize("extension", [".doc", ".inv"])
def test_a_flipped_bit_is_noticed_wherever_it_is(folder: Path, extension: str) -> None:
    """Whichever bit of a segment's files is flipped, the check finds it and names the file."""
    path = files(folder, extension)[1]
    sound = path.read_bytes()
    for at in sorted(seeded(3).sample(range(len(sound)), 400)):
        damaged = bytearray(sound)
        damaged[at] ^= 1 << at % 8
        path.write_bytes(damaged)
        with pytest.raises(DamagedFile, match=path.name):
            check(folder)
    path.write_bytes(sound)
    check(folder)


@pytest.mark.parametrize("extension", [".doc", ".inv"])
def test_a_file_cut_short_is_not_opened(folder: Path, extension: str) -> None:
    """A file that ends early is refused when the index is opened, and one that is gone is missed."""
    path = files(folder, extension)[0]
    sound = path.read_bytes()
    index = FileStorage(str(folder)).open_index(schema=SCHEMA, indexclass=ArrayIndex)
    for size in (0, 8, 100, len(sound) // 2, len(sound) - 1):
        path.write_bytes(sound[:size])
        with pytest.raises(DamagedFile, match=path.name):
            index.reader()
    path.unlink()
    [segment, _] = index.segments()
    with pytest.raises(FileNotFoundError):
        check_segment(index.storage, segment)


def swap(*pairs: list[Path]) -> None:
    """Give the two files of each pair each other's content."""
    for one, other in pairs:
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)


@pytest.mark.parametrize(
    ("swapped", "problem"),
    [
        pytest.param(lambda folder: swap(files(folder, ".doc")), "was written with", id="two .doc"),
        pytest.param(lambda folder: swap(files(folder, ".inv")), "is not the one", id="two .inv"),
        pytest.param(
            lambda folder: swap([files(folder, ".doc")[0], files(folder, ".inv")[0]]),
            "is not of",
            id="the two of a segment",
        ),
        pytest.param(
            lambda folder: swap(files(folder, ".doc"), files(folder, ".inv")),
            "is not the one that was written",
            id="two segments",
        ),
    ],
)
def test_swapped_files_are_not_opened(folder: Path, swapped: Callable[[Path], None], problem: str) -> None:
    """Files that are sound, but stand in each other's place, are refused when the index is opened."""
    swapped(folder)
    with pytest.raises(DamagedFile, match=problem):
        FileStorage(str(folder)).open_index(schema=SCHEMA, indexclass=ArrayIndex).reader()


def test_a_file_of_another_index_is_not_opened(folder: Path, tmp_path: Path) -> None:
    """A file from another archive, sound and of as many documents, is refused."""
    written(tmp_path / "other", 2)
    for extension in (".doc", ".inv"):
        mine, others = files(folder, extension)[0], files(tmp_path / "other", extension)[0]
        kept = mine.read_bytes()
        shutil.copy(others, mine)
        with pytest.raises(DamagedFile, match="is not the one"):
            check(folder)
        mine.write_bytes(kept)
    check(folder)


@pytest.mark.parametrize("extension", [".doc", ".inv"])
def test_a_file_of_another_version_is_refused_with_the_remedy(folder: Path, extension: str) -> None:
    """A later version's file is not called damaged, and the message ends with what to do."""
    path = files(folder, extension)[0]
    content = path.read_bytes()
    path.write_bytes(content[:-12] + struct.pack("<I", FORMAT_VERSION + 1) + content[-8:])
    with pytest.raises(FileVersion, match=f"format {FORMAT_VERSION + 1}.*build the index anew from the archive$"):
        check(folder)


def rewritten(path: Path, name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
    """Write a file again with one array changed, as somebody would who knows the format."""
    file = ArrayFile(path.name, path.read_bytes())
    writer = ArrayFileWriter(path.open("wb"))
    for other in file.names:
        writer.add(other, change(file[other]) if other == name else file[other])
    writer.close(file.about)


@pytest.mark.parametrize(
    ("extension", "name", "change", "problem"),
    [
        (".inv", "body/bits", lambda array: array[:-1], "another length than last"),
        (".inv", "body/term_at", lambda array: array[:-1], "another length than list_at"),
        (".inv", "body/terms", lambda array: array[:-1], "terms of body are cut short"),
        (".inv", "body/packed", lambda array: array.astype("<u8"), "another type"),
        (".inv", "body/most", lambda array: array[:, :1], "another type"),
        (".doc", "body/lengths", lambda array: array[:-1], "not of 200 documents"),
        (".doc", "number/column", lambda array: array[:-1], "not of 200 documents"),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_not_opened(
    folder: Path,
    extension: str,
    name: str,
    change: Callable[[NDArray[Any]], NDArray[Any]],
    problem: str,
) -> None:
    """A file of the right checksums whose arrays contradict each other is refused when it is opened."""
    index = FileStorage(str(folder)).open_index(schema=SCHEMA, indexclass=ArrayIndex)
    rewritten(files(folder, extension)[0], name, change)
    segments = index.segments()
    segments[0].stamp = None  # or the stamp would be noticed first
    with pytest.raises(DamagedFile, match=problem):
        check_segment(index.storage, segments[0])


def test_other_segments_can_still_be_read(folder: Path) -> None:
    """Damage to one segment is that segment's: the others are sound."""
    path = files(folder, ".inv")[0]
    path.write_bytes(path.read_bytes()[:-1])
    index = FileStorage(str(folder)).open_index(schema=SCHEMA, indexclass=ArrayIndex)
    _, sound = index.segments()
    check_segment(index.storage, sound)
    with SegmentReader(index.storage, SCHEMA, sound) as reader:
        assert query.Term("body", "goods").estimate_size(reader) == 200


def test_the_door_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    """Whoever opens or checks an index of Dateline's is told of damage and of other versions, remedy last."""
    write_index(tmp_path / "index", [a_record(1, body="goods"), a_record(2)])
    [path] = (tmp_path / "index").glob("*.inv")
    sound = path.read_bytes()
    path.write_bytes(sound[:65] + bytes([sound[65] ^ 4]) + sound[66:])
    with pytest.raises(DamagedGeneration, match=r"array .* altered.*dateline build --from-store$"):
        check_index(tmp_path / "index")
    path.write_bytes(sound[:-12] + struct.pack("<I", FORMAT_VERSION + 1) + sound[-8:])
    with pytest.raises(GenerationVersion, match=rf"segments {FORMAT_VERSION + 1};.*dateline build --from-store$"):
        check_index(tmp_path / "index")
    path.write_bytes(sound)
    check_index(tmp_path / "index")
