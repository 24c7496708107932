"""KCNA 2011-2012: 18,844 English articles of a news agency, questions, and how well each article answers each.

The articles lie beside the clone in `../shared/data` and are no part of the project. The questions
(`kcna_questions.toml`) and grades (`kcna_grades.tsv`) are ours: one reader's opinion, of what eight rankings had among
their first ten. Nothing is to be chosen on them. Articles are records of headline, text and day; places and topics are
not looked for, which takes minutes and would find more articles, but put none before another.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.corpora import SHARED
from benchmarks.judging import Collection
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVE: Final = SHARED / "kcna_2011_2012.jsonl.gz"
QUESTIONS: Final = Path(__file__).with_name("kcna_questions.toml")
GRADES: Final = Path(__file__).with_name("kcna_grades.tsv")


@dataclass(frozen=True, slots=True)
class Question:
    """What is typed, and what whoever types it wants to read."""

    number: str
    words: str
    wanted: str


def read_questions(path: Path = QUESTIONS) -> tuple[Question, ...]:
    """The questions, in their order."""
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["question"]
    return tuple(Question(str(number), row["words"], row["wanted"]) for number, row in enumerate(rows, start=1))


def read_grades(path: Path = GRADES) -> dict[str, dict[str, int]]:
    """Grades by question and article id: 2 answers it, 1 has to do with it, 0 does not."""
    grades: dict[str, dict[str, int]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            question, article, grade = line.split("\t")
            grades.setdefault(question, {})[article] = int(grade)
    return grades


def read_articles(path: Path = ARCHIVE) -> Iterator[tuple[str, Record]]:
    """The English articles that have a text, in the archive's order: id and record, serials from 1."""
    unknown: dict[str, Any] = dict.fromkeys(TEXT_FIELDS, "") | dict.fromkeys(KEYWORD_FIELDS, ())
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = (row for row in map(json.loads, lines) if row["language"] == "en" and row["text"])
        for serial, row in enumerate(rows, start=1):
            day = dt.date.fromisoformat(row["date"]).toordinal()
            told = {"title": row["title"] or "", "body": row["text"], "date": (day, day)}
            yield row["id"], Record(serial=serial, **unknown | told)


@dataclass(frozen=True, slots=True, eq=False)
class Kcna:
    """The collection, and the id of each article by its serial."""

    collection: Collection
    ids: Mapping[int, str]


def find_kcna(path: Path = ARCHIVE) -> Kcna | None:
    """The collection, or None if the articles are not on this machine."""
    if not path.exists():
        return None
    articles = dict(read_articles(path))
    serials = {article: record.serial for article, record in articles.items()}
    grades = {
        question: {serials[article]: grade for article, grade in graded.items()}
        for question, graded in read_grades().items()
    }
    questions = {question.number: question.words for question in read_questions()}
    collection = Collection(tuple(articles.values()), questions, grades)
    return Kcna(collection, {serial: article for article, serial in serials.items()})
