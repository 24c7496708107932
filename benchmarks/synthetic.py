"""Synthetic news archives of any size, from a seed: what anyone can measure on without our data.

`synthetic_records(count)` yields `Record`s one after another. Words follow a Zipf-Mandelbrot law over a vocabulary of
stop words and pronounceable words with English endings; each topic prefers some words, and a word once used comes back
soon (burstiness). Articles have 300 words on average, of lognormal length, up to three places of thirty on their paths,
up to three of twenty topics, one of five sources and a day of twenty years, later ones more often.

Articles are made in blocks, each from a random generator of its own, so an archive of 20,000 is the beginning of the
one of 1,000,000, and making a million needs no more memory than making ten thousand. The same seed gives the same
articles wherever NumPy's generators are the same.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from index.document import Role
from index.fields import Record, region_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Ids: TypeAlias = "NDArray[np.int32]"
Words: TypeAlias = "NDArray[np.object_]"

SEED: Final = 7
MEAN_WORDS: Final = 300
SPREAD: Final = 0.8
"""Standard deviation of the logarithm of an article's length."""
SHORTEST, LONGEST = 20, 4000

VOCABULARY: Final = 400_000
CORE: Final = 8_000
"""How many words are common. Their shares fall about as 1/rank, those of the others as its square: two regimes, as in
natural language (Ferrer i Cancho and Solé, 2001), so that new words keep coming at the rate they do in Reuters."""
ZIPF_SHIFT: Final = 2.7
TABLE_BITS: Final = 20
"""Core words are drawn by looking up one of 2**bits quantiles."""
STOP_WORDS: Final = (
    *("the", "of", "to", "in", "a", "and", "said", "for", "on", "that", "is", "was", "by", "it", "with", "from", "at"),
    *("be", "as", "are", "has", "have", "will", "an", "its", "he", "would", "not", "which", "but", "this", "they"),
    *("were", "been", "or", "more"),
)

TOPICS: Final = tuple(f"topic-{number:02d}" for number in range(1, 21))
SOURCES: Final = ("northern-wire", "river-post", "border-daily", "capital-times", "harbour-news")
AUTHORS: Final = 40
LANGUAGE: Final = "en"
FIRST_DAY: Final = dt.date(2000, 1, 1)
DAYS: Final = 7305
"""Twenty years."""

PLACES: Final = (
    *("kp", "kp-pyongyang", "kp-north-pyongan", "kp-ryanggang", "kp-north-hamgyong", "kp-south-hamgyong", "kp-jagang"),
    *("kp-sinuiju", "kp-uiju", "kp-kusong", "kp-hyesan", "kp-samjiyon", "kp-hoeryong", "kp-chongjin", "kp-hamhung"),
    *("kp-tanchon", "kp-kanggye", "cn", "cn-liaoning", "cn-jilin", "cn-beijing", "cn-dandong", "cn-yanji"),
    *("kr", "kr-seoul", "kr-busan", "ru", "ru-primorsky", "jp", "us"),
)
LIES_IN: Final = {
    "kp-sinuiju": "kp-north-pyongan",
    "kp-uiju": "kp-north-pyongan",
    "kp-kusong": "kp-north-pyongan",
    "kp-hyesan": "kp-ryanggang",
    "kp-samjiyon": "kp-ryanggang",
    "kp-hoeryong": "kp-north-hamgyong",
    "kp-chongjin": "kp-north-hamgyong",
    "kp-hamhung": "kp-south-hamgyong",
    "kp-tanchon": "kp-south-hamgyong",
    "kp-kanggye": "kp-jagang",
    "cn-dandong": "cn-liaoning",
    "cn-yanji": "cn-jilin",
}
"""Where a place lies if not directly in the country its id begins with."""

TOPIC_SHARE: Final = 0.35
"""Words drawn by the topic's preferences rather than the archive's."""
REPEATED_SHARE: Final = 0.12
"""Words that are one of the same article's last forty once more."""
SENTENCE_WORDS: Final = 18
BLOCK: Final = 2_000
"""Articles made at a time."""

_C, _V = "bcdfghjklmnprstvwz", "aeiou"
_ENDINGS: Final = ("", "", "", "", "s", "s", "ed", "ing", "er", "ion", "ly", "al", "ment", "ness", "ity")


