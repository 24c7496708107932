"""Cranfield: 1,400 abstracts on aerodynamics, 225 questions, and how well each article answers each question.

The oldest test collection there is (Cleverdon, 1967), graded 1 to 4. It lies beside the clone in `../shared/data` and
is no part of the project. `find_cranfield` reads it; `ndcg` and `recall` judge what a library put first. Parameters are
chosen on the questions of one half (`ODD`), and what they are worth is read off the other (`EVEN`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from benchmarks.corpora import SHARED
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS, Record

if TYPE_CHECKING:
    from pathlib import Path

DEPTH: Final = 100
"""How many articles a library is asked for."""

FIRST: Final = 10
"""How many of them nDCG looks at."""

ODD, EVEN, ALL = "odd", "even", "all"

Run: TypeAlias = Mapping[str, Sequence[int]]
"""For each question, the serials of the articles a library found, the best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Cranfield:
    """The collection: records by serial, which is the number of the article; questions; grades by question and serial.

    An abstract that begins with its own title is a body without it, so that no word counts twice.
    """

    records: tuple[Record, ...]
    questions: Mapping[str, str]
    grades: Mapping[str, Mapping[int, int]]

    def half(self, name: str) -> tuple[str, ...]:
        """The questions of a half, by the number that they have: `ODD`, `EVEN`, or `ALL` of them."""
        remainder = {ODD: (1,), EVEN: (0,), ALL: (0, 1)}[name]
        return tuple(question for question in self.questions if int(question) % 2 in remainder)


def find_cranfield(folder: Path = SHARED / "cranfield") -> Cranfield | None:
    """The collection, or None if it is not on this machine."""
    if not folder.exists():
        return None
    grades: dict[str, dict[int, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, article, grade = line.split("\t")
        grades.setdefault(question, {})[int(article)] = int(grade)
    return Cranfield(
        records=tuple(map(_record, _rows(folder / "corpus.jsonl"))),
        questions={row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")},
        grades=grades,
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _record(row: Mapping[str, Any]) -> Record:
    unknown: dict[str, Any] = dict.fromkeys(TEXT_FIELDS, "") | dict.fromkeys(KEYWORD_FIELDS, ())
    return Record(
        serial=int(row["_id"]),
        **unknown | {"title": row["title"], "body": row["text"].removeprefix(row["title"]), "date": None},
    )


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


def mean_scores(cranfield: Cranfield, run: Run, half: str) -> tuple[float, float]:
    """Mean nDCG@10 and recall@100 over the questions of a half."""
    questions = cranfield.half(half)
    pairs = [(run.get(question, ()), cranfield.grades.get(question, {})) for question in questions]
    count = len(questions)
    return sum(ndcg(*pair) for pair in pairs) / count, sum(recall(*pair) for pair in pairs) / count
