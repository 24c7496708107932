"""A term's postings as Whoosh walks over them.

`TermPostings` is the list of one term: where its blocks and its rest lie, and what can be said of each and of all.
`ArrayMatcher` is Whoosh's cursor over one: it unpacks a block when something in it is asked for, so that blocks can be
skipped. `ArrayTermInfo` is what Whoosh wants to know of a term before.

Blocks are those that Whoosh's own format has, 128 postings and the rest in a last one, and statistics are rounded as
there, so that Whoosh skips the same blocks and comes to the same scores.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from whoosh.matching import LeafMatcher, ReadTooFar
from whoosh.query.spans import Span
from whoosh.reading import TermInfo
from whoosh.util.numeric import byte_to_length

from index.codec.field import FieldArrays, PostingKind
from index.codec.lists import block_positions, read_head, rest_positions, unpack_block, unpack_rest
from index.codec.packing import BLOCK
from index.compiled import U8, U32

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whoosh.formats import Format
    from whoosh.scoring import BaseScorer

LENGTHS: Final[tuple[int, ...]] = tuple(byte_to_length(byte) for byte in range(256))
"""The length that each of Whoosh's length bytes stands for."""

_MANY: Final = 255
"""What a block's largest frequency is kept as if it is so much or more."""


def float32(number: float) -> float:
    """A number as Whoosh keeps it on disk."""
    return float(np.float32(number))


@dataclass(frozen=True, slots=True, eq=False)
class WhooshValues:
    """What Whoosh made of a field's postings, for fields of `PostingKind.VALUES`: see `inverted`."""

    first: NDArray[np.uint64]
    weights: NDArray[np.float32]
    values_at: NDArray[np.uint64]
    values: U8


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """An inverted field as postings are read from it. `lengths` is empty where the field's lengths don't matter."""

    arrays: FieldArrays
    lengths: U8
    values: WhooshValues | None


