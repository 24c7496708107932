"""What the benchmark of suggestions types."""

from __future__ import annotations

import random
from itertools import islice

from benchmarks.suggest import KOREAN_SHARE, records_with_korean, typed
from benchmarks.synthetic import synthetic_records
from search.keystrokes import is_syllable

SAMPLE = 400


def test_some_headlines_are_korean() -> None:
    """About as many as said, the same ones every time; nothing else of an article changes."""
    records = list(records_with_korean(SAMPLE))
    assert records == list(records_with_korean(SAMPLE))
    korean = [record for record in records if is_syllable(record.title[0])]
    assert KOREAN_SHARE / 2 < len(korean) / SAMPLE < 2 * KOREAN_SHARE
    assert [record.body for record in records] == [record.body for record in synthetic_records(SAMPLE)]


def test_every_kind_is_typed_and_the_same_again() -> None:
    """Beginnings of all that is suggested, never nothing."""
    first, second = (list(islice(typed(60, random.Random(1)), 60)) for _ in range(2))  # noqa: S311 - repeatable
    assert first == second
    assert {kind for kind, _ in first} == {
        "headlines", "Korean headlines", "places", "initial consonants", "topics and sources",
    }  # fmt: skip
    assert all(text for _, text in first)
