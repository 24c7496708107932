"""Articles gathered in memory, and written as one segment.

`Batch.add` takes a record; `Batch.write` makes a segment of all that came since the last one, the same bytes as
Whoosh's own writer makes of the same articles. Texts go to a `Tokenizer` a quarter million characters at a time; sets
of values and days wait in lists. `held_bytes` says what writing it will take in memory at most, so that this is done
in time.
"""

from __future__ import annotations

import datetime as dt
from array import array
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from whoosh.util.numeric import byte_to_length

from index.codec import inverted, per_document
from index.codec.field import PostingKind, Postings
from index.codec.inversion import count_terms, invert_sets, invert_text, text_lengths
from index.codec.inverted import InvertedWriter
from index.codec.per_document import DocumentsWriter, numbers_from_values
from index.codec.schema import SERIAL, first_day_column, last_day_column
from index.codec.tokenizer import PIECE, Tokenizer
from index.fields import FIELDS, KEYWORD_FIELDS, TEXT_FIELDS, FieldKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from index.codec.segment import ArraySegment
    from index.compiled import I64, U8
    from index.fields import Record

DAYS_FIELDS: Final = tuple(field.name for field in FIELDS if field.kind is FieldKind.DAYS)

CHUNK: Final = 1 << 18
"""Words whose postings are packed at a time."""

TOKEN_BYTES: Final = 20
"""What a word of a text takes while its field is written: as a token, as a posting and packed."""

RECORD_BYTES: Final = 200
"""What a record takes besides its words."""

_LENGTHS: Final = np.array([byte_to_length(byte) for byte in range(256)])
_LARGEST_SERIAL: Final = 2**64 - 1
_LATEST_DAY: Final = dt.date.max.toordinal()

_TEXTS: Final = attrgetter(*TEXT_FIELDS)
_NO_LENGTHS: Final = np.zeros(0, np.uint8)
_NO_POSITIONS: Final = np.zeros(0, np.uint32)


class _Values:
    """A field of exact values: the set that each article has of them."""

    def __init__(self, field: str) -> None:
        self.field = field
        self.held_bytes = 0
        self._numbers: dict[bytes, int] = {}
        self._sets: dict[tuple[str, ...], int] = {}
        self._members: list[list[int]] = []
        self._set_of = array("I")

    def number_of(self, values: tuple[str, ...], serial: int) -> int:
        """The number of a set of values. Raises `ValueError` or `TypeError`, for this article, if they are no text."""
        number = self._sets.get(values)
        return self._new_number(values, serial) if number is None else number

    def add(self, number: int) -> None:
        """Keep the number of the next article's set."""
        self._set_of.append(number)

    def _new_number(self, values: tuple[str, ...], serial: int) -> int:
        for value in values:
            if not isinstance(value, str):
                raise TypeError(f"a {self.field} of article {serial} is no text: {value!r}")
        try:
            terms = [value.encode() for value in values]
        except UnicodeEncodeError as error:
            raise ValueError(
                f"a {self.field} of article {serial} is no text: {error.object!r} ({error.reason})"
            ) from None
        number = self._sets[values] = len(self._members)
        self._members.append([self._numbers.setdefault(term, len(self._numbers)) for term in dict.fromkeys(terms)])
        self.held_bytes += 200 + 80 * len(values)
        return number

    def write(self, writer: InvertedWriter) -> None:
        """Write the field, unless no article has a value."""
        if not any(self._members[number] for number in set(self._set_of)):
            return
        terms = sorted(self._numbers)
        rank = np.empty(len(terms), np.uint32)
        rank[[self._numbers[term] for term in terms]] = np.arange(len(terms))
        set_at = np.zeros(len(self._members) + 1, np.uint32)
        set_at[1:] = np.cumsum([len(members) for members in self._members])
        set_values = rank[np.array([number for members in self._members for number in members], np.int64)]
        set_of = np.frombuffer(self._set_of, np.uint32)
        starts, docs = invert_sets(set_of, set_at, set_values, len(terms))
        used = np.flatnonzero(np.diff(starts))  # a record that was refused may have left values behind
        starts = np.append(starts[used], len(docs))
        postings = Postings([terms[term] for term in used], starts, docs, np.ones(len(docs), np.uint32), _NO_POSITIONS)
        writer.add_field(self.field, PostingKind.EXISTENCE, [postings], _NO_LENGTHS, sets_of=len(set_of))


