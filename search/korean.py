"""What Korean words of a question also look like in texts: without what is glued to them, and with other blanks.

Texts are indexed by pairs of letters (`index.analysis`), so a noun is found with anything behind it. In a question it
is the other way round: 신의주에서 has to find 신의주 as well, so a word is asked for `without_particle`, too. Writers
disagree about blanks, so 남한산제품 has to find 남한산 제품: `spacings`. A noun of one letter is asked for
`with_particles`.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTICLES: Final = (
    "은", "는", "이", "가", "을", "를", "의", "에", "와", "과", "도", "만", "로", "으로", "에서", "에게", "에게서",
    "께", "께서", "한테", "한테서", "부터", "까지", "처럼", "보다", "마다", "조차", "마저", "밖에", "뿐", "대로",
    "하고", "이나", "이라도", "라도", "이며", "이고", "이다", "입니다", "에는", "에도", "에만", "에서는", "에서도",
    "에서의", "으로는", "으로도", "으로부터", "로부터", "로는", "로도", "까지도", "까지는", "부터는", "와의", "과의",
    "들", "들이", "들은", "들을", "들의", "들에게", "들도",
)  # fmt: skip
"""Particles of case and topic, the plural, and what they commonly combine to."""

_DOING: Final = (
    "다", "는", "고", "며", "면서", "여", "여서", "였다", "였고", "였으며", "지만", "려", "려고", "려던", "다가", "던",
    "도록", "기", "자", "지", "겠다",
)  # fmt: skip
_ENDINGS: Final = (
    *(stem + ending for stem, ending in product(("하", "되"), _DOING)),
    "한", "할", "함", "해", "했다", "했고", "했던", "해서", "합니다", "된", "될", "됨", "돼", "됐다", "됐고", "됐던",
    "돼서", "됩니다", "한다", "된다", "한다고", "된다고", "당한", "당했다", "시킨", "시켰다",
)  # fmt: skip
"""Common forms of the verbs that make one of a noun: to do it (하다), to be done (되다)."""

WITH_ONE_LETTER: Final = (
    *"은는이가을를의에와과도만로들값뿐",
    "으로", "까지", "부터", "처럼", "보다", "한테", "마다", "밖에", "조차", "마저", "께서",
)  # fmt: skip
"""What is glued to a noun of one letter: particles and the plural, and 값, the price of something."""

_OFF_ONE_LETTER: Final = frozenset(("에서", "에게", "으로", "까지", "부터", "처럼"))
"""What is taken off a noun of one letter, too: what hardly any word of three letters ends with otherwise."""

_NUMERALS: Final = frozenset("만도과")
"""What looks like a particle and behind a digit is none: ten thousand, degrees or a province, a lesson or a section."""

LONGEST_PARTED: Final = 12
PARTED_ANYHOW: Final = 6
"""Letters of a word up to which it is parted in two; and up to which in three, too."""

SHORTEST_PART: Final = 2
"""Letters of a part: one letter is found in too many words."""

_KNOWN: Final = frozenset((*PARTICLES, *_ENDINGS))
_LONGEST: Final = max(map(len, _KNOWN))
_NOUN: Final = re.compile(r".*(?:[가-힣]{2}|[A-Za-z0-9\u4e00-\u9fff][가-힣]?)")
_RUN: Final = re.compile(r"[가-힣]+")
_LONE: Final = re.compile(r"(?:.*[^가-힣])?([가-힣])", re.DOTALL)


def without_particle(word: str) -> str | None:
    """The word without the particle at its end, or the ending that makes a verb of it.

    None if it has none, or too little would be left to be a noun. The longest ending is taken off, but two letters
    stay, or one before what is a particle for sure. A letter that only looks like a particle (지하도) is taken off as
    well, so ask for both.

    >>> without_particle("신의주에서"), without_particle("제품을"), without_particle("가을"), without_particle("MSS는")
    ('신의주', '제품', None, 'MSS')
    >>> without_particle("체포된"), without_particle("新義州에서"), without_particle("27일에")
    ('체포', '新義州', '27일')
    """
    for length in range(min(len(word) - 1, _LONGEST), 0, -1):
        noun, end = word[:-length], word[-length:]
        if end in _KNOWN and _may_lose(noun, end):
            return noun
    return None


def _may_lose(noun: str, end: str) -> bool:
    if noun[-1].isdigit():
        return end not in _NUMERALS
    return bool(_NOUN.fullmatch(noun)) or (len(noun) == 1 and end in _OFF_ONE_LETTER)


def lone_syllable(text: str) -> str | None:
    """The syllable that ends a text, if it follows no other.

    >>> lone_syllable("쌀"), lone_syllable("2020년"), lone_syllable("쌀값")
    ('쌀', '년', None)
    """
    match = _LONE.fullmatch(text)
    return match[1] if match else None


def with_particles(syllable: str) -> tuple[str, ...]:
    """A noun of one syllable, or a counter of one, with whatever is commonly glued to it.

    >>> with_particles("쌀")[:3]
    ('쌀은', '쌀는', '쌀이')
    """
    return tuple(syllable + particle for particle in WITH_ONE_LETTER)


def spacings(text: str) -> tuple[str, ...]:
    """A name or word, and the same with blanks elsewhere: 남한산 제품 for 남한산제품, and the other way round.

    A word of hangul alone is parted wherever both parts have two letters, one of up to six letters into three as well.

    >>> spacings("남한산제품"), spacings("남한산 제품"), spacings("시장"), spacings("109상무")
    (('남한산제품', '남한 산제품', '남한산 제품'), ('남한산 제품', '남한산제품'), ('시장',), ('109상무',))
    """
    words = text.split()
    if not all(map(_RUN.fullmatch, words)):
        return (text,)
    if len(words) > 1:
        return (text, "".join(words))
    return (text, *_parted(text)) if len(text) <= LONGEST_PARTED else (text,)


def _parted(word: str) -> Iterator[str]:
    for at in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
        yield f"{word[:at]} {word[at:]}"
        if len(word) <= PARTED_ANYHOW:
            yield from (f"{word[:at]} {rest}" for rest in _parted(word[at:]))