def synthetic_records(count: int | None = None, seed: int = SEED) -> Iterator[Record]:
    """The first `count` articles of the endless archive of a seed, their serials counting from 1."""
    return islice(_endless(seed), count)


def path_of(place: str) -> tuple[str, ...]:
    """A place with all it lies in, widest first.

    >>> path_of("kp-sinuiju")
    ('kp', 'kp-north-pyongan', 'kp-sinuiju')
    """
    country = place.partition("-")[0]
    parent = LIES_IN.get(place, country if place != country else None)
    return (*(path_of(parent) if parent else ()), place)


def _endless(seed: int) -> Iterator[Record]:
    language = _language(seed)
    block = 0
    while True:
        yield from _block(language, np.random.default_rng((seed, block)), block * BLOCK + 1)
        block += 1


@dataclass(frozen=True, slots=True, eq=False)
class _Language:
    """The words, and how they are drawn.

    `forms` holds each word four times: plain, capitalised, ending a sentence, both. `by_quantile` (2**TABLE_BITS of
    int32) is the rank of the core word at each quantile, CORE standing for a word that is not of the core. Row t of
    `preferences` (int32, topics x core) is the rank that a topic puts in the place of another.
    """

    forms: Words
    by_quantile: Ids
    preferences: Ids


@cache
def _language(seed: int) -> _Language:
    words = _vocabulary(seed)
    capitals = [word.capitalize() for word in words]
    forms = [*words, *capitals, *(f"{word}." for word in words), *(f"{word}." for word in capitals)]
    return _Language(np.array(forms, dtype=object), _quantiles(), _preferences(seed))


def _vocabulary(seed: int) -> list[str]:
    """Stop words, then words of one to four syllables with or without an ending, the commonest ones shorter."""
    drawn = random.Random(seed)  # noqa: S311 - nothing secret, and the same everywhere
    words = dict.fromkeys(STOP_WORDS)
    while len(words) < VOCABULARY:
        syllables = drawn.choice((1, 1, 2, 2, 3) if len(words) < 3000 else (2, 2, 3, 3, 4))  # noqa: PLR2004 - the commonest
        word = "".join(_syllable(drawn) for _ in range(syllables)) + drawn.choice(_ENDINGS)
        if len(word) > 2:  # noqa: PLR2004 - as few words are
            words[word] = None
    return list(words)


def _syllable(drawn: random.Random) -> str:
    return drawn.choice(_C) + drawn.choice(_V) + (drawn.choice(_C) if drawn.random() < 0.35 else "")  # noqa: PLR2004 - closed syllables


def _quantiles() -> Ids:
    """Ranks by quantile; the last ones are CORE, in the share of all words beyond it (the sum of CORE / rank**2)."""
    weights = 1 / (np.arange(1, CORE + 1) + ZIPF_SHIFT)
    beyond = CORE * (1 / CORE - 1 / VOCABULARY)
    ends = np.cumsum([*weights, beyond])
    ends = np.round(ends / ends[-1] * (1 << TABLE_BITS)).astype(np.int64)
    return np.repeat(np.arange(CORE + 1, dtype=np.int32), np.diff(ends, prepend=0))


def _preferences(seed: int) -> Ids:
    """For each topic, core ranks in an order of its own that stays near the common one; stop words stay in place."""
    rng = np.random.default_rng((seed, 0, 1))
    keys = np.arange(1, CORE + 1) * np.exp(rng.normal(0, 1.2, (len(TOPICS), CORE)))
    keys[:, : len(STOP_WORDS)] = np.arange(len(STOP_WORDS)) * 1e-6
    return np.argsort(keys, axis=1, kind="stable").astype(np.int32)


