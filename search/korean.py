"""Korean particles: what is glued to a noun and is no part of it.

Texts are indexed by pairs of letters (`index.analysis`), so a noun is found with any particle behind it. In a question
it is the other way round: 신의주에서 has to find 신의주 as well, so the word is asked for without its particle, too.
"""

from __future__ import annotations

import re
from typing import Final

PARTICLES: Final = (
    "은", "는", "이", "가", "을", "를", "의", "에", "와", "과", "도", "만", "로", "으로", "에서", "에게", "에게서",
    "께", "께서", "한테", "한테서", "부터", "까지", "처럼", "보다", "마다", "조차", "마저", "밖에", "뿐", "대로",
    "하고", "이나", "이라도", "라도", "이며", "이고", "이다", "입니다", "에는", "에도", "에만", "에서는", "에서도",
    "에서의", "으로는", "으로도", "으로부터", "로부터", "로는", "로도", "까지도", "까지는", "부터는", "와의", "과의",
    "들", "들이", "들은", "들을", "들의", "들에게", "들도",
)  # fmt: skip
"""Particles of case and topic, the plural, and what they commonly combine to."""

_KNOWN: Final = frozenset(PARTICLES)
_LONGEST: Final = max(map(len, PARTICLES))
_NOUN: Final = re.compile(r".*(?:[가-힣]{2}|[A-Za-z0-9])")


def without_particle(word: str) -> str | None:
    """The word without the particle at its end; None if it has none, or too little would be left to be a noun.

    The longest particle is taken off, but two letters of hangul stay. A letter that only looks like a particle (지하도)
    is taken off as well, so ask for both.

    >>> without_particle("신의주에서"), without_particle("제품을"), without_particle("가을"), without_particle("MSS는")
    ('신의주', '제품', None, 'MSS')
    """
    for length in range(min(len(word) - 1, _LONGEST), 0, -1):
        if word[-length:] in _KNOWN and _NOUN.fullmatch(word[:-length]):
            return word[:-length]
    return None