class Batch:
    """Articles on their way to a segment. `size` is how many there are.

    Words that are known are forgotten after a segment if they take more than `words_bytes`.
    """

    def __init__(self, words_bytes: int) -> None:
        self._words_bytes = words_bytes
        self._tokenizer = Tokenizer()
        self._begin()

    def _begin(self) -> None:
        self.size = 0
        self._texts: list[str] = []
        self._waiting = 0
        self._values = tuple(_Values(field) for field in KEYWORD_FIELDS)
        self._days = tuple((array("i"), array("i")) for _ in DAYS_FIELDS)
        self._serials = array("Q")

    @property
    def serials(self) -> NDArray[np.uint64]:
        """The serial of each article."""
        return np.array(self._serials, np.uint64)

    @property
    def held_bytes(self) -> int:
        """What the batch takes in memory at most when it is written, about."""
        held = self._tokenizer.held_bytes + (TOKEN_BYTES - 4) * len(self._tokenizer.tokens)
        return held + RECORD_BYTES * self.size + 8 * self._waiting + sum(values.held_bytes for values in self._values)

    def add(self, record: Record) -> bool:
        """Take an article. Returns whether now is a time to ask for `held_bytes`.

        Raises `ValueError` or `TypeError`, and has taken nothing, if the record isn't what `Record` says.
        """
        texts, days = _TEXTS(record), [getattr(record, field) for field in DAYS_FIELDS]
        _require_record(record.serial, texts, days)
        numbers = [values.number_of(getattr(record, values.field), record.serial) for values in self._values]
        for values, number in zip(self._values, numbers, strict=True):
            values.add(number)
        for interval, (first_days, last_days) in zip(days, self._days, strict=True):
            first, last = interval or (0, 0)
            first_days.append(first)
            last_days.append(last)
        self._serials.append(record.serial)
        self._texts += texts
        self._waiting += sum(map(len, texts)) + RECORD_BYTES
        self.size += 1
        if self._waiting < PIECE:
            return False
        self._tokenize()
        return True

    def _tokenize(self) -> None:
        self._tokenizer.add(self._texts)
        self._texts = []
        self._waiting = 0

    def clear(self) -> None:
        """Forget all articles, and the words if they are too many."""
        self._tokenizer.clear()
        if self._tokenizer.held_bytes > self._words_bytes:
            self._tokenizer.forget_words()
        self._begin()

    def write(self, folder: Path, segment: ArraySegment) -> None:
        """Write all articles as this segment, and forget them. Raises `OSError` or `SegmentTooLarge`."""
        self._tokenize()
        segment.set_doc_count(self.size)
        ends = self._tokenizer.text_ends
        lengths = {field: text_lengths(ends, number, len(TEXT_FIELDS)) for number, field in enumerate(TEXT_FIELDS)}
        with (folder / segment.make_filename(per_document.EXTENSION)).open("wb") as file:
            stamp = self._write_documents(DocumentsWriter(file, self.size), lengths)
        with (folder / segment.make_filename(inverted.EXTENSION)).open("wb") as file:
            segment.stamp = self._write_inverted(InvertedWriter(file, stamp), ends, lengths)
        self.clear()

    def _write_documents(self, writer: DocumentsWriter, lengths: dict[str, I64]) -> int:
        for field, found in sorted(lengths.items()):
            if found.any():
                writer.add_lengths(field, _length_bytes(found), int(found.sum()))
        self._write_columns(writer)
        return writer.close()

    def _write_inverted(self, writer: InvertedWriter, ends: I64, lengths: dict[str, I64]) -> int:
        values = {values.field: values for values in self._values}
        order = self._tokenizer.term_order()
        for field in sorted((*TEXT_FIELDS, *KEYWORD_FIELDS)):
            if field in values:
                values[field].write(writer)
            elif lengths[field].any():
                parts = self._postings(TEXT_FIELDS.index(field), ends, order)
                writer.add_field(field, PostingKind.POSITIONS, parts, _length_bytes(lengths[field]))
        return writer.close()

    def _write_columns(self, documents: DocumentsWriter) -> None:
        columns: dict[str, NDArray[Any]] = {SERIAL: self.serials}
        for field, (first_days, last_days) in zip(DAYS_FIELDS, self._days, strict=True):
            columns[first_day_column(field)] = np.array(first_days, np.int32)
            columns[last_day_column(field)] = np.array(last_days, np.int32)
        for name, values in sorted(columns.items()):
            if name == SERIAL or values.any():
                documents.add_numbers(name, numbers_from_values(values, 0))

    def _postings(self, number: int, ends: I64, order: I64) -> Iterator[Postings]:
        """The postings of a text field, terms in order, some thousand words at a time."""
        tokens, terms = self._tokenizer.tokens, self._tokenizer.terms
        counts = count_terms(tokens, ends, number, len(TEXT_FIELDS), len(terms))
        used = order[counts[order] > 0]
        rank = np.zeros(len(terms), np.int32)
        rank[used] = np.arange(len(used))
        counts = counts[used]
        starts, docs, frequencies, positions = invert_text(tokens, ends, number, len(TEXT_FIELDS), rank, counts)
        place = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(counts, out=place[1:])
        first = 0
        while first < len(used):
            end = max(first + 1, int(np.searchsorted(place, place[first] + CHUNK, side="right")) - 1)
            part = slice(starts[first], starts[end])
            yield Postings(
                [terms[term] for term in used[first:end].tolist()],
                starts[first : end + 1] - starts[first],
                docs[part],
                frequencies[part],
                positions[place[first] : place[end]],
            )
            first = end


def _require_record(serial: int, texts: Sequence[str], days: Sequence[tuple[int, int] | None]) -> None:
    """See that these can be written."""
    if not 0 <= serial <= _LARGEST_SERIAL:
        raise ValueError(f"no article has the serial {serial}: they are numbers from 0 to 2**64 - 1")
    for field, text in zip(TEXT_FIELDS, texts, strict=True):
        if not isinstance(text, str):
            raise TypeError(f"the {field} of article {serial} is no text: {text!r}")
    for field, interval in zip(DAYS_FIELDS, days, strict=True):
        if interval is not None and not all(1 <= day <= _LATEST_DAY for day in interval):
            raise ValueError(f"the {field} of article {serial} is no interval of days: {interval}")


def _length_bytes(lengths: I64) -> U8:
    """Whoosh's rounding of lengths to a byte (`whoosh.util.numeric.length_to_byte`)."""
    return np.minimum(np.searchsorted(_LENGTHS, lengths), 255).astype(np.uint8)
