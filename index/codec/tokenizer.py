"""The analyser of `index.analysis` compiled: from texts to numbers of terms, a quarter million characters at a time.

A `Tokenizer` keeps every word it has met in a table; `add` appends to `tokens` the numbers that the terms of the texts'
words have in `terms`. A word that it has not met goes to `index.analysis` once, which alone knows what terms it has.
Where words begin and end was asked of the analyser, too, character by character (`characters`), so its regular
expression is not written down a second time.

Words that differ only in the case of ASCII letters are one word here, as their term is the same: `fold` undoes case,
and where a capital would combine with the mark behind it, so would the small letter, and the mark goes in the end.
"""

from __future__ import annotations

import itertools
from array import array
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.analysis import terms_of_word
from index.codec.characters import CAPITAL, CONTINUES, JOINS, STARTS, STEP, character_classes
from index.compiled import I64, U8, U32, kernel

if TYPE_CHECKING:
    from collections.abc import Iterable

I32: TypeAlias = NDArray[np.int32]
U64: TypeAlias = NDArray[np.uint64]

PIECE: Final = 1 << 18
"""Characters that are looked at together; longer texts are cut, between words."""

_DONE: Final = 0
_FULL: Final = 1

_TERM_BYTES: Final = 250
"""What a term takes: its text, its bytes, and its entry in a dictionary."""

# Places in the state of `scan`
_AT: Final = 0
_TEXT: Final = 1
_TOKENS: Final = 2
_WORDS: Final = 3


@kernel
def _word_end(text: U32, at: int, end: int, classes: U8) -> int:
    """Where the word ends whose first character is before `at`."""
    while at < end:
        kind = classes[text[at]]
        if kind & CONTINUES == 0 and (kind & JOINS == 0 or at + 1 == end or classes[text[at + 1]] & STARTS == 0):
            return at
        at += 1
    return at


@kernel
def _without_case(code: np.uint32, classes: U8) -> np.uint64:
    """The code point, that of the small letter for an ASCII capital."""
    return np.uint64(code) + ((np.uint64(classes[code]) & np.uint64(CAPITAL)) << np.uint64(2))


@kernel
def _key_of(text: U32, start: int, end: int, classes: U8) -> tuple[np.uint64, bool]:
    """(key, whether it is the word itself). Up to eight characters below 256 fit; else the key is a hash."""
    key = np.uint64(0)
    if end - start <= 8:
        widest = np.uint64(0)
        for i in range(start, end):
            code = _without_case(text[i], classes)
            widest |= code
            key = (key << np.uint64(8)) | code
        if widest < np.uint64(256):
            return key, True
    key = np.uint64(end - start)
    for i in range(start, end):
        key = (key ^ _without_case(text[i], classes)) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return key, False


@kernel
def _is_word(text: U32, start: int, end: int, classes: U8, arena: U32, at: int, arena_end: int) -> bool:
    """Whether the word text[start:end] is the one at `at` in the arena."""
    if arena_end - at != end - start:
        return False
    for i in range(end - start):  # noqa: SIM110 - Numba knows no generators
        if _without_case(text[start + i], classes) != np.uint64(arena[at + i]):
            return False
    return True


@kernel
def _first_slot(key: np.uint64, size: int) -> int:
    """Where in a table of that size to look first."""
    mixed = key * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed >> np.uint64(32)) & np.uint64(size - 1))


