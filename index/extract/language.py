"""Which language an article is in, where that is certain: Korean by its script, English by its function words.

Two languages are told; anything else is `None`, unknown, rather than a guess.
"""

from __future__ import annotations

import re
from typing import Final

from index.document import Evidence, Found, Span
from index.extract.rules import any_of

SAMPLE_CHARACTERS: Final = 1200
"""How much of a text is looked at."""

MIN_HANGUL_SHARE: Final = 0.3
"""Of all letters, for a text to be Korean. Names and figures in Latin letters take up the rest."""

MIN_FUNCTION_WORD_SHARE: Final = 0.12
"""Of all words, for a text to be English. News prose has 0.25 to 0.4, headlines half of that."""

MIN_WORDS: Final = 5

_LETTER = re.compile(r"[^\W\d_]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_WORD = re.compile(r"[^\W\d_]+")
# None of them is a common word of another language written in Latin letters ("a", "in", "on", "me" are).
_ENGLISH_ALONE = frozenset(("the", "of", "and", "with", "that", "for"))
_ENGLISH_ALONE_IN_TEXT = re.compile(rf"\b{any_of(sorted(_ENGLISH_ALONE))}\b", re.IGNORECASE)
_FUNCTION_WORDS = frozenset((
    *_ENGLISH_ALONE, "to", "was", "were", "is", "are", "has", "have", "had", "its", "it", "be", "been", "by", "from",
    "this", "which", "their", "they", "will", "would", "not", "said", "his", "her", "who", "at", "as", "after", "more",
    "than",
))  # fmt: skip


def find_language(text: str) -> Found[str] | None:
    """The language of a text as an ISO 639-1 code, with the stretch of text it was told by."""
    sample = text[:SAMPLE_CHARACTERS]
    if (word := _find_hangul(sample)) is not None:
        return _found("ko", "language-script", word)
    words = _WORD.findall(sample.lower())
    function_words = sum(word in _FUNCTION_WORDS for word in words)
    telling = _ENGLISH_ALONE_IN_TEXT.search(sample)
    if len(words) >= MIN_WORDS and telling and function_words >= MIN_FUNCTION_WORD_SHARE * len(words):
        return _found("en", "language-function-words", telling)
    return None


def _find_hangul(sample: str) -> re.Match[str] | None:
    """The first Korean word, if so much of the text is hangul that it is Korean."""
    hangul = len(_HANGUL.findall(sample))
    if not hangul or hangul < MIN_HANGUL_SHARE * len(_LETTER.findall(sample)):
        return None
    return next((match for match in _WORD.finditer(sample) if _HANGUL.match(match.group())), None)


def _found(code: str, rule: str, word: re.Match[str]) -> Found[str]:
    return Found(code, (Evidence(rule, Span(*word.span()), word.group()),))
