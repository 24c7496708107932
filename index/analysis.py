"""From text to terms: the one analyser, for indexing and for queries.

`tokens(text)` yields every word of a text as a `Token`: the term it is found under and where the word stands. A term is
made in two steps: `fold` (compatibility form, case, Latin diacritics: `Sinŭiju` and `SINUIJU` are one word) and
`stem` (Snowball English; words in other scripts pass through unchanged). No word is dropped, stop words included, so
positions are exact and a phrase matches exactly what it says.

Korean glues particles to its nouns, and Chinese and Japanese have no blanks at all, so a run of their letters is not
one token but its pairs, each at a position of its own: 신의주에서 is 신의, 의주, 주에, 에서. A word within it is the
phrase of its own pairs, so it is found whatever is glued to it. A letter that stands alone is a token. If the process
was told to (`analyse_korean`), a dictionary takes Korean words apart instead (`index.morphemes`).

The rules are part of every index on disk: change one and `ANALYSIS_VERSION` must change with it, which makes the next
build a rebuild. `analysis_version` says which rules this process has.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Final

import snowballstemmer

from index import morphemes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

ANALYSIS_VERSION = 3

MAX_TERM_LENGTH = 64
"""Characters of a folded word that count; a longer one is cut, in index and query alike."""

_MARKS = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in {"Mn", "Mc"})
"""What goes on with a word though `\\w` does not take it for a letter: diacritics, and the vowels of many scripts."""
_APOSTROPHES = "'\u2019\u2018\u02bc\u02bb\uff07"
_WORD = re.compile(rf"[^\W_][\w{_MARKS}]*(?:[{_APOSTROPHES}](?=[^\W_])[\w{_MARKS}]+)*")
_HANGUL, _KANA = r"\uac00-\ud7a3", r"\u3041-\u3096\u30a1-\u30fa\u30fc"
_CHINESE = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_JAMO = r"[\u1100-\u115f]+[\u1160-\u11a7]+[\u11a8-\u11ff]*"
_HANGUL_RUN = re.compile(rf"[{_HANGUL}]+")
_DENSE_LETTER = re.compile(rf"[{_HANGUL}{_KANA}{_CHINESE}]|{_JAMO}")
_UNTYPED = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\ufe00-\ufe0f]+"
)
"""Diacritics of Latin, Greek and Cyrillic, points of Hebrew and Arabic, and what chooses between forms of a letter."""
_APOSTROPHE = re.compile(rf"[{_APOSTROPHES}]")
# Thai, Lao, Burmese, Tai Tham, Khmer and their like, with their extensions.
_WRITTEN_TOGETHER = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf"
# Soft hyphen, word joiner, variation selectors (but for those that make a picture of a sign or a sign of a picture).
_INVISIBLE = re.compile(
    "[\u00ad\u2060\ufe00-\ufe0d\U000e0100-\U000e01ef]"
    f"|(?<![{_WRITTEN_TOGETHER}])\u200b+|\u200b+(?![{_WRITTEN_TOGETHER}\u200b])"
)
_MAY_BE_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufe00-\ufe0d\U000e0100-\U000e01ef]")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text: its term, and the characters `text[start:end]` it was made from."""

    term: str
    start: int
    end: int


def fold(word: str) -> str:
    """The word without the differences readers do not type: case, diacritics, width, kinds of apostrophe.

    >>> fold("Sinŭiju"), fold("WORKERS’"), fold("신의주")
    ('sinuiju', "workers'", '신의주')
    """
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", word).casefold())
    plain = unicodedata.normalize("NFC", _UNTYPED.sub("", decomposed))
    return _APOSTROPHE.sub("'", plain)


def without_invisible(text: str) -> str:
    """The text without characters that are not seen and would part words and names.

    Scripts that write words together keep the blank without width that says where a word ends.
    """
    return text if text.isascii() or not _MAY_BE_INVISIBLE.search(text) else _INVISIBLE.sub("", text)


