"""Merging arrays: the same bytes as writing at once, in the order of insertion; what merges when, and what cannot."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whoosh import fields
from whoosh.columns import RefBytesColumn
from whoosh.filedb.filestore import FileStorage

from index.codec import merge
from index.codec.bulk_writer import BulkWriter
from index.codec.contents import ArrayIndex
from index.codec.merge import LARGEST_BYTES, TIER, SegmentSize, Unmergeable, find_merge, merge_segments
from index.codec.schema import SERIAL, schema_from_fields
from index.codec.segment import ArraySegment, check_segment
from tests.contract.archives import a_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.fields import Record

WORDS = ("goods", "trader", "the", "Sinŭiju", "로동신문", "market", "price", "rice", "border", "a", "b", "c")


def a_text(chance: random.Random, most: int) -> str:
    """Some words, or none."""
    return " ".join(chance.choices(WORDS, k=chance.randint(0, most)))


def an_article(serial: int, chance: random.Random) -> Record:
    """An article with a bit of everything."""
    day = chance.randint(700_000, 700_500)
    return a_record(
        serial,
        title=a_text(chance, 3),
        body=a_text(chance, 30) + f" w{serial % 50}",
        region=tuple(chance.sample(("kp", "kp-pyongyang", "cn", "kr"), k=chance.randint(0, 3))),
        source=("nk",) if chance.random() < 0.5 else (),
        date=(day, day + chance.randint(0, 30)) if chance.random() < 0.8 else None,
    )


def an_index(folder: Path) -> ArrayIndex:
    """A new index in a new folder."""
    index: ArrayIndex = FileStorage(str(folder)).create().create_index(schema_from_fields(), indexclass=ArrayIndex)
    return index


def commit(index: ArrayIndex, records: Iterable[Record], deletes: Iterable[int] = (), **options: Any) -> None:
    """One commit of the bulk writer."""
    with BulkWriter(index, **options) as writer:
        writer.delete(deletes)
        for record in records:
            writer.add(record)


def segments(index: ArrayIndex) -> list[ArraySegment]:
    """The segments, in order."""
    return list(index._segments())  # noqa: SLF001 - Whoosh has no other way to tell


def contents(index: ArrayIndex) -> list[dict[str, bytes]]:
    """The content of each file of each segment, by extension; that the segment is whole is checked on the way."""
    for segment in segments(index):
        check_segment(index.storage, segment)
    folder = Path(index.storage.folder)
    return [{p.suffix: p.read_bytes() for p in folder.glob(f"{one.segment_id()}.*")} for one in segments(index)]


def serials(index: ArrayIndex) -> list[int]:
    """The serials of the articles that are there, in order."""
    with index.reader() as reader:
        column = reader.column_reader(SERIAL) if reader.doc_count_all() else ()
        return [column[number] for number in reader.all_doc_ids()]


@pytest.mark.parametrize("kept", [1.0, 0.7, 0.02], ids=["no deletions", "some deletions", "nearly all deleted"])
def test_merged_is_as_written_at_once(kept: float, tmp_path: Path) -> None:
    """Lists of several blocks, sets, columns, lengths and exact totals: byte for byte what one batch makes."""
    chance = random.Random(1948)  # noqa: S311 - not for secrets
    articles = [an_article(serial, chance) for serial in range(900)]
    parts = an_index(tmp_path / "parts")
    for start, end in ((0, 500), (500, 510), (510, 900)):
        commit(parts, articles[start:end])
    present = [article for article in articles if chance.random() < kept]
    left = {article.serial for article in present}
    commit(parts, (), [article.serial for article in articles if article.serial not in left], into_one=True)
    at_once = an_index(tmp_path / "once")
    commit(at_once, present)
    assert serials(parts) == [article.serial for article in present]
    assert contents(parts) == contents(at_once)


histories = st.lists(
    st.tuples(st.lists(st.integers(0, 30), max_size=6, unique=True), st.lists(st.integers(0, 30), max_size=6)),
    max_size=6,
)


@given(history=histories, seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_any_history_merges_to_what_it_leaves(
    history: list[tuple[list[int], list[int]]], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Additions, replacements and deletions, then a merge: the bytes of the articles left, in the order they came."""
    folder = tmp_path_factory.mktemp("history")
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    index, left = an_index(folder / "history"), dict[int, Any]()
    for added, deleted in history:
        articles = [an_article(serial, chance) for serial in added]
        commit(index, articles, [*added, *deleted])
        for serial in (*added, *deleted):
            left.pop(serial, None)
        left |= {article.serial: article for article in articles}
    assert serials(index) == list(left)
    commit(index, (), into_one=True)
    at_once = an_index(folder / "once")
    commit(at_once, left.values())
    if len(segments(index)) == 1 and not segments(index)[0].has_deletions():
        assert contents(index) == contents(at_once)
    assert serials(index) == list(left)


