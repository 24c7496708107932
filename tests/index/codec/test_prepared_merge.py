"""Merges that are made ready beside an index that goes on changing: nothing is lost, whatever happens meanwhile."""

from __future__ import annotations

import os
import random
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.codec import merge
from index.errors import DamagedGeneration
from index.whoosh_index import check_index, open_index, prepare_merge, update_index, write_index
from tests.index.codec.test_merge import an_article

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.codec.bulk_writer import PreparedMerge
    from index.fields import Record


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A folder for what is made ready."""
    (tmp_path / "spool").mkdir()
    return tmp_path / "spool"


def grown(folder: Path, commits: int) -> Path:
    """An index of so many articles and segments, none of them merged yet."""
    chance = random.Random(1)  # noqa: S311 - not for secrets
    write_index(folder, [an_article(0, chance)])
    for serial in range(1, commits):
        update_index(folder, [an_article(serial, chance)], most_merged=0)
    return folder


def linked(folder: Path, name: str) -> Path:
    """The next generation's folder, as hard links."""
    other = folder.parent / name
    shutil.copytree(folder, other, copy_function=os.link)
    return other


def segments_of(folder: Path) -> list[str]:
    """The names of an index's segments, in order."""
    return [segment.segid for segment in open_index(folder).segments()]


def serials_of(folder: Path) -> list[int]:
    """The serials of the articles that are there, in order."""
    with open_index(folder).reader() as reader:
        column = reader.column_reader("serial", translate=False) if reader.doc_count_all() else ()
        return [column[number] for number in reader.all_doc_ids()]


def prepared_of(folder: Path, spool: Path) -> PreparedMerge:
    """What is due, made ready."""
    prepared = prepare_merge(folder, spool)
    assert prepared is not None
    return prepared


def test_what_is_not_due_is_not_made(tmp_path: Path, spool: Path) -> None:
    """Where the policy merges nothing, nothing is written."""
    assert prepare_merge(grown(tmp_path / "ix", 7), spool) is None
    assert list(spool.iterdir()) == []


def test_a_prepared_merge_replaces_what_it_is_made_of(tmp_path: Path, spool: Path) -> None:
    """One segment stands where eight did; the index it was made from is untouched, and the spool can be emptied."""
    index = grown(tmp_path / "ix", 8)
    before = {path.name: path.stat().st_mtime_ns for path in index.iterdir()}
    prepared = prepared_of(index, spool)
    assert {path.name: path.stat().st_mtime_ns for path in index.iterdir()} == before
    following = linked(index, "next")
    update_index(following, prepared=prepared, most_merged=0)
    assert segments_of(following) == [prepared.segment.segid]
    prepared.discard()
    assert list(spool.iterdir()) == []
    check_index(following)
    assert serials_of(following) == list(range(8))
    assert len(segments_of(index)) == 8


def test_what_happened_meanwhile_is_kept(tmp_path: Path, spool: Path) -> None:
    """Articles added, replaced and deleted since, before and in the same commit, are as they were last said to be."""
    chance = random.Random(2)  # noqa: S311 - not for secrets
    index = grown(tmp_path / "ix", 9)
    update_index(index, deletes=[4], most_merged=0)
    prepared = prepared_of(index, spool)
    update_index(index, [an_article(2, chance)], deletes=[0], most_merged=0)
    update_index(
        index, [an_article(30, chance), an_article(5, chance)], deletes=[7, 99], prepared=prepared, most_merged=0
    )
    assert serials_of(index) == [1, 3, 6, 8, 2, 30, 5]
    check_index(index)
    assert segments_of(index)[0] == prepared.segment.segid
    assert len(segments_of(index)) == 3


def test_one_that_fits_no_more_is_left_out(tmp_path: Path, spool: Path) -> None:
    """Where a segment it was made of is gone, the index stays as it is, and none of its files gets in."""
    index = grown(tmp_path / "ix", 8)
    prepared = prepared_of(index, spool)
    update_index(index)  # which merges all eight by itself
    expected = segments_of(index)
    update_index(index, prepared=prepared)
    assert segments_of(index) == expected
    assert not list(index.glob(f"*{prepared.segment.segid}*"))
    update_index(index, deletes=range(8))
    update_index(index, prepared=prepared)
    assert segments_of(index) == []


