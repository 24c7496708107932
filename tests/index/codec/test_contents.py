"""The table of contents: what is kept in it, what is noticed, and that nothing in an index is ever run."""

from __future__ import annotations

import gc
import pickle
import struct
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from whoosh import fields
from whoosh.codec.whoosh3 import STORED_COLUMN as WHOOSHS_STORED_COLUMN
from whoosh.filedb.filestore import FileStorage, RamStorage
from whoosh.index import create_in

from index.codec.columns import STORED_COLUMN, WhooshColumnWriter, whoosh_reader
from index.codec.container import FORMAT_VERSION, ArrayFile, ArrayFileWriter, DamagedFile, FileVersion
from index.codec.contents import ArrayIndex, Contents, OtherFields
from index.codec.schema import schema_from_fields
from index.codec.segment import ArraySegment
from index.errors import DamagedGeneration
from index.whoosh_index import check_index, open_index, update_index, write_index
from search.engines.arrays import ArraysEngine
from search.engines.whoosh import WhooshEngine
from tests.contract.archives import a_record
from tests.index.codec.plain_reader import arrays_from_file
from tests.index.codec.twins import SCHEMA, add

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of two segments, one with deletions."""
    write_index(tmp_path / "index", [a_record(serial, body="goods") for serial in range(1, 40)])
    update_index(tmp_path / "index", [a_record(50, body="rice")], deletes=[3, 5, 39])
    return tmp_path / "index"


def toc_of(folder: Path) -> Path:
    """The file of an index's table of contents."""
    [toc] = folder.glob("*.toc")
    return toc


class Trap:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


def trap_toc(folder: Path, sprung: Path) -> None:
    """A table of contents as Whoosh writes them, schema and segments being traps."""
    (folder.parent / "whooshs").mkdir()
    whooshs = create_in(str(folder.parent / "whooshs"), fields.Schema(body=fields.TEXT))
    stream = whooshs.storage.create_file("trap")
    content = (folder.parent / "whooshs" / "_MAIN_0.toc").read_bytes()
    stream.write(content[:15])
    stream.write_string(pickle.dumps(Trap(sprung), 2))
    stream.write_int(0)
    stream.write_int(0)
    stream.write_pickle([Trap(sprung)])
    stream.close()
    toc = toc_of(folder)
    toc.write_bytes((folder.parent / "whooshs" / "trap").read_bytes())
    toc.rename(folder / "_MAIN_0.toc")


def trap_newer_toc(folder: Path, sprung: Path) -> None:
    """The same beside the right one, and of a later generation."""
    kept = toc_of(folder).read_bytes()
    trap_toc(folder, sprung)
    (folder / "_MAIN_0.toc").rename(folder / "_MAIN_99.toc")
    (folder / "_MAIN_2.toc").write_bytes(kept)


def trap_bare(folder: Path, sprung: Path) -> None:
    """Nothing but a pickle."""
    toc_of(folder).write_bytes(pickle.dumps(Trap(sprung)))


@pytest.mark.parametrize("lay", [trap_toc, trap_newer_toc, trap_bare])
@pytest.mark.parametrize(
    "enter",
    [
        pytest.param(open_index, id="open"),
        pytest.param(check_index, id="check"),
        pytest.param(lambda folder: update_index(folder, [a_record(99)]), id="update"),
        pytest.param(lambda folder: ArraysEngine(folder, "one"), id="arrays"),
        pytest.param(lambda folder: WhooshEngine(folder, "one"), id="whoosh"),
    ],
)
def test_a_crafted_index_is_refused_before_anything_of_it_is_loaded(
    folder: Path, tmp_path: Path, lay: Callable[[Path, Path], None], enter: Callable[[Path], object]
) -> None:
    """Wherever Whoosh would have read a pickle, a crafted one is named and what it would have done is not done."""
    lay(folder, tmp_path / "sprung")
    with pytest.raises(DamagedGeneration, match=r"not a file of arrays.*dateline build --from-store$") as refused:
        enter(folder)
    assert refused.value.path == folder
    assert not (tmp_path / "sprung").exists()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_traps_above_are_traps(folder: Path, tmp_path: Path) -> None:
    """Whoosh itself would have done what they say; it leaves the file to the garbage collector."""
    trap_toc(folder, tmp_path / "sprung")
    with pytest.raises(Exception, match=r"."):
        FileStorage(str(folder)).open_index()
    gc.collect()
    assert (tmp_path / "sprung").exists()