def _pieces(word: str) -> list[tuple[int, int]]:
    """What of a word becomes a token each, as (start, end): pairs of letters of dense scripts, and what is between.

    >>> ["DailyNK신문사의"[start:end] for start, end in _pieces("DailyNK신문사의")]
    ['DailyNK', '신문', '문사', '사의']
    """
    letters = [] if word.isascii() else [letter.span() for letter in _DENSE_LETTER.finditer(word)]
    if not letters:
        return [(0, len(word))]
    found: list[tuple[int, int]] = []
    last = (0, 0)
    for letter, following in pairwise([*letters, (-1, -1)]):
        found += [other.span() for other in _WORD.finditer(word, last[1], letter[0])]
        is_followed, is_preceded = following[0] == letter[1], last[1] == letter[0] and last[1] > last[0]
        if is_followed or not is_preceded:
            found.append((letter[0], following[1] if is_followed else letter[1]))
        last = letter
    return found + [other.span() for other in _WORD.finditer(word, last[1])]


def goes_by_pairs(text: str) -> bool:
    """Whether a text has letters of a script whose letters go by pairs: hangul, kana, Chinese characters."""
    return bool(_DENSE_LETTER.search(text))


class Korean(StrEnum):
    """What Korean words are taken apart into."""

    PAIRS = "pairs"
    MORPHEMES = "morphemes"


def analyse_korean(by: Korean) -> None:
    """Take Korean words apart so in this process, before anything is analysed. Raises `AnalyserMissing`."""
    _memory.changes(None if by is Korean.PAIRS else morphemes.version())


def analysis_version() -> str:
    """The rules that this process has: texts and questions go together only if they were analysed by the same."""
    return f"{ANALYSIS_VERSION}-{_memory.dictionary}" if _memory.dictionary else str(ANALYSIS_VERSION)


def knows_morphemes() -> bool:
    """Whether Korean words are taken apart by a dictionary."""
    return _memory.dictionary is not None


def _tokens_of_word(word: str) -> Iterator[Token]:
    """The tokens of one word, placed in it."""
    last = 0
    if knows_morphemes():
        for run in _HANGUL_RUN.finditer(word):
            yield from _pairs(word, last, run.start())
            for form, start, end in morphemes.content_morphemes(run.group()):
                yield Token(form[:MAX_TERM_LENGTH], run.start() + start, run.start() + end)
            last = run.end()
    yield from _pairs(word, last, len(word))


def _pairs(word: str, start: int, end: int) -> Iterator[Token]:
    """The tokens of a part of a word as `_pieces` cuts it."""
    if start == end:
        return
    for first, last in _pieces(word[start:end]):
        yield Token(_term(word[start + first : start + last]), start + first, start + last)


def _term(word: str) -> str:
    """The term of a word that is one; the underscores that set it off (_like this_) are no part of it."""
    return stem((fold(word).rstrip("_") or word)[:MAX_TERM_LENGTH])


def terms_of_word(word: str) -> tuple[str, ...]:
    """The terms of one word of a text, one after the other: one, but for a word with letters that go by pairs."""
    if word.isascii():
        return (_term(word),)
    return tuple(token.term for token in _tokens_of_word(word))


class _Stemmer(threading.local):
    """Snowball stemmers keep state while they work, so each thread has its own."""

    def __init__(self) -> None:
        algorithm: Any = snowballstemmer.stemmer("english")
        algorithm.maxCacheSize = 0  # its cache costs ten times what it saves once it is full
        self.stem: Any = algorithm.stemWord


_stemmer = _Stemmer()


def stem(word: str) -> str:
    """The Snowball English stem of a folded word. A word whose stem is empty stays whole.

    >>> stem("smugglers"), stem("smuggling"), stem("country's")
    ('smuggler', 'smuggl', 'countri')
    """
    return str(_stemmer.stem(word)) or word


