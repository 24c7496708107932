"""Posting lists as bytes: what is packed is unpacked, by kernels and by a reader that knows the description alone."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.codec.container import ArrayFile
from index.codec.field import ARRAYS, FieldArrays, FieldEncoder, PostingKind, Postings, SegmentTooLarge
from index.codec.inverted import InvertedArrays, InvertedWriter
from index.codec.lists import read_head
from index.codec.packing import BLOCK
from tests.index.codec.plain_reader import arrays_from_file, postings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

Posting = tuple[int, tuple[int, ...]]
"""A document and the positions in it, or as many numbers as the frequency says where no positions are kept."""

EDGES = (1, 127, 128, 129, 255, 256, 257)


class KeptOpen(BytesIO):
    """A file in memory whose content can be read after it was closed."""

    content = b""

    def close(self) -> None:
        """Keep the content."""
        self.content = self.getvalue()
        super().close()


def postings_from(lists: Sequence[Sequence[Posting]], kind: PostingKind) -> Postings:
    """Unpacked postings of as many terms as there are lists: t0000, t0001 and so on."""
    flat = [posting for one in lists for posting in one]
    places = [place for _, positions in flat for place in positions] if kind is PostingKind.POSITIONS else []
    starts = np.zeros(len(lists) + 1, np.int64)
    starts[1:] = np.cumsum([len(one) for one in lists])
    return Postings(
        [f"t{number:04}".encode() for number in range(len(lists))],
        starts,
        np.array([doc for doc, _ in flat], np.uint32),
        np.array([len(positions) for _, positions in flat], np.uint32),
        np.array(places, np.uint32),
    )


def file_of(lists: Sequence[Sequence[Posting]], kind: PostingKind, lengths: bytes = b"") -> bytes:
    """The file of a segment with one field, F."""
    file = KeptOpen()
    writer = InvertedWriter(file, 0)
    writer.add_field("F", kind, [postings_from(lists, kind)], np.frombuffer(lengths, np.uint8))
    writer.close()
    return file.content


def unpacked(field: FieldArrays) -> list[list[Posting]]:
    """The lists of a field as the kernels read them, all in one go."""
    found = field.postings(0, field.size)
    ends = np.cumsum(found.frequencies) if field.has_positions else np.zeros(len(found.docs), np.int64)
    places = [tuple(part.tolist()) for part in np.split(found.positions, ends[:-1])] if len(ends) else []
    if not field.has_positions:
        places = [tuple(range(frequency)) for frequency in found.frequencies.tolist()]
    flat = list(zip(found.docs.tolist(), places, strict=True))
    return [flat[start:end] for start, end in zip(found.starts[:-1], found.starts[1:], strict=True)]


def positions_of(most: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Ascending positions, at least one."""
    return st.sets(st.integers(0, most), min_size=1, max_size=6).map(lambda found: tuple(sorted(found)))


def a_list(documents: int, places: int) -> st.SearchStrategy[list[Posting]]:
    """The list of a term: ascending documents, each with positions."""
    return st.dictionaries(st.integers(0, documents), positions_of(places), min_size=1, max_size=300).map(
        lambda found: sorted(found.items())
    )


LISTS = st.lists(
    st.one_of(a_list(400, 100), a_list(2**16, 2**16), a_list(2**32 - 1, 2**32 - 1)), min_size=1, max_size=4
)


@settings(max_examples=60, deadline=None)
@given(LISTS)
def test_positions_come_back(lists: list[list[Posting]]) -> None:
    """Documents, frequencies and positions of any lists, up to 32 bits each, are what went in."""
    file = ArrayFile("a file", file_of(lists, PostingKind.POSITIONS))
    assert unpacked(InvertedArrays(file).fields["F"]) == lists


@settings(max_examples=60, deadline=None)
@given(LISTS, st.sampled_from((PostingKind.POSITIONS, PostingKind.FREQUENCY)))
def test_the_description_is_enough(lists: list[list[Posting]], kind: PostingKind) -> None:
    """A reader made from the format's description alone finds the same postings."""
    arrays, about = arrays_from_file(file_of(lists, kind))
    assert about["fields"] == {"F": {"kind": str(kind)}}
    for number, one in enumerate(lists):
        expected = [(doc, len(places), list(places) if kind is PostingKind.POSITIONS else []) for doc, places in one]
        assert postings_of(arrays, "F", number, kind) == expected


