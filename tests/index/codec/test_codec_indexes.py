"""What an index of ours goes through besides: changes of schema, cancelled and failed commits, memory, columns."""

from __future__ import annotations

import struct
from copy import deepcopy
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from whoosh import columns, fields, query
from whoosh.analysis import StemmingAnalyzer
from whoosh.filedb.filestore import RamStorage

from index.codec.columns import NumbersReader, NumbersWriter, column_dtype
from index.codec.contents import ArrayIndex
from index.codec.per_document import Form, numbers_from_values
from index.codec.segment import ArraySegment, check_segment
from tests.index.codec.twins import (
    SCHEMA,
    Twins,
    add,
    agree,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_words_for_suggestions_are_kept_once(tmp_path: Path) -> None:
    """Whoosh says the words of its spelling fields of document 0, as often as they occur: we do once, with the sum."""
    twins = Twins.create(tmp_path, fields.Schema(body=fields.TEXT(analyzer=StemmingAnalyzer(), spelling=True)))
    twins.add([{"body": "smugglers trading"}, {"body": "smugglers"}, {"body": "smugglers"}])
    with twins.whooshs.reader() as whooshs, twins.ours.reader() as ours:
        assert ours.frequency("spell_body", "smugglers") == whooshs.frequency("spell_body", "smugglers") == 3
        assert list(ours.postings("spell_body", "smugglers").all_ids()) == [0]
        assert list(whooshs.postings("spell_body", "smugglers").all_ids()) == [0, 0, 0]


def test_term_statistics_are_their_askers_own(index: ArrayIndex) -> None:
    """Whoosh adds a segment's offset to the statistics it was given; the next one to ask gets them as they are."""
    add(index, "goods", merge=False)
    add(index, "rice", "trade", merge=False)
    with index.reader() as reader:
        for _ in range(3):
            info = reader.term_info("body", "trade")
            assert (info.min_id(), info.max_id()) == (2, 2)


def test_a_schema_may_change(twins: Twins) -> None:
    """A field that is removed goes when segments are merged, and one that is added is there from then on."""
    twins.add([{"key": "a", "body": "goods", "number": 7}, {"key": "b", "body": "trade"}])
    for index in twins.both():
        index.remove_field("body")
        index.add_field("title", fields.TEXT(stored=True, sortable=True))
    agree(twins)
    twins.add([{"key": "c", "title": "goods trade"}], optimize=True)
    agree(twins)
    with twins.ours.reader() as reader:
        assert sorted(reader.indexed_field_names()) == ["key", "title"]


def test_cancelling_leaves_nothing(index: ArrayIndex) -> None:
    """After a cancelled commit the index is what it was, and so is its folder."""
    add(index, "goods")
    before = sorted(index.storage.list())
    writer = index.writer()
    writer.add_document(body="trade")
    writer.delete_document(0)
    writer.cancel()
    assert sorted(index.storage.list()) == before
    assert index.doc_count() == 1


def test_a_failing_commit_leaves_the_index_as_it_was(index: ArrayIndex) -> None:
    """What goes wrong while documents are added undoes the commit."""
    add(index, "goods")
    with pytest.raises(struct.error), index.writer() as writer:
        writer.add_document(body="trade", number=2**63)
    assert index.doc_count() == 1


def test_an_index_may_live_in_memory() -> None:
    """Without files there is nothing to map, and the same is read from memory."""
    index = RamStorage().create_index(deepcopy(SCHEMA), indexclass=ArrayIndex)
    add(index, "goods", "goods trade")
    with index.searcher() as searcher:
        assert [hit["key"] for hit in searcher.search(query.Term("body", "trade"))] == ["1"]
    for segment in index.segments():
        check_segment(index.storage, segment)


def test_deletions_are_checked_and_can_be_taken_back() -> None:
    """A segment knows its documents: others can't be deleted."""
    segment = ArraySegment("MAIN")
    segment.set_doc_count(3)
    segment.delete_document(2)
    segment.delete_document(0)
    segment.delete_document(2, delete=False)
    segment.delete_documents(np.array([0, 0], np.int64))
    assert (list(segment.deleted_docs()), segment.has_deletions(), segment.doc_count()) == ([0], True, 2)
    for number in (-1, 3):
        with pytest.raises(IndexError, match=f"no document {number}"):
            segment.delete_document(number)


INTEGERS: Final = {"b": 8, "h": 16, "i": 32, "q": 64}


@st.composite
def columns_of_integers(draw: st.DrawFn) -> tuple[str, int, list[int | None]]:
    """A column's type code, its default, and each document's value or None."""
    code = draw(st.sampled_from("bBhHiIqQ"))
    bits = INTEGERS[code.lower()]
    low, high = (0, 2**bits - 1) if code.isupper() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    numbers = st.one_of(st.integers(low, high), st.sampled_from((low, high, 0, 1, max(low, -1))))
    return code, draw(numbers), draw(st.lists(st.none() | numbers, max_size=12))


@settings(deadline=None)
@given(columns_of_integers())
@example(("q", 0, [-(2**63), 2**63 - 1]))
@example(("Q", 2**64 - 1, [0, 2**64 - 2]))
@example(("Q", 0, [1, 2**64 - 1, None]))
def test_columns_of_integers_come_back(column: tuple[str, int, list[int | None]]) -> None:
    """Integers of any type, apart by as much as the type allows, one by one and all at once, and in either order."""
    code, default, values = column
    whooshs = columns.NumericColumn(code, default=default)
    writer = NumbersWriter(whooshs)
    for number, value in enumerate(values):
        if value is not None:
            writer.add(number, value)
    numbers = writer.numbers(len(values))
    reader = NumbersReader(numbers, column_dtype(whooshs))
    expected = [default if value is None else value for value in values]
    assert list(reader) == reader.load() == [reader[number] for number in range(len(reader))] == expected
    assert all(type(value) is int for value in reader)
    assert [reader.sort_key(number) for number in range(len(reader))] == expected
    reader.set_reverse()
    assert [reader.sort_key(number) for number in range(len(reader))] == [-value for value in expected]


@pytest.mark.parametrize(
    ("span", "width"), [(0, 1), (253, 1), (254, 1), (255, 2), (65_534, 2), (65_535, 4), (2**32 - 2, 4), (2**32 - 1, 8)]
)
def test_columns_are_as_short_as_they_can_be(span: int, width: int) -> None:
    """Numbers take the bytes that their spread needs, wherever they are: 0 is kept for the default."""
    numbers = numbers_from_values(np.array([0, 10**12, 10**12 + span], np.int64), 0)
    assert (numbers.array.itemsize, numbers.array.tolist()) == (width, [0, 1, span + 1])
    assert (numbers.column.form, numbers.column.base) == (Form.SHORT, 10**12)