@kernel
def scan(
    text: U32,
    ends: I64,
    goes_on: bool,
    classes: U8,
    slots: U64,
    arena: U32,
    word_at: I64,
    tokens: I32,
    token_ends: I64,
    state: I64,
) -> int:
    """Append the numbers of the words of consecutive texts to `tokens`, and new words to the table.

    `text` uint32: the code points of all texts; `ends` int64: where each ends; `goes_on`: more of the last one follows
    elsewhere, so a word that may go on there is left. `classes` uint8: of each code point. `slots` uint64 (a power of
    2, 2): the table of words by open addressing, each with its key and, in the other column, twice its number + 1, and
    1 more if the key is the word itself; 0 there is an empty slot. `arena` uint32, `word_at` int64: the characters of
    word number n are arena[word_at[n]:word_at[n + 1]]. `token_ends` int64: where each text's words end in `tokens`.

    `state` int64 (4): the character and the text to begin at, how many tokens and words there are; and afterwards where
    to go on. Returns `_DONE`, or `_FULL` if table and `word_at` must grow first; the arena has room for all of `text`.
    """
    at = state[_AT]
    count = state[_TOKENS]
    words = state[_WORDS]
    size = len(slots)
    status = _DONE
    number = state[_TEXT]
    while number < len(ends):
        end = ends[number]
        last = goes_on and number + 1 == len(ends)
        while at < end:
            if classes[text[at]] & STARTS == 0:
                at += 1
                continue
            word_end = _word_end(text, at + 1, end, classes)
            if last and word_end + 1 >= end:
                break
            key, is_whole = _key_of(text, at, word_end, classes)
            slot = _first_slot(key, size)
            word = np.int64(-1)
            while slots[slot, 1] != np.uint64(0):
                if slots[slot, 0] == key and (slots[slot, 1] & np.uint64(1)) == np.uint64(is_whole):
                    found = np.int64(slots[slot, 1] >> np.uint64(1)) - 1
                    if is_whole or _is_word(text, at, word_end, classes, arena, word_at[found], word_at[found + 1]):
                        word = found
                        break
                slot = (slot + 1) & (size - 1)
            if word < 0:
                used = word_at[words]
                if 2 * words >= size or words + 1 >= len(word_at):
                    status = _FULL
                    break
                word = words
                for i in range(at, word_end):
                    arena[used] = np.uint32(_without_case(text[i], classes))
                    used += 1
                slots[slot, 0] = key
                slots[slot, 1] = (np.uint64(word + 1) << np.uint64(1)) | np.uint64(is_whole)
                words += 1
                word_at[words] = used
            tokens[count] = word
            count += 1
            at = word_end
        if status == _FULL:
            break
        token_ends[number] = count
        number += 1
    state[_AT] = at
    state[_TEXT] = number
    state[_TOKENS] = count
    state[_WORDS] = words
    return status


@kernel
def rehash(slots: U64, larger: U64) -> None:
    """Put every word of a table into a larger one."""
    for old in range(len(slots)):
        if slots[old, 1] != np.uint64(0):
            slot = _first_slot(slots[old, 0], len(larger))
            while larger[slot, 1] != np.uint64(0):
                slot = (slot + 1) & (len(larger) - 1)
            larger[slot, 0] = slots[old, 0]
            larger[slot, 1] = slots[old, 1]