class _Vocabulary:
    """The terms of the stretches of text met so far. Shared by all threads."""

    MOST_CHARACTERS: Final = 500_000
    """Characters of stretches that are kept: some 70,000 words, and 20 MB with all that belongs to them."""

    def __init__(self) -> None:
        self.terms: dict[str, tuple[str, ...]] = {}
        self._characters = 0

    @property
    def is_full(self) -> bool:
        return self._characters > self.MOST_CHARACTERS

    def of(self, stretch: str) -> tuple[str, ...]:
        """The terms of a stretch's words, in order."""
        known = self.terms.get(stretch)
        return self._learn(stretch) if known is None else known

    def of_all(self, stretches: Collection[str]) -> Iterator[str]:
        """The terms of the words of all stretches, in order."""
        for stretch in set(stretches).difference(self.terms):
            self._learn(stretch)
        return chain.from_iterable(map(self.terms.__getitem__, stretches))

    def _learn(self, stretch: str) -> tuple[str, ...]:
        terms = tuple([term for word in _WORD.findall(stretch) for term in terms_of_word(word)])
        self._characters += len(stretch)
        self.terms[stretch] = terms
        return terms


class _Memory:
    """Holds the vocabulary in use. One that is full is replaced, never emptied: somebody may be reading it.

    `dictionary` is the version of what takes Korean words apart; None if they go by pairs.
    """

    def __init__(self) -> None:
        self._vocabulary = _Vocabulary()
        self.dictionary: str | None = None

    def changes(self, dictionary: str | None) -> None:
        """Forget what was analysed by other rules."""
        self.dictionary, self._vocabulary = dictionary, _Vocabulary()

    def vocabulary(self) -> _Vocabulary:
        if self._vocabulary.is_full:
            self._vocabulary = _Vocabulary()
        return self._vocabulary


_memory: Final = _Memory()


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, in order. Positions count from 0 in this order."""
    vocabulary = _memory.vocabulary()
    for match in _WORD.finditer(text):
        word, at = match.group(), match.start()
        if knows_morphemes() and not word.isascii():
            yield from (Token(token.term, at + token.start, at + token.end) for token in _tokens_of_word(word))
        else:
            for term, (start, end) in zip(vocabulary.of(word), _pieces(word), strict=True):
                yield Token(term, at + start, at + end)


def word_offsets(text: str) -> list[tuple[int, int]]:
    """Where the words of a text stand, as (start, end), in order. Each is one token or, in dense scripts, several."""
    return [match.span() for match in _WORD.finditer(text)]


def terms(text: str) -> list[str]:
    """The terms of a text, in order.

    >>> terms("The solar panels of Sinŭiju's traders")
    ['the', 'solar', 'panel', 'of', 'sinuiju', 'trader']
    """
    return list(_memory.vocabulary().of_all(_cut(text).split(" ")))


_CUTS: Final = bytes(
    byte if byte >= 0x80 or chr(byte) in "_'" else ord(chr(byte).lower()) if chr(byte).isalnum() else ord(" ")  # noqa: PLR2004 - ASCII ends there
    for byte in range(256)
)
_COMMON_SIGNS: Final = (("\u2019", "'"), ("\u2018", "'"), *((sign, " ") for sign in "“”–—…\u00a0"))
_LOOSE: Final = re.compile("(?<= )['_]+|'['_]+")


def _cut(text: str) -> str:
    """The text in lower case, a blank around it and instead of every sign that is in no word, else as long as it was.

    What lies between blanks, a stretch, has the same words as it has in the text, and no word goes over a blank. If it
    is ASCII, it is one word, but for an apostrophe at its end; of others only the commonest signs are cut. This is far
    faster than looking for words, and most stretches have been met before.
    """
    if not text.isascii():
        for sign, plain in _COMMON_SIGNS:
            text = text.replace(sign, plain)
    cut = f" {text} ".encode("utf-8", "surrogatepass").translate(_CUTS).decode("utf-8", "surrogatepass")
    if "_" in cut or " '" in cut or "''" in cut:
        cut = _LOOSE.sub(lambda loose: " " * len(loose.group()), cut)
    return cut


CHANGED_BY_STEMMING: Final = 2
"""How many of a stem's last letters may not be those of its word, as in `country`, `countri` or `tying`, `tie`."""


