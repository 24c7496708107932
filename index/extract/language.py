"""Which language an article is in, where that is certain: by its script, or by its function words.

Hangul is Korean, kana are Japanese, Chinese characters without either are Chinese, and Cyrillic is Russian where it has
letters of Russian and none of its neighbours'. English and Spanish are told by words that only they have. Anything else
is `None`, unknown, rather than a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from index.document import Evidence, Found, Span
from index.extract.rules import any_of

SAMPLE_CHARACTERS: Final = 1200
"""How much of a text is looked at."""

MIN_SCRIPT_SHARE: Final = 0.3
"""Of all letters, for a script to be that of a text. Names and figures in Latin letters take up the rest."""

MIN_FUNCTION_WORD_SHARE: Final = 0.12
"""Of all words, for a text to be in a language. News prose has 0.25 to 0.4, headlines half of that."""

MIN_WORDS: Final = 5

_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_KANA = re.compile("[\u3041-\u30ff]")
_HAN = re.compile("[\u3400-\u9fff]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_RUSSIAN = re.compile("[ыэъёЫЭЪЁ]")
_NOT_RUSSIAN = re.compile("[іїєґўјљњћђџќѓѕѣіІЇЄҐЎЈЉЊЋЂЏ]")


@dataclass(frozen=True, slots=True)
class _FunctionWords:
    """A language by its commonest small words; those `alone` are no common words of another in Latin letters."""

    code: str
    alone: frozenset[str]
    others: frozenset[str]
    fewest_alone: int

    @property
    def in_text(self) -> re.Pattern[str]:
        return re.compile(rf"\b{any_of(sorted(self.alone))}\b", re.IGNORECASE)


_ENGLISH = _FunctionWords(
    "en",
    # "a", "in", "on" and "me" are words of other languages too.
    frozenset(("the", "of", "and", "with", "that", "for")),
    frozenset((
        "to", "was", "were", "is", "are", "has", "have", "had", "its", "it", "be", "been", "by", "from", "this",
        "which", "their", "they", "will", "would", "not", "said", "his", "her", "who", "at", "as", "after",
        "more", "than",
    )),
    fewest_alone=1,
)  # fmt: skip
_SPANISH = _FunctionWords(
    "es",
    # "de", "que", "para" and "por" are Portuguese too, "la" and "le" French, "del" and "una" Italian or Catalan.
    frozenset(("los", "las", "el", "y")),
    frozenset(
        ("de", "la", "que", "en", "del", "una", "un", "por", "con", "para", "se", "su", "al", "como", "fue", "ha")
    ),
    fewest_alone=2,
)
_BY_WORDS = tuple((language, language.in_text) for language in (_ENGLISH, _SPANISH))


def find_language(text: str) -> Found[str] | None:
    """The language of a text as an ISO 639-1 code, with the stretch of text it was told by."""
    sample = text[:SAMPLE_CHARACTERS]
    if not sample.isascii() and (found := _find_by_script(sample)) is not None:
        return found
    words = _WORD.findall(sample.lower())
    if len(words) < MIN_WORDS:
        return None
    for language, in_text in _BY_WORDS:
        alone = {word for word in words if word in language.alone}
        count = sum(word in language.alone or word in language.others for word in words)
        telling = in_text.search(sample) if len(alone) >= language.fewest_alone else None
        if telling and count >= MIN_FUNCTION_WORD_SHARE * len(words):
            return _found(language.code, "language-function-words", telling)
    return None


def _find_by_script(sample: str) -> Found[str] | None:
    letters = len(_LETTER.findall(sample))
    for code, script, count in (
        ("ko", _HANGUL, len(_HANGUL.findall(sample))),
        ("ja", _KANA, len(_KANA.findall(sample)) and len(_KANA.findall(sample)) + len(_HAN.findall(sample))),
        ("zh", _HAN, len(_HAN.findall(sample))),
    ):
        if count and count >= MIN_SCRIPT_SHARE * letters:
            return _found_in_script(code, script, sample)
    is_russian = _RUSSIAN.search(sample) and not _NOT_RUSSIAN.search(sample)
    if is_russian and len(_CYRILLIC.findall(sample)) >= MIN_SCRIPT_SHARE * letters:
        return _found_in_script("ru", _CYRILLIC, sample)
    return None


def _found_in_script(code: str, script: re.Pattern[str], sample: str) -> Found[str] | None:
    """The language with the first word in its script for evidence."""
    word = next((match for match in _WORD.finditer(sample) if script.search(match.group())), None)
    return _found(code, "language-script", word) if word else None


def _found(code: str, rule: str, word: re.Match[str]) -> Found[str]:
    return Found(code, (Evidence(rule, Span(*word.span()), word.group()),))
