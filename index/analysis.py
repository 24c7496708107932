"""From text to terms: the one analyser, for indexing and for queries.

`tokens(text)` yields every word of a text as a `Token`: the term it is found under and where the word stands. A term is
made in two steps: `fold` (compatibility form, case, Latin diacritics: `Sinŭiju` and `SINUIJU` are one word) and
`stem` (Snowball English; words in other scripts pass through unchanged). No word is dropped, stop words included, so
positions are exact and a phrase matches exactly what it says.

The rules are part of every index on disk: change one and `ANALYSIS_VERSION` must change with it, which makes the next
build a rebuild.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import snowballstemmer

if TYPE_CHECKING:
    from collections.abc import Iterator

ANALYSIS_VERSION = 1

MAX_TERM_LENGTH = 64
"""Characters of a folded word that count; a longer one is cut, in index and query alike."""

_COMBINING = "\u0300-\u036f"
_APOSTROPHES = "'\u2019\u02bc\uff07"
_WORD = re.compile(rf"[^\W_][\w{_COMBINING}]*(?:[{_APOSTROPHES}](?=[^\W_])[\w{_COMBINING}]+)*")
_MARK = re.compile(rf"[{_COMBINING}]+")
_APOSTROPHE = re.compile(rf"[{_APOSTROPHES}]")


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
    plain = unicodedata.normalize("NFC", _MARK.sub("", decomposed))
    return _APOSTROPHE.sub("'", plain)


class _Stemmer(threading.local):
    """Snowball stemmers keep state while they work, so each thread has its own, with the words it has met."""

    WORDS_KEPT = 200_000

    def __init__(self) -> None:
        self._stem: Any = snowballstemmer.stemmer("english").stemWord
        self._known: dict[str, str] = {}

    def term(self, word: str) -> str:
        """The term of a word as it stands in a text."""
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= self.WORDS_KEPT:
                self._known.clear()
            known = self._known[word] = stem(fold(word)[:MAX_TERM_LENGTH], self._stem)
        return known


def stem(word: str, algorithm: Any = None) -> str:  # noqa: ANN401 - PyStemmer is untyped
    """The Snowball English stem of a folded word. A word whose stem is empty stays whole.

    >>> stem("smugglers"), stem("smuggling"), stem("country's")
    ('smuggler', 'smuggl', 'countri')
    """
    return str((algorithm or _stemmer._stem)(word)) or word  # noqa: SLF001 - same module


_stemmer = _Stemmer()


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, in order. Positions count from 0 in this order."""
    term = _stemmer.term
    for match in _WORD.finditer(text):
        yield Token(term(match.group()), match.start(), match.end())


def word_offsets(text: str) -> list[tuple[int, int]]:
    """Where the words of a text stand, as (start, end) by position: `tokens` without the work of making terms."""
    return [match.span() for match in _WORD.finditer(text)]


def terms(text: str) -> list[str]:
    """The terms of a text, in order.

    >>> terms("The solar panels of Sinŭiju's traders")
    ['the', 'solar', 'panel', 'of', 'sinuiju', 'trader']
    """
    term = _stemmer.term
    return [term(word) for word in _WORD.findall(text)]


def slug(name: str) -> str:
    """A name as an id: folded words joined by hyphens. Names that differ only in case, marks or punctuation share it.

    >>> slug("Daily NK"), slug("로동신문"), slug("South Korean goods")
    ('daily-nk', '로동신문', 'south-korean-goods')
    """
    return "-".join(fold(word) for word in re.findall(rf"[^\W_][\w{_COMBINING}]*", name))