class AnalysedText:
    """A text's words for who asks after few of them: what `tokens` says, found without looking at all words.

    `places` and `places_beginning` are where words stand that have a term, or a term that begins so; `positions` counts
    the words before them, and `place` leads back from there. For one thread.
    """

    __slots__ = ("_cut", "_others", "_place", "_places", "_positions", "_vocabulary")

    def __init__(self, text: str) -> None:
        self._vocabulary = _memory.vocabulary()
        self._cut = _cut(text)
        self._others: tuple[str, ...] = ()
        if not self._cut.isascii():
            self._others = tuple(stretch for stretch in set(self._cut.split(" ")) if not stretch.isascii())
        self._places: dict[str, list[tuple[int, int]]] = {}
        self._positions: dict[str, list[int]] = {}
        self._place: dict[int, tuple[int, int]] = {}

    def terms(self) -> frozenset[str]:
        """The terms of all words, each once."""
        return frozenset(self._vocabulary.of_all(set(self._cut.split(" "))))

    def places(self, term: str) -> list[tuple[int, int]]:
        """The characters (start, end) of every word of a term, in order."""
        known = self._places.get(term)
        if known is None:
            known = self._places[term] = self._find(term, term.__eq__)
        return known

    def places_beginning(self, prefix: str) -> list[tuple[int, int]]:
        """The characters (start, end) of every word whose term begins so, in order."""
        return self._find(prefix, lambda term: term.startswith(prefix))

    def positions(self, term: str) -> list[int]:
        """The positions of every word of a term, ascending."""
        known = self._positions.get(term)
        if known is None:
            known = self._positions[term] = list(self._count_before(self.places(term)))
        return known

    def place(self, position: int) -> tuple[int, int]:
        """The characters (start, end) of the word at a position that `positions` has given."""
        return self._place[position]

    def _count_before(self, places: Iterable[tuple[int, int]]) -> Iterator[int]:
        """The positions of places that are in order: the words of all stretches before theirs, and those within it."""
        position, after = 0, 0
        for place in places:
            stretch = self._cut.rfind(" ", 0, place[0] + 1) + 1
            position += self._count(after, stretch)
            after = stretch
            found = position + self._count_within(stretch, place[0] + 1)
            self._place[found] = place
            yield found

    def _count(self, start: int, end: int) -> int:
        """How many words there are in the stretches between two places of the cut text."""
        stretches = self._cut[start:end].split()
        return sum(1 for _ in self._vocabulary.of_all(stretches)) if self._others else len(stretches)

    def _count_within(self, stretch: int, place: int) -> int:
        """How many words of the stretch that begins there stand before a place in it."""
        if stretch == place:
            return 0
        text = self._cut[stretch : self._cut.find(" ", place)]
        return sum(token.start < place - stretch for token in tokens(text))

    def _find(self, start: str, accepts: Callable[[str], bool]) -> list[tuple[int, int]]:
        """Where words stand whose terms are accepted, all of which begin with `start`."""
        if not start:
            return []
        places = list(self._find_plain(" " + start[: max(1, len(start) - CHANGED_BY_STEMMING)], accepts))
        for stretch in self._others:
            if any(map(accepts, self._vocabulary.of(stretch))):
                inside = [(token.start, token.end) for token in tokens(stretch) if accepts(token.term)]
                places += [(at + first, at + last) for at in self._starts(stretch) for first, last in inside]
        places.sort()
        return places

    def _find_plain(self, beginning: str, accepts: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
        """Where stretches of ASCII stand that begin so, after a blank, and have an accepted term."""
        cut, of = self._cut, self._vocabulary.of
        at = cut.find(beginning)
        while at >= 0:
            end = cut.find(" ", at + 1)
            stretch = cut[at + 1 : end]
            if stretch.isascii():
                word = stretch.rstrip("'")
                if accepts(of(word)[0]):
                    yield at, at + len(word)
            at = cut.find(beginning, end)

    def _starts(self, stretch: str) -> Iterator[int]:
        """Where a stretch stands in the text."""
        wanted = f" {stretch} "
        at = self._cut.find(wanted)
        while at >= 0:
            yield at
            at = self._cut.find(wanted, at + len(wanted) - 1)


def slug(name: str) -> str:
    """A name as an id: folded words joined by hyphens. Names that differ only in case, marks or punctuation share it.

    >>> slug("Daily NK"), slug("로동신문"), slug("South Korean goods")
    ('daily-nk', '로동신문', 'south-korean-goods')
    """
    return "-".join(fold(word) for word in re.findall(rf"[^\W_][\w{_MARKS}]*", name))