def _block(language: _Language, rng: np.random.Generator, first: int) -> Iterator[Record]:
    lengths = np.clip(rng.lognormal(np.log(MEAN_WORDS) - SPREAD**2 / 2, SPREAD, BLOCK), SHORTEST, LONGEST).astype(int)
    topics = _drawn(rng, len(TOPICS), 0.8, chances=(0.6, 0.3, 0.1))
    places = _drawn(rng, len(PLACES), 1.0, chances=(0.7, 0.22, 0.08))
    sources = rng.choice(len(SOURCES), BLOCK, p=(0.4, 0.25, 0.2, 0.1, 0.05))
    authors = rng.integers(0, AUTHORS, BLOCK)
    days = FIRST_DAY.toordinal() + (rng.beta(2, 1.2, BLOCK) * DAYS).astype(int)
    titles = rng.integers(5, 11, BLOCK)
    captions = np.where(rng.random(BLOCK) < 0.3, rng.integers(6, 14, BLOCK), 0)  # noqa: PLR2004 - three in ten have a picture
    texts = _texts(language, _tokens(language, rng, lengths, topics[:, 0]), lengths)
    for at, words in enumerate(texts):
        yield Record(
            serial=first + at,
            title=" ".join(words[: titles[at]]).replace(".", "").capitalize(),
            body=" ".join(words),
            captions=" ".join(words[-captions[at] :]) if captions[at] else "",
            authors=_name(language, int(authors[at])),
            region=_regions(places[at]),
            source=(SOURCES[sources[at]],),
            topic=tuple(sorted({TOPICS[number] for number in topics[at] if number >= 0})),
            language=(LANGUAGE,),
            date=(int(days[at]), int(days[at])),
        )


def _drawn(rng: np.random.Generator, kinds: int, exponent: float, chances: tuple[float, ...]) -> Ids:
    """Up to three of `kinds` numbers for each article, low ones more often: (articles, 3), -1 where there is none.

    `chances` are those of there being one, two or three.
    """
    weights = 1 / np.arange(1, kinds + 1) ** exponent
    found = rng.choice(kinds, (BLOCK, len(chances)), p=weights / weights.sum()).astype(np.int32)
    number = rng.choice(np.arange(1, len(chances) + 1), BLOCK, p=chances)
    found[np.arange(len(chances)) >= number[:, None]] = -1
    return found


def _tokens(language: _Language, rng: np.random.Generator, lengths: NDArray[np.int64], topics: Ids) -> Ids:
    """The ranks of the words of all articles of a block, one after another."""
    total = int(lengths.sum())
    drawn = language.by_quantile[rng.integers(0, 1 << TABLE_BITS, total, dtype=np.int32)]
    topical = np.flatnonzero((rng.random(total, dtype=np.float32) < TOPIC_SHARE) & (drawn < CORE))
    drawn[topical] = language.preferences[np.repeat(topics, lengths)[topical], drawn[topical]]
    beyond = np.flatnonzero(drawn == CORE)
    tail = CORE / rng.uniform(CORE / VOCABULARY, 1, len(beyond))  # the inverse of a share of 1/rank**2
    drawn[beyond] = np.minimum(tail, VOCABULARY - 1)
    repeated = np.flatnonzero(rng.random(total, dtype=np.float32) < REPEATED_SHARE)
    earlier = repeated - rng.integers(5, 41, len(repeated))
    begins = np.repeat(np.cumsum(lengths) - lengths, lengths)[repeated]
    valid = earlier >= begins
    repeated, earlier = repeated[valid], earlier[valid]
    worth = drawn[earlier] >= len(STOP_WORDS)
    drawn[repeated[worth]] = drawn[earlier[worth]]
    return drawn


def _texts(language: _Language, drawn: Ids, lengths: NDArray[np.int64]) -> Iterator[list[str]]:
    """Each article's words in sentences: the first of one capitalised, the last with its full stop."""
    ends = np.cumsum(lengths)
    begins = ends - lengths
    places = np.arange(len(drawn)) - np.repeat(begins, lengths)
    opens = places % SENTENCE_WORDS == 0
    closes = places % SENTENCE_WORDS == SENTENCE_WORDS - 1
    closes[ends - 1] = True
    written: list[str] = language.forms[drawn + VOCABULARY * (opens + 2 * closes)].tolist()
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        yield written[begin:end]


def _regions(numbers: Ids) -> tuple[str, ...]:
    """What an article's places are indexed as: the first is where it happened, the others are mentioned."""
    found: dict[str, None] = {}
    for rank, number in enumerate(numbers[numbers >= 0].tolist()):
        role = Role.MENTIONED if rank else Role.EVENT
        found.update(dict.fromkeys(region_value(place, role) for place in path_of(PLACES[number])))
    return tuple(found)


@cache
def _author_names(language: _Language) -> tuple[str, ...]:
    words = language.forms[VOCABULARY + 3000 : VOCABULARY + 3000 + 2 * AUTHORS].tolist()
    return tuple(f"{first} {last}" for first, last in zip(words[::2], words[1::2], strict=True))


def _name(language: _Language, author: int) -> str:
    return _author_names(language)[author]
