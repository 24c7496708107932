"""Finding the names of places in running text, before anyone asks what the places are to the article.

`NameFinder.find` gives every name as a `Mention`: where it stands and which places it may mean (several when they
share it, none when the words only look like a place: an adjective, a publisher). The longest name wins; names end
where words end. It works on a folded copy of the text, character for character as long as the text, so offsets need
no translation: case and diacritics go, punctuation becomes blank. What folding took is checked on the text itself:
capitals, full stops.

A misspelt whole name ("North Pyongyan") is told by its frame, the words that say it is a place: a compass point
before it or "Province", "City" after it. If it is as near to another name, it is neither.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import ahocorasick

from index.analysis import fold
from index.errors import DataFileError
from index.extract.coordination import DIRECTIONS, SharedWords

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.gazetteer import Gazetteer


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: `text[start:end]`. `places` are the ids it may mean; none for words that bar a place.

    `end` takes in the word for the kind of place ("Province"), `name_end` does not. `weak` names need company.
    `adjective_of` is the place whose adjective the words are.
    """

    start: int
    end: int
    name_end: int
    places: tuple[str, ...]
    weak: bool = False
    misspelt: bool = False
    adjective_of: tuple[str, ...] = ()

    def has_words_of(self, other: Mention) -> bool:
        """Whether both are named by the same words: "North and South Hwanghae"."""
        return (self.start, self.end) == (other.start, other.end) and self.places != other.places


@dataclass(slots=True)
class _Entry:
    """What the automaton holds of a spelling. `before` and `after`: whether a blank stands there in the key."""

    spelling: str
    length: int
    before: bool
    after: bool
    places: tuple[str, ...] = ()
    weak: bool = True
    adjective_of: tuple[str, ...] = ()