def test_a_failing_commit_leaves_it_ready(tmp_path: Path, spool: Path) -> None:
    """What is raised in the middle undoes the commit; the same merge can be handed in again."""
    index = grown(tmp_path / "ix", 8)
    prepared = prepared_of(index, spool)

    def failing() -> Iterator[Record]:
        yield an_article(50, random.Random(1))  # noqa: S311 - not for secrets
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        update_index(index, failing(), prepared=prepared)
    assert len(segments_of(index)) == 8
    assert not list(index.glob(f"*{prepared.segment.segid}*"))
    update_index(index, prepared=prepared, most_merged=0)
    assert segments_of(index) == [prepared.segment.segid]


def test_what_fails_on_the_way_leaves_nothing(tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk comes through as it is, and half a file doesn't stay; damage is called that."""
    index = grown(tmp_path / "ix", 8)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("index.codec.inverted.InvertedWriter.add_field", full)
        with pytest.raises(OSError, match="No space left"):
            prepare_merge(index, spool)
    assert list(spool.iterdir()) == []
    path = next(index.glob("*.inv"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedGeneration, match="cut short"):
        prepare_merge(index, spool)
    assert list(spool.iterdir()) == []


def test_what_was_merged_elsewhere_is_not_there_twice(tmp_path: Path, spool: Path) -> None:
    """Where some of what it was made of has gone into another segment, its articles are there, and once."""
    index = grown(tmp_path / "ix", 16)
    chance = random.Random(8)  # noqa: S311 - not for secrets
    prepared = prepared_of(linked(index, "before"), spool)
    update_index(index, [an_article(serial, chance) for serial in range(2, 14)], most_merged=0)
    update_index(index, [an_article(40, chance)], prepared=prepared, most_merged=0)
    assert sorted(serials_of(index)) == [*range(16), 40]
    check_index(index)


def test_the_small_ones_behind_may_be_merged_meanwhile(
    tmp_path: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge of a high tier is made of nothing that commits merge while it is made."""
    monkeypatch.setattr(merge, "SMALLEST_TIER", 2)
    chance = random.Random(3)  # noqa: S311 - not for secrets
    index = grown(tmp_path / "ix", 1)
    for tens in range(1, 9):
        update_index(index, [an_article(10 * tens + one, chance) for one in range(20)][:9], most_merged=0)
    for serial in (500, 501, 502):
        update_index(index, [an_article(serial, chance)], most_merged=0)
    prepared = prepared_of(index, spool)
    for serial in range(503, 520):
        update_index(index, [an_article(serial, chance)], most_merged=8)
    expected = serials_of(index)
    update_index(index, prepared=prepared, most_merged=8)
    assert prepared.segment.segid in segments_of(index)
    assert serials_of(index) == expected


steps = st.lists(
    st.tuples(
        st.lists(st.integers(0, 20), max_size=4, unique=True),
        st.lists(st.integers(0, 20), max_size=3),
        st.sampled_from(("go on", "go on", "prepare", "put in")),
    ),
    max_size=16,
)


@given(steps=steps, seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_any_history_with_merges_beside_it_loses_nothing(
    steps: list[tuple[list[int], list[int], str]], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However merges and commits overlap, the articles left are those of a plain dictionary, in the order they came."""
    folder = tmp_path_factory.mktemp("history")
    (folder / "spool").mkdir()
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    index, left, prepared = folder / "ix", dict[int, None](), None
    write_index(index, [])
    for added, deleted, what in steps:
        if what == "prepare":
            prepared = prepare_merge(index, folder / "spool") or prepared
        for serial in (*deleted, *added):
            left.pop(serial, None)
        left |= dict.fromkeys(added)
        articles = [an_article(serial, chance) for serial in added]
        update_index(index, articles, deleted, most_merged=0, prepared=prepared if what == "put in" else None)
        assert serials_of(index) == list(left)
    check_index(index)