def test_memory_is_shared_by_runs_of_terms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few terms are merged at a time, the bytes are the same."""
    chance = random.Random(5)  # noqa: S311 - not for secrets
    articles = [an_article(serial, chance) for serial in range(300)]
    for name, chunk, terms in (("one", 1, 1), ("few", 50, 7)):
        monkeypatch.setattr(merge, "CHUNK", chunk)
        monkeypatch.setattr(merge, "TERMS", terms)
        index = an_index(tmp_path / name)
        for start in (0, 100, 200):
            commit(index, articles[start : start + 100])
        commit(index, (), [150], into_one=True)
    at_once = an_index(tmp_path / "once")
    commit(at_once, [article for article in articles if article.serial != 150])
    assert contents(ArrayIndex(FileStorage(str(tmp_path / "one")))) == contents(at_once)
    assert contents(ArrayIndex(FileStorage(str(tmp_path / "few")))) == contents(at_once)


def test_many_small_updates_leave_few_segments(tmp_path: Path) -> None:
    """An archive that grows one by one has fewer segments than a tier, and every article in its place."""
    chance = random.Random(7)  # noqa: S311 - not for secrets
    index = an_index(tmp_path / "ix")
    most = 0
    for serial in range(60):
        commit(index, [an_article(serial, chance)])
        most = max(most, len(segments(index)))
    assert most == TIER - 1
    assert serials(index) == list(range(60))


def test_a_segment_whose_articles_are_all_deleted_goes(tmp_path: Path) -> None:
    """Nothing of it stays, not even its files."""
    index = an_index(tmp_path / "ix")
    commit(index, [a_record(1, body="goods")])
    commit(index, [a_record(2, body="more")], [1])
    assert [segment.doc_count_all() for segment in segments(index)] == [1]
    commit(index, (), [2])
    assert segments(index) == []
    assert [path.suffix for path in (tmp_path / "ix").iterdir()] == [".toc"]


def size(documents: int, deleted: int = 0, megabytes: int = 1) -> SegmentSize:
    """What the policy goes by."""
    return SegmentSize(documents, deleted, megabytes << 20)


@pytest.mark.parametrize(
    ("sizes", "merged"),
    [
        pytest.param([], None, id="no segment"),
        pytest.param([size(5)] * 7, None, id="seven small ones"),
        pytest.param([size(5)] * 8, slice(0, 8), id="eight small ones"),
        pytest.param([size(100_000), *[size(5)] * 8], slice(1, 9), id="behind a large one"),
        pytest.param([*[size(5)] * 4, size(100_000), *[size(5)] * 4], None, id="not neighbours"),
        pytest.param([size(100_000), *[size(9000)] * 7], None, id="seven of the next tier"),
        pytest.param([size(100_000), *[size(9000)] * 7, size(3)], None, id="seven and a small one"),
        pytest.param([size(100_000), *[size(9000)] * 8, size(3)], slice(1, 10), id="eight and a small one"),
        pytest.param([size(100_000), *[size(5)] * 7], None, id="a large one and seven small ones"),
        pytest.param([size(9, deleted=3)], None, id="a third deleted"),
        pytest.param([size(9), size(9, deleted=4)], slice(1, 2), id="more than a third deleted"),
        pytest.param([size(5, megabytes=500)] * 8, None, id="too large together"),
        pytest.param([size(5, megabytes=300)] * 12, slice(0, 10), id="as many as are not too large"),
    ],
)
def test_the_policy_merges_neighbours_of_a_tier(sizes: list[SegmentSize], merged: slice | None) -> None:
    """Eight of a tier, none of a higher one between them, become one unless it is too large; deletions are cleared."""
    assert find_merge(sizes) == merged


@pytest.mark.parametrize(
    ("sizes", "most", "merged"),
    [
        pytest.param([size(100)] * 8, 800, slice(0, 8), id="just few enough"),
        pytest.param([size(100)] * 8, 799, None, id="too many"),
        pytest.param([size(101, deleted=1)] * 8, 800, slice(0, 8), id="deleted ones don't count"),
        pytest.param([*[size(9000)] * 8, *[size(5)] * 8], 100, slice(8, 16), id="the small ones alone"),
        pytest.param([size(900, deleted=450), size(9, deleted=5)], 100, slice(1, 2), id="clearing what is small"),
        pytest.param([size(5)] * 8, 0, None, id="nothing"),
    ],
)
def test_large_merges_can_be_put_off(sizes: list[SegmentSize], most: float, merged: slice | None) -> None:
    """Where only so many documents may be merged, smaller merges are found all the same."""
    assert find_merge(sizes, most=most) == merged


@pytest.mark.parametrize(
    ("sizes", "merged"),
    [
        pytest.param([size(5)], None, id="one already"),
        pytest.param([size(5_000_000), size(1)], slice(0, 2), id="whatever their sizes"),
        pytest.param([size(5, megabytes=2500), *[size(5, megabytes=600)] * 2], slice(1, 3), id="but not too large"),
        pytest.param([size(5, megabytes=2500)] * 2, None, id="none that are too large"),
    ],
)
def test_into_one_merges_all_that_can_be(sizes: list[SegmentSize], merged: slice | None) -> None:
    """Tiers don't matter then, but the largest size does."""
    assert find_merge(sizes, into_one=True) == merged
    assert merged is None or sum(one.bytes for one in sizes[merged]) <= LARGEST_BYTES


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        pytest.param(fields.STORED(), "x", "stored fields", id="stored field"),
        pytest.param(fields.TEXT(vector=True), "goods", "vectors", id="vector"),
        pytest.param(fields.COLUMN(RefBytesColumn()), b"x", "not of numbers, extra", id="column of bytes"),
        pytest.param(fields.TEXT(chars=True), "goods", "weights or characters in the field extra", id="characters"),
    ],
)
def test_what_arrays_cannot_merge_is_named(field: Any, value: Any, what: str, tmp_path: Path) -> None:
    """Segments that another schema made are refused, not merged in part."""
    storage = FileStorage(str(tmp_path / "ix")).create()
    schema = schema_from_fields()
    schema.add("extra", field)
    index: ArrayIndex = storage.create_index(schema, indexclass=ArrayIndex)
    with index.writer() as writer:
        writer.add_document(serial=1, body="goods", extra=value)
    with pytest.raises(Unmergeable, match=f"{what}.*only Whoosh's own writer"):
        merge_segments(storage, schema, segments(index), ArraySegment("MAIN"))