class _Folding(dict[int, str]):
    """For `str.translate`: the one character that each is compared as; blank for all but letters and digits."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = fold(character)
        if len(folded) != 1:
            folded = character
        self[code] = folded if folded.isalnum() else " "
        return self[code]


_FOLDING = _Folding()
_HANGUL = re.compile("[\uac00-\ud7a3]")
_HANJA = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_CAPITALS_LONGEST: Final = 5
_ABBREVIATION_LONGEST: Final = 2
_LONG_NAME: Final = 8
_GUESSES_KEPT: Final = 20_000
_SMALL_WORDS = frozenset(("of", "the", "and", "in", "de", "la", "north", "south", "east", "west"))
_BREAKS = re.compile(r"[,;:!?()\[\]“”\"…/]|\n\s*\n")
_WORD = re.compile(r"[^\W_][\w'’ʼ]*")
_KIND = re.compile(
    r"(?:-(?:si|gun|do|up|guyok)\b"
    r"| (?:[Pp]rovinces?|[Cc]ity|[Cc]ities|[Cc]ount(?:y|ies)|[Dd]istricts?|[Pp]refecture|[Ss]pecial [Cc]ity"
    r"|Municipality|Autonomous (?:Prefecture|County|Region))\b)"
)
_KIND_HANGUL = re.compile("(?:특별시|직할시|광역시|시|군|구역|도(?=[^\uac00-\ud7a3]|당|내|민|에|의|는|가|를|와|로|$))")
_KIND_HANJA = re.compile("[省市道縣县郡]")
_PARTICLE = (
    "에서는|에서도|에서|에는|에도|에게|에|의|은|는|이|가|을|를|와|과|로|으로|도|까지|부터|보다|처럼|만|발|행|내|측|당국|주민|"
    "시장|지역|소식통|출신|역|인근|사람|현지|시내|외곽|방면|당|등|및"
)
_HANGUL_END = re.compile(f"(?=[^\uac00-\ud7a3]|$|(?:{_PARTICLE}))")
_FRAMED = re.compile(
    r"\b(?P<direction>North(?:ern)?|South(?:ern)?|N\.|S\.) (?P<rest>[A-Z][\w'’-]{5,})(?P<kind> Province\b)?"
    r"|\b(?P<name>[A-Z][\w'’-]{5,}) (?P<of>Province|City|Prefecture)\b"
)
# What a frame may correct, by kind and by country. Counties are left out: theirs are a letter apart (Kangjin, Jangjin),
# and so are the cities of China (Yangzhou, Hangzhou).
_KINDS = {
    "Province": (("province",), ("kp", "kr", "cn")),
    "Prefecture": (("province",), ("kp", "kr", "cn")),
    "City": (("city", "special city"), ("kp",)),
}
_SHORTEST_CORRECTED: Final = 7


class NameFinder:
    """Finds the names of a gazetteer's places. `barred` are words that hold a place's name but mean something else."""

    def __init__(self, gazetteer: Gazetteer, barred: Iterable[str]) -> None:
        entries = _entries(gazetteer, barred)
        self._automaton = ahocorasick.Automaton()
        for key, entry in entries.items():
            self._automaton.add_word(key, entry)
        self._automaton.make_automaton()
        self._shared = SharedWords(gazetteer)
        self._framed = {**self._shared.by_head, **_framed_names(gazetteer)}
        self._guesses: dict[tuple[str, str, int], tuple[str, ...] | None] = {}

    def find(self, text: str) -> list[Mention]:
        """Every mention in the text, in order. None overlap, but for places named in one breath, which stand as one."""
        found = [mention for mention in self._exact(text) if mention is not None]
        found += self._misspelt(text, found)
        found += self._coordinated(text)
        found.sort(key=lambda mention: (mention.start, -mention.end))
        kept: list[Mention] = []
        for mention in found:
            if not kept or mention.start >= kept[-1].end or mention.has_words_of(kept[-1]):
                kept.append(mention)
        return kept

    def _coordinated(self, text: str) -> Iterable[Mention]:
        for expression in self._shared.find(text):
            kind = _KIND.match(text, expression.end)
            end = kind.end() if kind else expression.end
            for places in expression.places:
                yield Mention(expression.start, end, expression.end, places)

    def _exact(self, text: str) -> Iterable[Mention | None]:
        folded = f" {text} ".translate(_FOLDING)
        for last, entry in self._automaton.iter(folded):
            end = last - entry.after  # `last` counts from the blank put before the text: it is one past the key's end
            mention = _latin_mention if entry.after else _hangul_mention if entry.before else _hanja_mention
            yield mention(text, end - entry.length, end, entry)

    def _misspelt(self, text: str, exact: Sequence[Mention]) -> list[Mention]:
        known = {mention.start for mention in exact if mention.places or mention.adjective_of}
        found = []
        for match in _FRAMED.finditer(text):
            if match.start() in known:
                continue
            places = self._guess(match)
            if places is not None:
                name_end = match.end("rest") if match["rest"] else match.end("name")
                found.append(Mention(match.start(), match.end(), name_end, places, misspelt=True))
        return found

    def _guess(self, match: re.Match[str]) -> tuple[str, ...] | None:
        """The place a framed name comes nearest to; `()` if it is between two; `None` if it is like none."""
        direction = DIRECTIONS.get((match["direction"] or "").lower().rstrip("."), "")
        frame = direction or match["of"]
        name = match["rest"] or match["name"]
        is_sure = bool(match["kind"] or match["of"])
        key = (frame, name, is_sure)
        if len(self._guesses) > _GUESSES_KEPT:
            self._guesses.clear()
        if key not in self._guesses:
            self._guesses[key] = _nearest(
                fold(name), self._framed[frame], allowed=2 if is_sure and len(name) >= _LONG_NAME else 1
            )
        guess = self._guesses[key]
        if guess is None and direction and _nearest(fold(name), self._framed[frame], allowed=2) is not None:
            return ()
        return guess


def _entries(gazetteer: Gazetteer, barred: Iterable[str]) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}

    def entry(spelling: str) -> _Entry:
        new = _entry(spelling)
        return entries.setdefault(_key(new), new)

    for place in gazetteer.places.values():
        for spelling in (place.name, *place.names):
            named = entry(spelling)
            named.places = tuple(dict.fromkeys((*named.places, place.id)))
            named.weak = named.weak and spelling in place.weak
        for adjective in place.adjectives:
            for form in (adjective, f"{adjective}s"):
                of = entry(form)
                of.adjective_of = tuple(dict.fromkeys((*of.adjective_of, place.id)))
    for words in barred:
        new = _entry(words)
        entries.setdefault(_key(new), new)
    return entries


def _entry(spelling: str) -> _Entry:
    """A spelling with the blanks it needs around it: none after hangul, where particles follow, none about hanja."""
    length = len(spelling.translate(_FOLDING).strip())
    if not length:
        raise DataFileError("places", spelling, "this spelling holds no letter or digit")
    is_hanja = _HANJA.match(spelling) is not None
    return _Entry(spelling, length, before=not is_hanja, after=not is_hanja and not _HANGUL.match(spelling))


def _key(entry: _Entry) -> str:
    """A spelling as it stands in a folded text."""
    return " " * entry.before + entry.spelling.translate(_FOLDING).strip() + " " * entry.after


def _latin_mention(text: str, start: int, end: int, entry: _Entry) -> Mention | None:
    """A name in a script with blanks between words, if its capitals and its inner punctuation are right."""
    words = text[start:end]
    if _BREAKS.search(words) or ("." in words and "." not in entry.spelling):
        return None
    if not _is_capitalised(text, start, end, words, entry.spelling):
        return None
    if entry.spelling.endswith("."):
        if text.startswith(".", end):
            end += 1
        elif len(words) <= _ABBREVIATION_LONGEST and "." not in words and not _stands_between_commas(text, start, end):
            return None
    kind = _KIND.match(text, end) if entry.places else None
    stop = kind.end() if kind else end
    return Mention(start, stop, end, entry.places, entry.weak and kind is None, adjective_of=entry.adjective_of)


def _stands_between_commas(text: str, start: int, end: int) -> bool:
    """Whether a state stands after its town: "SALEM, Va, April 8"."""
    return text.startswith(",", end) and text.endswith(", ", 0, start)


def _is_capitalised(text: str, start: int, end: int, words: str, spelling: str) -> bool:
    """Whether the words have the capitals of a name: where the spelling has them, or may be written small there."""
    if spelling.isupper() and len(spelling) <= _CAPITALS_LONGEST and "." not in spelling:
        return words.isupper() and not (words == "US" and _stands_in_capitals(text, start, end))
    if words.isalpha():
        return not words[0].islower()
    pairs = list(zip(_WORD.findall(words), _WORD.findall(spelling), strict=False))
    small = [word for word, spelt in pairs if word[0].islower() and not spelt[0].islower()]
    return len(small) < len(pairs) and all(word in _SMALL_WORDS for word in small) and _has_capital(words)


def _has_capital(words: str) -> bool:
    return words.lower() != words or not words.upper().isupper()


def _stands_in_capitals(text: str, start: int, end: int) -> bool:
    """Whether the words around are in capitals too, as in some headlines, where US may be a pronoun."""
    around = text[max(0, start - 15) : start] + text[end : end + 15]
    return around.isupper()


def _hangul_mention(text: str, start: int, end: int, entry: _Entry) -> Mention | None:
    """A Korean name, if what follows is a particle, a kind of place or no hangul."""
    kind = _KIND_HANGUL.match(text, end)
    stop = kind.end() if kind else end
    if not _HANGUL_END.match(text, stop):
        kind, stop = None, end
        if not _HANGUL_END.match(text, stop):
            return None
    return Mention(start, stop, end, entry.places, entry.weak and kind is None, adjective_of=entry.adjective_of)


def _hanja_mention(text: str, start: int, end: int, entry: _Entry) -> Mention:
    """A name in Chinese characters, which know no blanks."""
    kind = _KIND_HANJA.match(text, end)
    return Mention(start, kind.end() if kind else end, end, entry.places, entry.weak and kind is None)


def _framed_names(gazetteer: Gazetteer) -> dict[str, dict[str, set[str]]]:
    """Names by the kind of place that may stand after them."""
    framed: dict[str, dict[str, set[str]]] = {frame: defaultdict(set) for frame in _KINDS}
    for place in gazetteer.places.values():
        for name in map(fold, (place.name, *place.names)):
            for frame, (kinds, countries) in _KINDS.items():
                if place.kind in kinds and place.id.split("-")[0] in countries and _is_correctable(name):
                    framed[frame][name].add(place.id)
    return framed


def _is_correctable(name: str) -> bool:
    return name.isascii() and " " not in name and len(name) >= _SHORTEST_CORRECTED


def _nearest(name: str, names: dict[str, set[str]], *, allowed: int) -> tuple[str, ...] | None:
    """The places of the nearest names within `allowed` edits: `()` if they are several, `None` if there is none."""
    best: set[str] = set()
    for other, places in names.items():
        distance = _edits(name, other, allowed)
        if distance < allowed:
            allowed, best = distance, set(places)
        elif distance == allowed:
            best |= places
    if not best:
        return None
    return tuple(best) if len(best) == 1 else ()


def _edits(one: str, other: str, most: int) -> int:
    """The Levenshtein distance, or `most + 1` where it is larger."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for index, character in enumerate(one, start=1):
        above, row = row, [index]
        for column, candidate in enumerate(other, start=1):
            row.append(min(above[column] + 1, row[-1] + 1, above[column - 1] + (character != candidate)))
    return min(row[-1], most + 1)
