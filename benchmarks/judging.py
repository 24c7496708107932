"""Test collections, and what a ranking is worth on one: nDCG@10 and recall@100.

A `Collection` is articles, questions, and grades of how well an article answers a question (`benchmarks.cranfield`,
`benchmarks.kcna`); a `Run` what a library found. Where parameters are chosen on a collection, that is done on the
questions of one half (`ODD`), and what they are worth is read off the other (`EVEN`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from index.fields import Record

DEPTH: Final = 100
"""How many articles a library is asked for."""

FIRST: Final = 10
"""How many of them nDCG looks at."""

ODD, EVEN, ALL = "odd", "even", "all"

Run: TypeAlias = Mapping[str, Sequence[int]]
"""For each question, the serials of the articles a library found, the best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Records by serial, questions by number, and grades by question and serial: 0 or none for what answers nothing."""

    records: tuple[Record, ...]
    questions: Mapping[str, str]
    grades: Mapping[str, Mapping[int, int]]

    def half(self, name: str) -> tuple[str, ...]:
        """The questions of a half, by the number that they have: `ODD`, `EVEN`, or `ALL` of them."""
        remainder = {ODD: (1,), EVEN: (0,), ALL: (0, 1)}[name]
        return tuple(question for question in self.questions if int(question) % 2 in remainder)


def ndcg(found: Sequence[int], grades: Mapping[int, int]) -> float:
    """nDCG@10 (Järvelin and Kekäläinen, 2002) as trec_eval has it: gain is the grade, discount log2(place + 1).

    >>> ndcg([7, 8], {7: 0, 8: 2})
    0.6309297535714575
    """
    ideal = sorted(grades.values(), reverse=True)[:FIRST]
    best = sum(grade / math.log2(place + 1) for place, grade in enumerate(ideal, start=1))
    reached = sum(grades.get(serial, 0) / math.log2(place + 1) for place, serial in enumerate(found[:FIRST], start=1))
    return reached / best if best else 0.0


def recall(found: Sequence[int], grades: Mapping[int, int]) -> float:
    """The share of the articles that answer a question which are among the first 100.

    >>> recall([7, 8], {7: 0, 8: 2, 9: 1})
    0.5
    """
    relevant = {serial for serial, grade in grades.items() if grade > 0}
    return len(relevant & set(found[:DEPTH])) / len(relevant) if relevant else 0.0


def mean_scores(collection: Collection, run: Run, half: str) -> tuple[float, float]:
    """Mean nDCG@10 and recall@100 over the questions of a half."""
    questions = collection.half(half)
    pairs = [(run.get(question, ()), collection.grades.get(question, {})) for question in questions]
    count = len(questions)
    return sum(ndcg(*pair) for pair in pairs) / count, sum(recall(*pair) for pair in pairs) / count