@pytest.mark.parametrize("count", EDGES)
@pytest.mark.parametrize("kind", [PostingKind.POSITIONS, PostingKind.FREQUENCY])
def test_lists_that_end_at_the_edge_of_a_block(count: int, kind: PostingKind) -> None:
    """A list of any length is its whole blocks and its rest, which may be empty."""
    lists = [[(7 * doc, tuple(range(doc % 5 + 1))) for doc in range(count)]] * 3
    file = ArrayFile("a file", file_of(lists, kind))
    field = InvertedArrays(file).fields["F"]
    assert unpacked(field) == lists
    assert len(field.last) == 3 * (count // BLOCK)
    heads = [read_head(field.lists, int(at))[:2] for at in field.list_at]
    assert heads == [(count, term * (count // BLOCK) if count >= BLOCK else -1) for term in range(3)]


@pytest.mark.parametrize("frequency", [255, 256, 65_535, 65_536, 100_000])
@pytest.mark.parametrize("count", [1, 130])
def test_huge_frequencies(frequency: int, count: int) -> None:
    """A frequency may pass what 8 and 16 bits hold, in a block and in a rest; a block's maximum stops at 255."""
    lists = [[(doc, tuple(range(0, 3 * frequency, 3)) if doc == count - 1 else (5,)) for doc in range(count)]]
    file = ArrayFile("a file", file_of(lists, PostingKind.POSITIONS))
    assert unpacked(InvertedArrays(file).fields["F"]) == lists
    first = [[(doc, tuple(range(frequency)) if doc == 0 else (5,)) for doc in range(BLOCK)]]
    field = InvertedArrays(ArrayFile("a file", file_of(first, PostingKind.FREQUENCY))).fields["F"]
    assert field.most.tolist() == [[255, 0]]


def test_blocks_say_what_their_scores_cannot_pass() -> None:
    """A block knows its largest frequency and the smallest length byte of its documents, and not of others'."""
    lengths = bytes([9] * 50 + [3] + [9] * 77 + [2] + [9] * 199)
    lists = [[(doc, tuple(range(4 if doc == 100 else 2))) for doc in range(300)]]
    field = InvertedArrays(ArrayFile("a file", file_of(lists, PostingKind.FREQUENCY, lengths))).fields["F"]
    assert field.most.tolist() == [[4, 3], [2, 2]]
    assert field.last.tolist() == [127, 255]


@settings(max_examples=30, deadline=None)
@given(st.lists(a_list(1000, 50), min_size=2, max_size=5), st.integers(1, 4))
def test_the_same_bytes_however_many_terms_come_at_a_time(lists: list[list[Posting]], cut: int) -> None:
    """Packing all terms at once or a few at a time makes one and the same file."""
    file = KeptOpen()
    writer = InvertedWriter(file, 0)
    at_once = postings_from(lists, PostingKind.POSITIONS)
    parts = [part for part in (lists[:cut], lists[cut:]) if part]
    names = [at_once.terms[:cut], at_once.terms[cut:]]
    chunks = []
    for part, terms in zip(parts, names, strict=False):
        chunk = postings_from(part, PostingKind.POSITIONS)
        chunks.append(Postings(terms, chunk.starts, chunk.docs, chunk.frequencies, chunk.positions))
    writer.add_field("F", PostingKind.POSITIONS, chunks, np.zeros(0, np.uint8))
    writer.close()
    assert file.content == file_of(lists, PostingKind.POSITIONS)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=1, unique=True))
@example([b"", b"\0", b"\0\0", b"\xff" * 70_000])
def test_terms_of_any_bytes_are_found(terms: list[bytes]) -> None:
    """Terms of none and of many bytes, of any bytes, are in order and found; others are not, and know their place."""
    terms = sorted(terms)
    count = len(terms)
    ones = np.ones(count, np.uint32)
    postings = Postings(terms, np.arange(count + 1), np.zeros(count, np.uint32), ones, np.zeros(0, np.uint32))
    file = KeptOpen()
    writer = InvertedWriter(file, 0)
    writer.add_field("F", PostingKind.EXISTENCE, [postings], np.zeros(0, np.uint8))
    writer.close()
    field = InvertedArrays(ArrayFile("a file", file.content)).fields["F"]
    assert [field.term(number) for number in range(field.size)] == terms
    assert [field.find(term) for term in terms] == list(range(count))
    for term in (b"", b"\0", *(term + b"\0" for term in terms), *(term[:-1] for term in terms if term)):
        assert field.find(term) == (terms.index(term) if term in terms else -1)
        assert field.bisect(term) == sum(other < term for other in terms)


def test_a_field_that_is_too_large_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are of 32 bits; what passes them is an error that says what to do, not a file that lies."""
    monkeypatch.setattr("index.codec.field.LIMIT", 1000)
    encoder = FieldEncoder("F", np.zeros(0, np.uint8))
    with pytest.raises(SegmentTooLarge, match="F pass 1,000 bytes; keep the archive in several segments"):
        encoder.add(postings_from([[(doc, (3,)) for doc in range(0, 60_000, 77)]] * 9, PostingKind.POSITIONS))


def test_arrays_are_described_where_they_are_written() -> None:
    """A field has the arrays of `ARRAYS` and no other, in that order and of those types."""
    file = ArrayFile("a file", file_of([[(1, (2,))]], PostingKind.POSITIONS))
    assert file.names == tuple(f"F/{array}" for array in ARRAYS)
    for array, description in ARRAYS.items():
        assert description.startswith(str(file[f"F/{array}"].dtype))