class TermPostings:
    """The posting list of the term of a number. What is said of all of it is counted once, when it is asked for."""

    def __init__(self, field: Field, number: int) -> None:
        self.field = field
        self.number = number
        arrays = field.arrays
        self.count, self._row, self._rest_at = read_head(arrays.lists, int(arrays.list_at[number]))
        self._whole = self.count // BLOCK
        self.blocks = -(-self.count // BLOCK)

    def size(self, block: int) -> int:
        """The number of postings in a block, counted from 0."""
        return BLOCK if block < self._whole else self.count % BLOCK

    def last(self, block: int) -> int:
        """The last document of a block."""
        if block < self._whole:
            return int(self.field.arrays.last[self._row + block])
        return self._rest_bounds[0]

    def block_with(self, target: int, block: int) -> int:
        """The first block from one on that has a document not before `target`; `blocks` if none has."""
        if block > self._whole:
            return self.blocks
        ends = self.field.arrays.last[self._row + block : self._row + self._whole]
        found = block + int(np.searchsorted(ends, target))
        if found == self._whole and self.blocks > self._whole and self.last(found) < target:
            return self.blocks
        return found

    def unpacked(self, block: int) -> tuple[U32, U32]:
        """The documents and the frequencies of a block, as lists hold them."""
        arrays, size = self.field.arrays, self.size(block)
        docs, frequencies = np.empty(size, np.uint32), np.empty(size, np.uint32)
        before = int(arrays.last[self._row + block - 1]) if block else -1
        if block < self._whole:
            unpack_block(arrays.bits, arrays.packed_at, arrays.packed, self._row + block, before, docs, frequencies)
        else:
            unpack_rest(arrays.lists, self._rest_at, size, arrays.has_positions, before, docs, frequencies)
        return docs, frequencies

    @cached_property
    def _rest_bounds(self) -> tuple[int, float, int]:
        """The rest's last document, largest weight and smallest length byte, which are asked for again and again."""
        docs, frequencies = self.unpacked(self._whole)
        return int(docs[-1]), max(self.weights(self._whole, frequencies)), self._least_length_byte(docs)

    def weights(self, block: int, frequencies: U32) -> list[float]:
        """The weights of a block's postings."""
        if self.field.values is None:
            weights: list[float] = frequencies.astype(np.float32).tolist()
        else:
            first = int(self.field.values.first[self.number]) + block * BLOCK
            weights = self.field.values.weights[first : first + self.size(block)].tolist()
        return weights

    def value(self, block: int, place: int) -> bytes:
        """Whoosh's bytes of a posting, for fields of `PostingKind.VALUES`."""
        values = self.field.values
        if values is None:
            raise ValueError(f"the field {self.field.arrays.name} keeps no values")
        posting = int(values.first[self.number]) + block * BLOCK + place
        return values.values[int(values.values_at[posting]) : int(values.values_at[posting + 1])].tobytes()

    def positions(self, block: int, skip: int, count: int) -> list[int]:
        """The positions of a posting: `count` of them, after `skip` ones of its block."""
        arrays = self.field.arrays
        out = np.empty(count, np.int64)
        if block < self._whole:
            block_positions(arrays.bits, arrays.positions_at, arrays.positions, self._row + block, skip, count, out)
        else:
            at = self._rest_at
            width = int(arrays.lists[at]) + int(arrays.lists[at + 1])
            bit = (at + 3) * 8 + self.size(block) * width
            rest_positions(arrays.lists, at, bit, skip, count, out)
        return out.tolist()

    def max_weight(self, block: int) -> float:
        """The largest weight in a block."""
        if block == self._whole:
            return self._rest_bounds[1]
        if self.field.values is None:
            most = int(self.field.arrays.most[self._row + block, 0])
            if most < _MANY:
                return float(most)
        return max(self.weights(block, self.unpacked(block)[1]))

    def min_length_byte(self, block: int) -> int:
        """The smallest length byte in a block, of those that are not 0; 0 if all are."""
        if block == self._whole:
            return self._rest_bounds[2]
        if not len(self.field.lengths):
            return 0
        return int(self.field.arrays.most[self._row + block, 1]) or self._least_length_byte(self.unpacked(block)[0])

    def max_length_byte(self, block: int) -> int:
        """The largest length byte in a block."""
        return int(self.field.lengths[self.unpacked(block)[0]].max()) if len(self.field.lengths) else 0

    def _least_length_byte(self, docs: U32) -> int:
        found = self.field.lengths[docs] if len(self.field.lengths) else self.field.lengths
        return int(found[found > 0].min()) if found.any() else 0

    @cached_property
    def first_document(self) -> int:
        """The first document that has the term."""
        return int(self.unpacked(0)[0][0])

    @cached_property
    def sum_of_weights(self) -> float:
        """All weights together, added up block by block and rounded as Whoosh does."""
        return float32(sum(sum(self.weights(block, self.unpacked(block)[1])) for block in range(self.blocks)))

    @cached_property
    def largest_weight(self) -> float:
        """The largest weight of all."""
        return max(self.max_weight(block) for block in range(self.blocks))

    @cached_property
    def shortest(self) -> int:
        """The length of the shortest field that has the term."""
        found = (self.min_length_byte(block) for block in range(self.blocks))
        return LENGTHS[min((byte for byte in found if byte), default=0)]

    @cached_property
    def longest(self) -> int:
        """The length of the longest field that has the term."""
        return LENGTHS[max(self.max_length_byte(block) for block in range(self.blocks))]


class ArrayTermInfo(TermInfo):  # type: ignore[misc]  # Whoosh is untyped
    """What Whoosh wants to know of a term. Each asker gets one: Whoosh adds a segment's offset to its `_minid`."""

    def __init__(self, postings: TermPostings) -> None:
        super().__init__(df=postings.count, minid=postings.first_document, maxid=postings.last(postings.blocks - 1))
        self._postings = postings

    def weight(self) -> float:
        """The sum of its weights."""
        return self._postings.sum_of_weights

    def min_length(self) -> int:
        """The length of the shortest field it occurs in."""
        return self._postings.shortest

    def max_length(self) -> int:
        """The length of the longest field it occurs in."""
        return self._postings.longest

    def max_weight(self) -> float:
        """The largest of its weights."""
        return self._postings.largest_weight


class ArrayMatcher(LeafMatcher):  # type: ignore[misc]  # Whoosh is untyped
    """Walks over a term's postings, a block at a time."""

    def __init__(
        self, postings: TermPostings, format_: Format, scorer: BaseScorer | None, term: tuple[str, bytes]
    ) -> None:
        self.postings = postings
        self.format = format_
        self.scorer = scorer
        self._term = term
        self._enter(0)

    def _enter(self, block: int) -> None:
        """Go to the beginning of a block. Behind the last the matcher has ended, but can still speak of that one."""
        self._has_ended = block >= self.postings.blocks
        self._block = min(block, self.postings.blocks - 1)
        self._place = 0
        self._size = 0 if self._has_ended else self.postings.size(block)
        self._ids: Sequence[int] | None = None
        self._frequencies: Any = None
        self._weights: Sequence[float] | None = None
        self._ends: Sequence[int] | None = None

    def _unpack(self) -> Sequence[int]:
        docs, self._frequencies = self.postings.unpacked(self._block)
        ids: Sequence[int] = docs.tolist()
        self._ids = ids
        return ids

    def reset(self) -> None:
        """Go back to the first posting."""
        self._enter(0)

    def copy(self) -> ArrayMatcher:
        """A matcher that stands where this one does."""
        copied = ArrayMatcher(self.postings, self.format, self.scorer, self._term)
        copied._enter(self._block + self._has_ended)
        copied._place = self._place
        return copied

    def is_active(self) -> bool:
        """Whether it stands at a posting."""
        return not self._has_ended

    def id(self) -> int:
        """The document of the posting; one that was passed if it has ended, as some of Whoosh's queries still ask."""
        ids = self._ids
        if ids is None:
            ids = self._unpack()
        return ids[self._place]

    def all_ids(self) -> Iterator[int]:
        """The documents from here on, block by block; the matcher stays where it is."""
        place = self._place
        for block in range(self._block + self._has_ended, self.postings.blocks):
            yield from self.postings.unpacked(block)[0][place:].tolist()
            place = 0

    def all_items(self) -> Iterator[tuple[int, bytes]]:
        """(document, value) from here on."""
        while self.is_active():
            yield self.id(), self.value()
            self.next()

    def next(self) -> bool:
        """Go to the next posting, if there is one. Returns whether that ended a block."""
        if self._has_ended:
            return False
        self._place += 1
        if self._place < self._size:
            return False
        self._enter(self._block + 1)
        return True

    def skip_to(self, id: int) -> None:  # noqa: A002 - Whoosh's name
        """Go to the first posting of a document not before `id`. Raises `ReadTooFar` behind the last one."""
        if self._has_ended:
            raise ReadTooFar
        ids = self._unpack() if self._ids is None else self._ids
        if id <= ids[self._place]:
            return
        if id > ids[-1]:
            self._enter(self.postings.block_with(id, self._block + 1))
            if not self.is_active():
                return
            ids = self._unpack()
        self._place = bisect_left(ids, id, self._place)

    def skip_to_quality(self, minquality: float) -> int:
        """Skip blocks whose scores can't be above `minquality`. Returns how many."""
        skipped = 0
        while not self._has_ended and self.block_quality() <= minquality:
            self._enter(self._block + 1)
            skipped += 1
        return skipped

    def weight(self) -> float:
        """The weight of the posting."""
        if self._weights is None:
            if self._frequencies is None:
                self._unpack()
            self._weights = self.postings.weights(self._block, self._frequencies)
        return self._weights[self._place]

    def positions(self) -> list[int]:
        """Where the term occurs, for fields of `PostingKind.POSITIONS`."""
        if self._ends is None:
            if self._frequencies is None:
                self._unpack()
            self._ends = [0, *np.cumsum(self._frequencies, dtype=np.int64).tolist()]
        skip = self._ends[self._place]
        return self.postings.positions(self._block, skip, self._ends[self._place + 1] - skip)

    def value(self) -> bytes:
        """What Whoosh's format says of the posting."""
        match self.postings.field.arrays.kind:
            case PostingKind.EXISTENCE:
                return b""
            case PostingKind.FREQUENCY:
                if self._frequencies is None:
                    self._unpack()
                return int(self._frequencies[self._place]).to_bytes(4, "big")
            case PostingKind.POSITIONS:
                return bytes(self.format.encode(self.positions()))
            case PostingKind.VALUES:
                return self.postings.value(self._block, self._place)

    def value_as(self, astype: str) -> Any:  # noqa: ANN401 - whatever the format decodes
        """The value decoded."""
        if astype == "positions" and self.postings.field.arrays.has_positions:
            return self.positions()
        return super().value_as(astype)

    def spans(self) -> list[Span]:
        """Where the term occurs, as Whoosh's positional queries want it."""
        if self.postings.field.arrays.has_positions:
            return [Span(position) for position in self.positions()]
        found: list[Span] = super().spans()
        return found

    def block_min_id(self) -> int:
        """The first document of the block."""
        return (self._unpack() if self._ids is None else self._ids)[0]

    def block_max_id(self) -> int:
        """The last document of the block."""
        return self.postings.last(self._block)

    def block_min_length(self) -> int:
        """The length of the block's shortest field."""
        return LENGTHS[self.postings.min_length_byte(self._block)]

    def block_max_length(self) -> int:
        """The length of the block's longest field."""
        return LENGTHS[self.postings.max_length_byte(self._block)]

    def block_max_weight(self) -> float:
        """The block's largest weight."""
        return self.postings.max_weight(self._block)
