"""Other spellings of a Korean word: its Chinese characters (hanja) as hangul, and the spelling of the other half.

`readings` gives what a word in hanja is in hangul: 女性 is 녀성 in the North and 여성 in the South. `other_initials`
gives a word in hangul as the other side writes it. Where a word begins with ㄹ, or with ㄴ before a vowel like ㅣ, the
South writes and says ㄴ or ㅇ (the initial sound rule, 두음법칙), the North does not.

Characters and readings are in `data/hanja.txt`, from the Unihan Database.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from functools import cache
from importlib import resources
from itertools import islice, product
from typing import TYPE_CHECKING, Final

from index.analysis import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_READINGS: Final = 8
"""Readings of one word; those of its first characters' first readings come first."""

_SOFT: Final = frozenset("\u1163\u1167\u1168\u116d\u1172\u1175")
"""The vowels ㅑ ㅕ ㅖ ㅛ ㅠ ㅣ as parts of a syllable."""

SHORTEST: Final = 2
"""Letters of a word that is respelt: one alone is in too many words."""

_RIEUL, _NIEUN, _IEUNG = "\u1105", "\u1102", "\u110b"

RARELY_MEANT: Final = frozenset("년니냥라람루")
"""Northern beginnings that are not asked for: inside words they are common and mean something else.

1990년대, 올라가다, 사람한테, 그러하니, 마루가.
"""


def readings(word: str) -> tuple[str, ...]:
    """A word in hanja, or in hanja and hangul, in hangul; none if it has no hanja, or one that is not read in Korean.

    >>> readings("金正恩"), readings("新義州市")
    (('금정은', '김정은'), ('신의주시',))
    """
    table = _readings()
    letters = [table.get(letter, letter if _is_hangul(letter) else "") for letter in fold(word)]
    if not all(letters) or all(map(_is_hangul, fold(word))):
        return ()
    found = dict.fromkeys(_initials_first(*letters))
    return tuple(islice(found, MOST_READINGS))


def _initials_first(first: str, *others: str) -> Iterator[str]:
    """Every reading of a word whose letters are read so, and with its first sound as in the South."""
    for rest in product(*others):
        for syllable in dict.fromkeys([*first, *map(southern, first)]):
            yield syllable + "".join(rest)


def other_initials(word: str) -> tuple[str, ...]:
    """A word in hangul as it begins on the other side of the border; none if that is no different.

    What begins in the South with a sound that some hanja would have in the North is taken for one of those.

    >>> other_initials("룡천"), other_initials("노동"), other_initials("여자"), other_initials("신의주")
    (('용천',), ('로동',), ('녀자', '려자'), ())
    """
    if len(word) < SHORTEST or not all(map(_is_hangul, word)):
        return ()
    first, rest = word[0], word[1:]
    if southern(first) != first:
        return (southern(first) + rest,)
    return tuple(syllable + rest for syllable in _northern().get(first, ()))


def southern(syllable: str) -> str:
    """A syllable as the South has it at the beginning of a word.

    >>> [southern(syllable) for syllable in "로력녀량나"]
    ['노', '역', '여', '양', '나']
    """
    initial, vowel, *final = tuple(unicodedata.normalize("NFD", syllable))
    if initial == _RIEUL:
        initial = _IEUNG if vowel in _SOFT else _NIEUN
    elif initial == _NIEUN and vowel in _SOFT:
        initial = _IEUNG
    return unicodedata.normalize("NFC", "".join((initial, vowel, *final)))


def _is_hangul(letter: str) -> bool:
    return "\uac00" <= letter <= "\ud7a3"


@cache
def _readings() -> Mapping[str, str]:
    """The readings of each character, a syllable each."""
    lines = resources.files("search").joinpath("data/hanja.txt").read_text("utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {character: syllables for syllables, characters in rows for character in characters}


@cache
def _northern() -> Mapping[str, tuple[str, ...]]:
    """What a word may begin with in the North, by what it begins with in the South."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for syllable in sorted(set("".join(_readings().values())) - RARELY_MEANT):
        if southern(syllable) != syllable:
            found[southern(syllable)].append(syllable)
    return {syllable: tuple(others) for syllable, others in found.items()}
