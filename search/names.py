"""Names of values, found as they are typed: places, topics, sources, languages.

`Names` holds the values of one keyword field that any article of a generation has. `find` gives those that go by a name
like the text, the likeliest first, with their counts; `like` gives all of them, to keep of a facet what is `Likeness`
to it. Every word typed must begin a word of the same `Spelling`, in any order; hangul may be half composed or initial
consonants alone, and within a run of hangul, kana or Chinese characters two letters are found anywhere. Only if nothing
is named so, a slip in a word is forgiven; what is the name of a place that no article has is no slip for another.
`Spellings` is the index behind it. Nothing of the generation is kept open.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from operator import itemgetter
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

from index.analysis import fold, goes_by_pairs, word_offsets
from search.keystrokes import initial, initials, is_syllable, keystrokes, syllables
from search.spelling import ONE_EDIT_FROM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from index.document import Label
    from index.gazetteer import Gazetteer

T = TypeVar("T")

MOST_FORGIVEN: Final = 4
"""Words of one text in which slips are looked for."""

_LAST_LETTER: Final = "\U0010ffff"


class Forgiven(Enum):
    """Which slips are: none; one in each word but in its first letter; one anywhere. A slip is one edit of a letter."""

    NOTHING = None
    BUT_FIRST = 1
    ANY = 0


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A value of the archive: its id, what to call it, how many articles have it."""

    id: str
    text: str
    count: int


@dataclass(frozen=True, slots=True)
class TypedWord:
    """A word as typed: its keys, and letter by letter if there are lone consonants among them."""

    text: str
    keys: str
    syllables: tuple[str, ...] | None

    @property
    def is_found_inside(self) -> bool:
        """Whether it is enough to be looked for inside words."""
        return len(self.text) > 1 and goes_by_pairs(self.text)

    @property
    def may_have_a_slip(self) -> bool:
        """Whether it may be misspelt: words of few letters and those with digits mean what they say."""
        return len(self.keys) >= ONE_EDIT_FROM and self.syllables is None and not any(map(str.isdigit, self.keys))


def typed_words(text: str) -> tuple[TypedWord, ...]:
    """The words of a text, each once."""
    return tuple(TypedWord(word, keystrokes(word), syllables(word)) for word in dict.fromkeys(_words(text)))


def _words(text: str) -> list[str]:
    """Folded words. An apostrophe in one makes no difference: P’yongyang, Pyongyang."""
    return [fold(text[start:end]).replace("'", "") for start, end in word_offsets(text)]


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """One way to write the name of a value, which is given by its id. `words` are folded.

    One that `is_path` says after the name what the value lies in, so it is found only by how it begins.
    """

    value: str
    written: str
    words: tuple[str, ...]
    is_usual: bool = True
    is_path: bool = False

    @classmethod
    def of(cls, value: str, written: str, *, is_usual: bool = True, is_path: bool = False) -> Spelling:
        """A value's name as written."""
        return cls(value, written, tuple(_words(written)), is_usual, is_path)


Fit: TypeAlias = tuple[int, int]
"""How a word fits a spelling, the better the smaller: slips, and 0 if it begins the name, or 1."""


class _Beginnings(Generic[T]):
    """Things by their keys, to be found by how keys begin. Sorted keys are a trie that needs no nodes."""

    def __init__(self, pairs: Iterable[tuple[str, T]]) -> None:
        ordered = sorted(pairs, key=itemgetter(0))
        self._keys = [key for key, _ in ordered]
        self._things = [thing for _, thing in ordered]

    def starting(self, beginning: str) -> list[T]:
        """The things whose key begins so, in the order of keys."""
        end = bisect_left(self._keys, beginning + _LAST_LETTER)
        return self._things[bisect_left(self._keys, beginning) : end]

    def near(self, beginning: str, first: int) -> Iterator[str]:
        """What one edit, not before letter `first`, makes of a beginning; of letters put in, those that keys have."""
        for at in range(first, len(beginning)):
            before, after = beginning[:at], beginning[at:]
            yield before + after[1:]
            if len(after) > 1:
                yield before + after[1] + after[0] + after[2:]
            for letter in self._letters_after(before):
                yield before + letter + after
                yield before + letter + after[1:]

    def _letters_after(self, before: str) -> Iterator[str]:
        """The letters that follow in keys that begin so; digits are no slip for a letter."""
        at = bisect_left(self._keys, before + "\0")
        while at < len(self._keys) and self._keys[at].startswith(before):
            letter = self._keys[at][len(before)]
            if not letter.isdigit():
                yield letter
            at = bisect_left(self._keys, before + letter + _LAST_LETTER)


