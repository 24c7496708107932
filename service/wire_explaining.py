"""The JSON of why a hit has its score, which hits have with `explain`: structs as in `service.wire`."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations

import msgspec


class ExplainedWord(msgspec.Struct, frozen=True):
    """A word that adds to a score: as the article writes it, and as the index knows it.

    `times` is how often it stands in which fields; `articles` how many of all articles have it in any field asked, null
    for whoever sees but a part of them.
    """

    word: str
    term: str
    times: dict[str, int]
    articles: int | None
    score: float


class ExplainedReason(msgspec.Struct, frozen=True):
    """A part of the question, in terms of the index, by which an article matches; `said` tells it in words.

    `score` is what its words add to the hit's, after recency, `share` how much of that it is. A phrase decides whether
    an article matches; what it adds are its words. A value or a date adds nothing. `variant_of` are the words as typed
    that this is another name for.
    """

    asked: str
    variant_of: str | None
    words: tuple[ExplainedWord, ...]
    score: float
    share: float
    said: str


class ExplainedRecency(msgspec.Struct, frozen=True):
    """What an article's age on the day `as_of` makes of its score: it is multiplied by `factor`.

    The age counts from the last day that the article may be of; null is not known. `said` tells it in words.
    """

    half_life_days: int
    as_of: dt.date
    age_days: int | None
    factor: float
    said: str


class Explanation(msgspec.Struct, frozen=True):
    """Why a hit has its score: the scores of the reasons add up to it, but for rounding.

    `articles` is how many the archive has, null for whoever sees but a part of them.
    """

    articles: int | None
    reasons: tuple[ExplainedReason, ...]
    recency: ExplainedRecency | None