class _Words:
    """The words met: the table that `scan` looks them up in, and the term of each."""

    def __init__(self) -> None:
        self.count = 0
        self.slots: U64 = np.zeros((1 << 12, 2), np.uint64)
        self.arena: U32 = np.empty(1 << 14, np.uint32)
        self.word_at: I64 = np.zeros((1 << 11) + 1, np.int64)
        self.terms: list[bytes] = []
        self._term_at = array("q", [0])  # where in `_term_of` the terms of each word begin, and the last one's end
        self._term_of = array("i")
        self._numbers: dict[str, int] = {}
        self._order: list[int] = []

    @property
    def held_bytes(self) -> int:
        """About what all this takes in memory."""
        arrays = (self.slots, self.arena, self.word_at)
        numbers = 8 * len(self._term_at) + 4 * len(self._term_of)
        return sum(array.nbytes for array in arrays) + numbers + len(self.terms) * _TERM_BYTES

    def reserve(self, characters: int) -> None:
        """Make room for this many characters of new words."""
        needed = int(self.word_at[self.count]) + characters
        if needed > len(self.arena):
            self.arena = _longer(self.arena, max(needed, 2 * len(self.arena)))

    def grow(self) -> None:
        """Make room for as many words again."""
        slots = np.zeros((2 * len(self.slots), 2), np.uint64)
        rehash(self.slots, slots)
        self.slots = slots
        self.word_at = _longer(self.word_at, len(slots) // 2 + 1)

    def know(self, count: int) -> None:
        """Find the terms of the words that `scan` has put into the table, up to this number."""
        first, last = self.word_at[self.count], self.word_at[count]
        characters = self.arena[first:last].tobytes().decode("utf-32-le", "surrogatepass")
        places = (self.word_at[self.count : count + 1] - first).tolist()
        for start, end in itertools.pairwise(places):
            self._term_of.extend(map(self._number, terms_of_word(characters[start:end])))
            self._term_at.append(len(self._term_of))
        self.count = count

    def terms_of(self, words: I32, ends: I64) -> tuple[I32, I64]:
        """From words to terms: their numbers, one after the other, and where those of each text end."""
        if not self.count:
            return words, ends
        term_of = np.frombuffer(self._term_of, np.int32)
        if len(term_of) == self.count:
            return term_of[words], ends
        term_at = np.frombuffer(self._term_at, np.int64)
        counts = np.diff(term_at)[words]
        after = np.append(0, np.cumsum(counts))
        places = np.repeat(term_at[words] - after[:-1], counts) + np.arange(after[-1])
        return term_of[places], after[ends]

    def order(self) -> I64:
        """The numbers of the terms in byte order. Those sorted before cost next to nothing."""
        self._order.extend(range(len(self._order), len(self.terms)))
        self._order.sort(key=self.terms.__getitem__)
        return np.array(self._order, np.int64)

    def _number(self, term: str) -> int:
        number = self._numbers.get(term)
        if number is None:
            number = self._numbers[term] = len(self.terms)
            self.terms.append(term.encode())
        return number


Number = TypeVar("Number", bound=np.generic)


def _longer(array: NDArray[Number], length: int) -> NDArray[Number]:
    """The array in a longer one."""
    longer = np.empty(max(length, len(array)), array.dtype)
    longer[: len(array)] = array
    return longer


class Tokenizer:
    """Turns texts into numbers of terms: `add` texts, read `tokens` and `text_ends`, `clear` for the next ones.

    Not for two threads at once.
    """

    def __init__(self) -> None:
        self._classes = character_classes(0, STEP)
        self.forget_words()

    def clear(self) -> None:
        """Forget the texts, but not the words."""
        self._tokens = np.empty(PIECE, np.int32)
        self._count = 0
        self._text_ends: list[I64] = []

    def forget_words(self) -> None:
        """Forget texts and words."""
        self.clear()
        self._words = _Words()

    @property
    def tokens(self) -> I32:
        """The numbers of the terms of each text, in order."""
        return self._tokens[: self._count]

    @property
    def text_ends(self) -> I64:
        """Where the terms of each text end in `tokens`."""
        return np.concatenate([np.zeros(0, np.int64), *self._text_ends])

    @property
    def terms(self) -> list[bytes]:
        """Each term met, in UTF-8."""
        return self._words.terms

    def term_order(self) -> I64:
        """The numbers of the terms in byte order."""
        return self._words.order()

    @property
    def held_bytes(self) -> int:
        """About what words, terms and texts take in memory."""
        return self._words.held_bytes + 4 * self._count

    def add(self, texts: Iterable[str]) -> None:
        """Append the words of texts. Texts may be of any length; many short ones at once are faster."""
        short: list[str] = []
        size = 0
        for text in texts:
            if size + len(text) > PIECE:
                self._add_short(short)
                short, size = [], 0
            if len(text) > PIECE:
                self._add_long(text)
            else:
                short.append(text)
                size += len(text)
        self._add_short(short)

    def _add_short(self, texts: list[str]) -> None:
        if texts:
            self._scan("".join(texts), np.cumsum([len(text) for text in texts]), goes_on=False)

    def _add_long(self, text: str) -> None:
        """Append the words of one text a piece at a time; a piece that is all one word is tried again twice as long."""
        at, size = 0, PIECE
        while at + size < len(text):
            used = self._scan(text[at : at + size], np.array([size]), goes_on=True)
            self._text_ends.pop()
            at += used
            size = PIECE if used else 2 * size
        self._scan(text[at:], np.array([len(text) - at]), goes_on=False)

    def _scan(self, text: str, ends: I64, *, goes_on: bool) -> int:
        """Append the words of texts joined to one; return how many of its characters were used."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        self._classify(int(codes.max(initial=0)))
        words = self._words
        words.reserve(len(codes))
        found = np.empty(len(codes), np.int32)  # a text of one letter each has as many words
        word_ends = np.empty(len(ends), np.int64)
        state = np.array([0, 0, 0, words.count], np.int64)
        while scan(
            codes,
            ends,
            goes_on,
            self._classes,
            words.slots,
            words.arena,
            words.word_at,
            found,
            word_ends,
            state,
        ):
            words.grow()
        words.know(int(state[_WORDS]))
        self._append(*words.terms_of(found[: state[_TOKENS]], word_ends))
        return int(state[_AT])

    def _append(self, tokens: I32, ends: I64) -> None:
        needed = self._count + len(tokens)
        if needed > len(self._tokens):
            self._tokens = _longer(self._tokens, max(needed, 2 * len(self._tokens)))
        self._tokens[self._count : needed] = tokens
        self._text_ends.append(ends + self._count)
        self._count = needed

    def _classify(self, code: int) -> None:
        """Know the classes of the characters up to this one."""
        while code >= len(self._classes):
            start = len(self._classes)
            self._classes = np.concatenate([self._classes, character_classes(start, start + STEP)])