class Spellings:
    """An index of spellings by their words. Immutable."""

    def __init__(self, spellings: Iterable[Spelling]) -> None:
        words = [(word, spelling, min(at, 1)) for spelling in spellings for at, word in enumerate(spelling.words)]
        self._begun = _Beginnings((keystrokes(word), (spelling, at)) for word, spelling, at in words)
        self._inside = _Beginnings((keys, spelling) for word, spelling, _ in words for keys in _ends(word))
        self._by_initials = _Beginnings(
            (initials(word), (word, spelling, at)) for word, spelling, at in words if any(map(is_syllable, word))
        )

    def like(self, word: TypedWord, forgiven: Forgiven) -> dict[Spelling, Fit]:
        """The spellings with a word that begins so, or that does but for a slip, each with its best fit."""
        found: dict[Spelling, Fit] = {}
        for spelling, fit in self._fits(word, forgiven):
            if fit < found.get(spelling, (2, 0)):
                found[spelling] = fit
        return found

    def _fits(self, word: TypedWord, forgiven: Forgiven) -> Iterator[tuple[Spelling, Fit]]:
        for spelling, at in self._begun.starting(word.keys):
            yield spelling, (0, at)
        if word.is_found_inside:
            for spelling in self._inside.starting(word.keys):
                yield spelling, (0, 1)
        if word.syllables is not None:
            yield from self._abbreviated(word.syllables)
        if forgiven.value is not None and word.may_have_a_slip:
            for beginning in set(self._begun.near(word.keys, forgiven.value)):
                for spelling, at in self._begun.starting(beginning):
                    yield spelling, (1, at)

    def _abbreviated(self, letters: tuple[str, ...]) -> Iterator[tuple[Spelling, Fit]]:
        """The spellings with a word that begins with these syllables, a lone consonant standing for any with it."""
        for word, spelling, at in self._by_initials.starting("".join(map(initial, letters))):
            if all(letter in {whole, initial(whole)} for letter, whole in zip(letters, word, strict=False)):
                yield spelling, (0, at)


def _ends(word: str) -> Iterator[str]:
    """The keys of a word from each letter on that goes by pairs, but for the first and the last."""
    for at in range(1, len(word) - 1):
        if goes_by_pairs(word[at]):
            yield keystrokes(word[at:])


