"""The words that tell an article from others: which it uses, how often, and as it writes them.

`words_of` gives the `Word`s of an article. `Word.leaf` asks an engine for the articles that have one. Of a very long
article only the beginning is looked at (`beginning_of`), so that it costs no more than others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.analysis import goes_by_pairs, terms, word_offsets
from index.document import BlockKind
from search.korean import without_particle
from search.query import Phrase, Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from index.document import Document

LOOKED_AT: Final = 20_000
"""Characters of an article that are looked at: some three thousand words, of reports all."""

SHORTEST: Final = 3
"""Letters of a word; of scripts whose letters go by pairs two, which is one pair."""

_WORDS: Final = """
about above after again against all almost also although always among and another any anybody anyone anything are
around because been before being below between both but can cannot could did does doing done down during each either
else even ever every everybody everyone everything few for from further had has have having her here hers herself him
himself his how however into its itself just least less many may might more most much must neither never nobody nor
not nothing now off often once one only onto other others our ours out over own per perhaps quite rather really said
same say saying says shall she should since some somebody someone something still such than that the their theirs them
themselves then there these they this those though through thus too toward towards under until upon very was were what
when where whether which while who whom whose why will with within without would yet you your yours
"""

FUNCTION_WORDS: Final = frozenset(_WORDS.split())
"""English words that hold sentences together, and say and said, which all reports use: they tell nothing of an article.

Where there are many articles their number shows it; where there are eight, it does not. Other languages have no list.
"""

_SAID: Final = frozenset({BlockKind.TITLE, BlockKind.BODY, BlockKind.CAPTION})


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an article: the terms it is found under, how the article mostly writes it, and how often it is used."""

    terms: tuple[str, ...]
    written: str
    times: int

    @property
    def leaf(self) -> Term | Phrase:
        """The question for articles with this word."""
        return Term(self.terms[0]) if len(self.terms) == 1 else Phrase(self.terms)

    def is_in(self, others: AbstractSet[str]) -> bool:
        """Whether a text with these terms has all of this word's."""
        return others >= set(self.terms)


def beginning_of(document: Document) -> str:
    """What an article says in headline, body and captions, a line each; of a long one the first `LOOKED_AT` characters.

    A headline that is declared is not in the text, and goes before it.
    """
    parts = [] if any(reason.where for reason in document.title.evidence) else [document.title.value]
    room = LOOKED_AT - sum(map(len, parts))
    for block in document.blocks:
        if block.kind in _SAID and room > 0:
            parts.append(document.text[block.start : min(block.end, block.start + room)])
            room -= len(parts[-1])
    return "\n".join(parts)


def words_of(document: Document) -> tuple[Word, ...]:
    """The words of an article, those of its headline first, then those it uses most, then as they come.

    Neither numbers nor words too short to tell anything are among them.
    """
    used: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    counted = _written(beginning_of(document))
    for written, key in _analysed(counted):
        used[key][written] += counted[written]
    headline = set(terms(document.title.value)) if document.has_title else set()
    words = [Word(key, forms.most_common(1)[0][0], forms.total()) for key, forms in used.items()]
    words.sort(key=lambda word: (not word.is_in(headline), -word.times))
    return tuple(words)


def _written(text: str) -> Counter[str]:
    """The words of a text that may tell something, as nouns where Korean glues something to them."""
    counted = Counter(text[start:end] for start, end in word_offsets(text))
    nouns: Counter[str] = Counter()
    for written, times in counted.items():
        for noun in _noun(written):
            nouns[noun] += times
    return nouns


def _analysed(words: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each word with its terms. An ASCII word has one, so all of them are analysed at once, which is much faster."""
    plain = [word for word in words if word.isascii()]
    yield from zip(plain, ((term,) for term in terms(" ".join(plain))), strict=True)
    for word in words:
        if not word.isascii() and (found := terms(word)):
            yield word, tuple(found)


def _noun(written: str) -> Iterator[str]:
    is_dense = goes_by_pairs(written)
    noun = (without_particle(written) or written) if is_dense else written
    is_long_enough = len(noun) >= (2 if is_dense else SHORTEST)
    if is_long_enough and any(map(str.isalpha, noun)) and noun.lower() not in FUNCTION_WORDS:
        yield noun
