"""What the benchmark of spelling asks for."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

import pytest

from benchmarks.spelling import with_slips, written
from benchmarks.synthetic import synthetic_records
from search.edits import edits


@pytest.mark.parametrize("slips", [1, 2])
def test_words_are_misspelt_and_the_same_again(slips: int) -> None:
    """With as many slips as said, if none undoes another, and the first letter as it was."""
    first, second = (
        [with_slips("smuggling", slips, drawn) for _ in range(200)]
        for drawn in (random.Random(1), random.Random(1))  # noqa: S311 - repeatable
    )
    assert first == second
    assert Counter(edits("smuggling", word) for word in first).most_common(1)[0][0] == slips
    assert {word[0] for word in first} == {"s"}
    assert len({len(word) for word in first}) > slips


def test_words_are_counted_by_articles() -> None:
    """Folded, in headlines and texts, each once for an article."""
    [record] = synthetic_records(1)
    one = dataclasses.replace(record, title="Sinŭiju markets", body="The markets of SINUIJU.")
    other = dataclasses.replace(record, title="", body="Market")
    assert written([one, other]) == {"sinuiju": 1, "markets": 1, "the": 1, "of": 1, "market": 1}