class PlaceNames:
    """Every spelling of every place of a gazetteer. Made once; generations share it."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self._usual = {place.id: Spelling.of(place.id, place.name) for place in gazetteer.places.values()}
        others = [
            Spelling.of(place.id, name, is_usual=False)
            for place in gazetteer.places.values()
            for name in dict.fromkeys(place.names)
            if name != place.name
        ]
        self.spellings = Spellings([*self._usual.values(), *others])

    def named(self, text: str) -> tuple[Spelling, ...]:
        """The places that go by the whole of a text as `Gazetteer.find` reads it: with their kind, by their path."""
        return tuple(self._usual[place.id] for place in self.gazetteer.find(text))

    def has(self, value: str, name: str) -> bool:
        """Whether a place is known by a name."""
        place = self.gazetteer.places.get(value)
        return place is not None and name in {place.name, *place.names}


@dataclass(frozen=True, slots=True)
class Likeness:
    """What is like a text: ids of values, and which words those are that it was typed with, slips and all."""

    values: frozenset[str]
    words: tuple[TypedWord, ...]
    forgiven: Forgiven

    def places(self, name: str) -> list[tuple[int, int]]:
        """Where words of a name stand, as (start, end), that are like one of those typed."""
        of_word = {Spelling.of("", name[start:end]): (start, end) for start, end in word_offsets(name)}
        spellings = Spellings(of_word)
        return sorted({of_word[found] for word in self.words for found in _best(spellings.like(word, self.forgiven))})


def _best(found: Mapping[Spelling, Fit]) -> list[Spelling]:
    """Those with the fewest slips."""
    fewest = min((slips for slips, _ in found.values()), default=0)
    return [spelling for spelling, (slips, _) in found.items() if slips == fewest]


class Names:
    """The values of one keyword field that any article has, by name. Immutable.

    `labels` are their paths, `counts` articles by value (none is 0), `places` the other names that places go by.
    """

    def __init__(
        self, counts: Mapping[str, int], labels: Mapping[str, tuple[Label, ...]], places: PlaceNames | None = None
    ) -> None:
        called = Counter(path[-1].name for path in labels.values())
        self._values = {
            value: NamedValue(value, _called(path, called), counts.get(value, 0)) for value, path in labels.items()
        }
        self._places = places
        own = Spellings(
            Spelling.of(value, name, is_path=name != path[-1].name)
            for value, path in labels.items()
            for name in dict.fromkeys((path[-1].name, self._values[value].text))
            if places is None or not places.has(value, name)
        )
        self._spellings = (own, places.spellings) if places else (own,)

    def find(self, text: str, limit: int, *, forgiving: bool = True) -> tuple[NamedValue, ...]:
        """At most `limit` values that have articles and whose name has these words, each perhaps unfinished.

        If there are none, those whose name has them but for slips, unless that is not to be forgiven.
        Those named exactly so come first; then those whose usual name begins so, then those with another name that
        does, or with the words inside their usual name; of equals those with more articles.
        """
        typed = tuple(_words(text))
        fits, forgiven = self._fits(typed_words(text), text)
        if not forgiving and forgiven is not Forgiven.NOTHING:
            return ()

        def rank(spelling: Spelling) -> tuple[bool, int, int, str, bool]:
            inside = fits[spelling][1] + (not spelling.is_usual)
            return (
                spelling.words != typed,
                inside,
                -self._values[spelling.value].count,
                spelling.value,
                not spelling.is_usual,
            )

        best: dict[str, Spelling] = {}
        for spelling in sorted(fits, key=rank):
            if self._values[spelling.value].count and (spelling.is_usual or spelling.value not in best):
                best[spelling.value] = spelling
        return tuple(map(self._said, list(best.values())[:limit]))

    def like(self, text: str) -> Likeness:
        """Every value whose name has these words; all values if there are none."""
        words = typed_words(text)
        fits, forgiven = self._fits(words, text)
        values = frozenset(spelling.value for spelling in fits) if words else frozenset(self._values)
        return Likeness(values, words, forgiven)

    def _fits(self, words: Sequence[TypedWord], text: str) -> tuple[dict[Spelling, Fit], Forgiven]:
        """The spellings with all words that values have; slips only if no name that is known has the words."""
        named = self._places.named(text) if self._places else ()
        for forgiven in Forgiven if len(words) <= MOST_FORGIVEN else (Forgiven.NOTHING,):
            fits = self._with_all(words, forgiven)
            found = {spelling.value for spelling in fits}
            fits |= {spelling: (0, 0) for spelling in named if spelling.value not in found}
            if fits:
                best = {spelling: fits[spelling] for spelling in _best(fits) if spelling.value in self._values}
                return best, forgiven
        return {}, Forgiven.NOTHING

    def _with_all(self, words: Sequence[TypedWord], forgiven: Forgiven) -> dict[Spelling, Fit]:
        """The spellings with all words: slips of all words together, and where the first one stands."""
        fits: dict[Spelling, Fit] = {}
        for number, word in enumerate(words):
            found: dict[Spelling, Fit] = {}
            for spellings in self._spellings:
                found |= spellings.like(word, forgiven)
            if number:
                both = [spelling for spelling in fits if spelling in found]
                found = {spelling: (fits[spelling][0] + found[spelling][0], fits[spelling][1]) for spelling in both}
            fits = found
            if not fits:
                break
        return {spelling: (slips, at) for spelling, (slips, at) in fits.items() if not (spelling.is_path and at)}

    def _said(self, spelling: Spelling) -> NamedValue:
        """The value, with the spelling it was found by if that is not what it is called."""
        value = self._values[spelling.value]
        return value if spelling.is_usual else NamedValue(value.id, f"{value.text} ({spelling.written})", value.count)


def _called(path: tuple[Label, ...], called: Counter[str]) -> str:
    """A value's name; with what it lies in if another value goes by the same."""
    name = path[-1].name
    return ", ".join(label.name for label in reversed(path)) if called[name] > 1 else name