def test_a_folder_is_not_written_into_where_anything_is(folder: Path, tmp_path: Path) -> None:
    """Looking whether an index is there doesn't read it."""
    trap_toc(folder, tmp_path / "sprung")
    with pytest.raises(Exception, match="has an index already"):
        write_index(folder, [a_record(1)])
    assert not (tmp_path / "sprung").exists()


def test_stored_fields_are_no_pickles() -> None:
    """What another schema stores is read as plain values; a pickle in its place is not, and what is more is refused."""
    writer = WhooshColumnWriter(STORED_COLUMN)
    kept = {"title": "신의주", "number": 3, "ratio": 0.5, "raw": b"\0", "many": ["a", None, True]}
    writer.add(1, kept)
    reader = whoosh_reader(STORED_COLUMN, np.frombuffer(writer.content(3), np.uint8), 3)
    assert [reader[number] for number in range(3)] == [None, kept, None]
    with pytest.raises(TypeError, match="more than numbers, text"):
        writer.add(2, {"pair": (1, 2)})
    whooshs = WhooshColumnWriter(WHOOSHS_STORED_COLUMN)
    whooshs.add(0, kept)
    assert b"pickle" not in writer.content(3)
    assert whooshs.content(1) != writer.content(1)


def test_every_flipped_byte_is_noticed(folder: Path) -> None:
    """Whichever byte of the table of contents is altered, it is refused when it is opened."""
    toc = toc_of(folder)
    sound = toc.read_bytes()
    for at in range(len(sound)):
        toc.write_bytes(sound[:at] + bytes([sound[at] ^ (1 << at % 8)]) + sound[at + 1 :])
        with pytest.raises((DamagedFile, FileVersion)):
            ArrayIndex(FileStorage(str(folder)))
    toc.write_bytes(sound)
    check_index(folder)


@pytest.mark.parametrize("size", [0, 7, 8, 36, 100, -1])
def test_a_table_cut_short_is_refused(folder: Path, size: int) -> None:
    """So is one that ends early."""
    toc = toc_of(folder)
    toc.write_bytes(toc.read_bytes()[:size])
    with pytest.raises(DamagedGeneration, match=r"_MAIN_2\.toc"):
        open_index(folder)


def test_another_versions_table_is_refused_with_the_remedy(folder: Path) -> None:
    """A later version's is not called damaged."""
    toc = toc_of(folder)
    content = toc.read_bytes()
    toc.write_bytes(content[:-12] + struct.pack("<I", FORMAT_VERSION + 1) + content[-8:])
    with pytest.raises(FileVersion, match=r"build the index anew from the archive$"):
        ArrayIndex(FileStorage(str(folder)))


def rewritten(toc: Path, arrays: dict[str, Any], **about: Any) -> None:
    """Write a table of contents again with other arrays and other words, as somebody would who knows the format."""
    file = ArrayFile(toc.name, toc.read_bytes())
    writer = ArrayFileWriter(toc.open("wb"))
    for name, array in ({name: file[name] for name in file.names} | arrays).items():
        writer.add(name, array)
    writer.close(file.about | about)


def segments_told(**changes: Any) -> Callable[[Path], dict[str, Any]]:
    """What changes one thing that is told of the first segment."""

    def change(toc: Path) -> dict[str, Any]:
        told = ArrayFile(toc.name, toc.read_bytes()).about["segments"]
        return {"segments": [told[0] | changes, *told[1:]]}

    return change


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(lambda _: {"generation": 7}, "is that of generation 7", id="another generation"),
        pytest.param(lambda _: {"generation": "x"}, "is not a table of contents", id="no generation"),
        pytest.param(lambda _: {"segments": 5}, "is not a table of contents", id="no segments"),
        pytest.param(lambda _: {"fields": {"body": "TEXT"}}, "they differ in authors", id="other fields"),
        pytest.param(segments_told(id="../../etc"), "as no segment is named", id="a path"),
        pytest.param(segments_told(id=""), "as no segment is named", id="no name"),
        pytest.param(segments_told(id="abc"), "nothing of a table of contents", id="another name"),
        pytest.param(segments_told(documents=-1), "is not in it", id="fewer than no documents"),
        pytest.param(segments_told(documents=38), "is not in it", id="too few documents"),
        pytest.param(segments_told(stamp=1), None, id="another stamp"),
        pytest.param(segments_told(documents=40), None, id="too many documents"),
    ],
)
def test_what_cannot_be_is_refused_though_its_checksums_are_right(
    folder: Path, change: Callable[[Path], dict[str, Any]], problem: str | None
) -> None:
    """A table of contents that contradicts itself, the fields or its segments' files is refused."""
    toc = toc_of(folder)
    rewritten(toc, {}, **change(toc))
    with pytest.raises(DamagedGeneration, match=problem):
        check_index(folder)


