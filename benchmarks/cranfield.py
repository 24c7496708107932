"""Cranfield: 1,400 abstracts on aerodynamics, 225 questions, and how well each article answers each question.

The oldest test collection there is (Cleverdon, 1967), graded 1 to 4. It lies beside the clone in `../shared/data` and
is no part of the project.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.corpora import SHARED
from benchmarks.judging import Collection
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS, Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def find_cranfield(folder: Path = SHARED / "cranfield") -> Collection | None:
    """The collection, or None if it is not on this machine. Serials are the numbers of its articles.

    An abstract that begins with its own title is a body without it, so that no word counts twice.
    """
    if not folder.exists():
        return None
    grades: dict[str, dict[int, int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, article, grade = line.split("\t")
        grades.setdefault(question, {})[int(article)] = int(grade)
    return Collection(
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
