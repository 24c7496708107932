"""Places named in one breath: "North and South Phyongan and Hamgyong provinces", "Mts. Paektu, Kumgang and Chilbo".

So are both halves of a Korean province (평안남북도, 평안남도와 북도). What such names share is written once, so no
name of the gazetteer stands there whole. `SharedWords.find` spells them out: every word before with every word after,
as far as the gazetteer knows them all. Each place found so stands in the text as the whole expression.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.analysis import fold
from index.extract.rules import any_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.gazetteer import Gazetteer

DIRECTIONS: Final = {
    "north": "north", "northern": "north", "n": "north", "south": "south", "southern": "south", "s": "south",
}  # fmt: skip
"""The compass point that a word before a name stands for."""

_HEADS: Final = {**DIRECTIONS, "mts": "mount", "mounts": "mount", "mountains": "mount", "rivers": "river"}
_HINTS = ("orth", "outh", "N.", "S.", "Mts", "Mount", "Rivers")
_DIRECTION = r"(?:[Nn]orth(?:ern)?|[Ss]outh(?:ern)?|N\.|S\.)"
_NAME = rf"(?!{_DIRECTION} )[A-ZÀ-ÞŎŬ][\w'’-]{{2,}}"
_AND = r"(?:, (?:and )?| and | or )"
_EXPRESSION = re.compile(
    rf"\b(?P<heads>{_DIRECTION}(?:{_AND}{_DIRECTION})?|Mts\.?|Mounts|Mountains|Rivers)"
    rf" (?P<names>{_NAME}(?:{_AND}{_NAME})*)"
)
_WORD = re.compile(r"[^\W\d_]+")
_PROVINCES = re.compile(r" [Pp]rovinces\b")
_NAMES = re.compile(_NAME)
_KOREAN_HALF = re.compile("([가-힣]{2,4})([남북])도")


@dataclass(frozen=True, slots=True)
class Expression:
    """`text[start:end]` names all of `places`, ids in the order written; each entry holds those one name may mean."""

    start: int
    end: int
    places: tuple[tuple[str, ...], ...]


class SharedWords:
    """The names of a gazetteer that begin with a compass point or "Mount", or end with "River", by the rest of them."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.by_head: dict[str, dict[str, set[str]]] = {head: defaultdict(set) for head in set(_HEADS.values())}
        for place in gazetteer.places.values():
            for name in map(fold, (place.name, *place.names)):
                first, _, rest = name.partition(" ")
                if first in ("north", "south", "mount") and rest and " " not in rest:
                    self.by_head[first][rest].add(place.id)
                if rest == "river":
                    self.by_head["river"][first].add(place.id)
        self._halves = _korean_halves(gazetteer)
        whole = [stem for stem, half in self._halves if half == "남" and (stem, "북") in self._halves]
        self._korean = re.compile(
            rf"(?<![가-힣])(?P<stem>{any_of(whole) if whole else '(?!)'})(?P<one>[남북])"
            r"(?:도?(?: ?[·ㆍ・‧,/] ?|와 |과 | 및 )|(?=[남북]도))(?!(?P=one))(?P<other>[남북])도"
        )

    def find(self, text: str) -> Iterator[Expression]:
        """Every expression that names more than one known place."""
        yield from self._find_korean(text)
        if not any(hint in text for hint in _HINTS):
            return
        for match in _EXPRESSION.finditer(text):
            heads = [_HEADS[word.lower()] for word in _WORD.findall(match["heads"]) if word.lower() in _HEADS]
            end, places = match.start("names"), []
            for name in _NAMES.finditer(text, *match.span("names")):
                found = [tuple(self.by_head[head].get(fold(name.group()), ())) for head in heads]
                if not all(found):
                    break
                places += found
                end = name.end()
            # "South Korea and Africa": one compass point is for all names only where their kind is ("provinces").
            if len(places) > 1 and (len(heads) > 1 or heads[0] not in DIRECTIONS or _PROVINCES.match(text, end)):
                yield Expression(match.start(), end, tuple(places))

    def _find_korean(self, text: str) -> Iterator[Expression]:
        if "북" not in text:
            return
        for match in self._korean.finditer(text):
            places = tuple(self._halves[match["stem"], match[half]] for half in ("one", "other"))
            yield Expression(match.start(), match.end(), places)


def _korean_halves(gazetteer: Gazetteer) -> dict[tuple[str, str], tuple[str, ...]]:
    """The ids of the provinces that are the southern or northern half of one, by its name and the half."""
    halves: dict[tuple[str, str], tuple[str, ...]] = {}
    for place in gazetteer.places.values():
        for match in filter(None, map(_KOREAN_HALF.fullmatch, place.names)):
            key = (match[1], match[2])
            halves[key] = tuple(dict.fromkeys((*halves.get(key, ()), place.id)))
    return halves