@pytest.mark.parametrize(
    "deleted",
    [
        pytest.param(np.array([5, 3], np.uint32), id="not ascending"),
        pytest.param(np.array([3, 3], np.uint32), id="twice"),
        pytest.param(np.array([39], np.uint32), id="beyond the last"),
        pytest.param(np.array([1], np.uint64), id="another type"),
        pytest.param(np.array([[1]], np.uint32), id="another shape"),
    ],
)
def test_deletions_that_cannot_be_are_refused(folder: Path, deleted: Any) -> None:
    """Numbers of deleted documents ascend and are those of documents."""
    toc = toc_of(folder)
    [name] = ArrayFile(toc.name, toc.read_bytes()).names
    rewritten(toc, {name: deleted})
    with pytest.raises(DamagedGeneration, match="is not in it"):
        open_index(folder)


@given(
    counts=st.lists(st.integers(1, 300), max_size=5),
    data=st.data(),
    generation=st.integers(0, 10**6),
)
def test_what_is_written_is_read(counts: list[int], data: st.DataObject, generation: int) -> None:
    """Segments come back in their order, with their names, stamps and deletions; and a plain reader reads the same."""
    storage, schema = RamStorage(), schema_from_fields()
    segments, deleted = [], []
    for count in counts:
        segment = ArraySegment("MAIN")
        segment.set_doc_count(count)
        segment.stamp = data.draw(st.integers(0, 2**32 - 1))
        deleted.append(sorted(data.draw(st.sets(st.integers(0, count - 1)))))
        segment.delete_documents(np.array(deleted[-1], np.int64))
        segments.append(segment)
    Contents(schema, segments, generation).write(storage, "MAIN")
    found = Contents.read(storage, "MAIN")
    assert found.generation == generation
    assert [list(one.deleted_docs()) for one in found.segments] == deleted
    expected = [(one.segid, one.stamp, one.doc_count_all()) for one in segments]
    assert [(one.segid, one.stamp, one.doc_count_all()) for one in found.segments] == expected
    [name] = storage.list()
    arrays, about = arrays_from_file(storage.open_file(name).read())
    assert [(told["id"], told["stamp"], told["documents"]) for told in about["segments"]] == expected
    assert [arrays.get(f"{told['id']}/deleted", []) for told in about["segments"]] == deleted


def test_an_index_is_opened_with_its_own_fields_only(index: ArrayIndex) -> None:
    """Whoever opens an index says of which fields, and is told where that is wrong; the fields may go on changing."""
    add(index, "goods")
    with pytest.raises(OtherFields, match="differ in authors"):
        ArrayIndex(index.storage)
    other = deepcopy(SCHEMA)
    other.remove("body")
    other.add("body", fields.TEXT(field_boost=2.0))
    with pytest.raises(OtherFields, match="differ in body"):
        ArrayIndex(index.storage, other)
    index.add_field("title", fields.TEXT)
    with pytest.raises(OtherFields, match="differ in title"):
        ArrayIndex(index.storage, SCHEMA)
    assert ArrayIndex(index.storage, index.schema).doc_count() == 1


def test_a_cancelled_change_of_fields_is_forgotten(index: ArrayIndex) -> None:
    """The index goes on with its fields as they were."""
    writer = index.writer()
    writer.add_field("title", fields.TEXT)
    writer.cancel()
    assert "title" not in index.schema
    add(index, "goods")
    assert index.doc_count() == 1
