"""Hangul as it is typed: syllables as the keys they are made of, and by their initial consonants.

While somebody types 신의주, the box holds 신, 신ㅇ, 신으, 신의, 신읮, 신의주: the syllable that is being composed
changes under their hands, and takes the next one's consonant for its own. The keys only ever grow. So `keystrokes` is
what a beginning is looked for in; `initials` is for those who type nothing but what syllables begin with (ㅅㅇㅈ).
"""

from __future__ import annotations

import unicodedata
from typing import Final

_INITIALS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS: Final = "ㅏ ㅐ ㅑ ㅒ ㅓ ㅔ ㅕ ㅖ ㅗ ㅗㅏ ㅗㅐ ㅗㅣ ㅛ ㅜ ㅜㅓ ㅜㅔ ㅜㅣ ㅠ ㅡ ㅡㅣ ㅣ"
_FINALS: Final = (
    "ㄱ ㄲ ㄱㅅ ㄴ ㄴㅈ ㄴㅎ ㄷ ㄹ ㄹㄱ ㄹㅁ ㄹㅂ ㄹㅅ ㄹㅌ ㄹㅍ ㄹㅎ ㅁ ㅂ ㅂㅅ ㅅ ㅆ ㅇ ㅈ ㅊ ㅋ ㅌ ㅍ ㅎ"
)
"""In the order of Unicode (The Unicode Standard, 3.12). Vowels and finals of two keys are typed as two."""

_FIRST_SYLLABLE, _LAST_SYLLABLE = "\uac00", "\ud7a3"
_SYLLABLES_AN_INITIAL: Final = 588
_SYLLABLES_A_VOWEL: Final = 28
_KEYS: Final = (
    {0x1100 + number: keys for number, keys in enumerate(_INITIALS)}
    | {0x1161 + number: keys for number, keys in enumerate(_VOWELS.split())}
    | {0x11A8 + number: keys for number, keys in enumerate(_FINALS.split())}
)


def keystrokes(word: str) -> str:
    """A folded word with the keys of each syllable instead of it, on the usual Korean keyboard.

    >>> keystrokes("신의주"), keystrokes("신읮"), keystrokes("dprk")
    ('ㅅㅣㄴㅇㅡㅣㅈㅜ', 'ㅅㅣㄴㅇㅡㅣㅈ', 'dprk')
    """
    return word if word.isascii() else unicodedata.normalize("NFKD", word).translate(_KEYS)


def is_syllable(letter: str) -> bool:
    """Whether a letter is a whole syllable of hangul."""
    return _FIRST_SYLLABLE <= letter <= _LAST_SYLLABLE


def is_lone(letter: str) -> bool:
    """Whether a letter is a part of a syllable, not a whole one: a consonant or a vowel by itself."""
    return "\u1100" <= letter <= "\u11ff" or "\u3131" <= letter <= "\u318e" or "\uffa0" <= letter <= "\uffdc"


def initial(letter: str) -> str:
    """The consonant that a syllable begins with; another letter is its own.

    >>> initial("신"), initial("x")
    ('ㅅ', 'x')
    """
    return _INITIALS[(ord(letter) - ord(_FIRST_SYLLABLE)) // _SYLLABLES_AN_INITIAL] if is_syllable(letter) else letter


def initials(word: str) -> str:
    """The initial consonants of a word's syllables, other letters as they are.

    >>> initials("신의주"), initials("신의주1")
    ('ㅅㅇㅈ', 'ㅅㅇㅈ1')
    """
    return "".join(map(initial, word))


def syllables(word: str) -> tuple[str, ...] | None:
    """A folded word letter by letter, lone consonants as such; None if it has no lone consonant.

    Keyboards put two consonants that may end a syllable into one letter (ㄳ), which is two here.

    >>> syllables("ㅅㅇㅈ"), syllables("신ㅇㅈ"), syllables("ㄳ"), syllables("신의주")
    (('ㅅ', 'ㅇ', 'ㅈ'), ('신', 'ㅇ', 'ㅈ'), ('ㄱ', 'ㅅ'), None)
    """
    if word.isascii():
        return None
    letters = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", word)).translate(_KEYS)
    return tuple(letters) if any(letter in _INITIALS for letter in letters) else None


def without_final(syllable: str) -> str | None:
    """A syllable without the consonants at its end; None for one that has none, and for any other letter.

    >>> without_final("읮"), without_final("의")
    ('의', None)
    """
    final = (ord(syllable) - ord(_FIRST_SYLLABLE)) % _SYLLABLES_A_VOWEL if is_syllable(syllable) else 0
    return chr(ord(syllable) - final) if final else None
