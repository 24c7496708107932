"""Places, roles and topics of KCNA's articles of 2011 and 2012 against labels made by reading them; and their dates.

Run with `-s` to see the table of scores and every error; with DATELINE_KCNA=whole in the environment, dates are
measured on all English articles of the archive. The texts are not in this repository.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import pytest

from index.document import Declared, PublishedOn, RawDocument
from index.extract.pipeline import load_extractor
from index.gazetteer import load_gazetteer
from search.percolate import TopicTagger, load_topics
from tests.quality.floors import check_floors
from tests.quality.scoring import HALVES, error_list, judge, read_labels, score_table, tally
from tests.quality.shared_data import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from index.document import Document
    from index.extract.pipeline import Extractor
    from index.gazetteer import Gazetteer
    from tests.quality.scoring import Label

ARCHIVE: Final = "kcna_2011_2012.jsonl.gz"
LABELS: Final = Path(__file__).with_name("kcna_labels.jsonl")
DAYS_OF_A_YEAR: Final = 365
CERTAIN: Final = 0.98
"""How often an interval that is given must hold the day of publication."""


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    """The gazetteer that comes with Dateline."""
    return load_gazetteer()


@pytest.fixture(scope="module")
def extractor(gazetteer: Gazetteer) -> Extractor:
    """What `dateline ingest` uses, with the topics that come with Dateline."""
    return load_extractor(TopicTagger(load_topics(gazetteer)))


@pytest.fixture(scope="module")
def labels() -> Mapping[str, Label]:
    """The labels by the article's id."""
    return {label.id: label for label in read_labels(LABELS)}


@pytest.fixture(scope="module")
def articles(labels: Mapping[str, Label]) -> Mapping[str, dict[str, Any]]:
    """The labelled articles by id. Skips where the archive is missing."""
    found = {row["id"]: row for row in read_rows(ARCHIVE) if row["id"] in labels}
    assert found.keys() == labels.keys()
    return found


def _understood(extractor: Extractor, row: Mapping[str, Any], date: str | None = None) -> Document:
    """An article as ingested from the archive's JSONL, but for its date and its address, which holds the date."""
    declared = Declared(title=row["title"], source=row["source"], date=date)
    return extractor.understand(RawDocument(row["id"], None, ARCHIVE, row["text"], "text/plain", declared), row["id"])


def test_scores_do_not_fall(
    extractor: Extractor, gazetteer: Gazetteer, labels: Mapping[str, Label], articles: Mapping[str, dict[str, Any]]
) -> None:
    """Precision and recall of places, roles and topics are at least what they have been, on both halves."""
    documents = {name: _understood(extractor, row) for name, row in sorted(articles.items())}
    judgements = [one for name, document in documents.items() for one in judge(labels[name], document, gazetteer)]
    scores = tally(judgements)
    sys.stdout.write(f"\n{error_list(judgements, documents)}\n{score_table(dict(sorted(scores.items())))}")
    fallen: list[str] = []
    for half in HALVES:
        f1_by_field = {field: score.f1 for (part, field), score in scores.items() if part == half}
        fallen += check_floors(f"kcna {half}", f1_by_field)
    assert not fallen


@dataclass(frozen=True, slots=True)
class _Dated:
    """An article's true day, and the days it was given."""

    id: str
    truth: dt.date
    found: PublishedOn

    @property
    def is_right(self) -> bool:
        """Whether the day lies in the interval."""
        return self.found.start <= self.truth <= self.found.end

    @property
    def days(self) -> int:
        """How many days the interval has."""
        return (self.found.end - self.found.start).days + 1


def _dated(extractor: Extractor, row: Mapping[str, Any], *, with_year: bool) -> _Dated | None:
    published = _understood(extractor, row, row["date"][:4] if with_year else None).published
    return _Dated(row["id"], dt.date.fromisoformat(row["date"]), published.value) if published else None


@pytest.mark.parametrize("with_year", [pytest.param(False, id="year hidden"), pytest.param(True, id="year kept")])
def test_intervals_hold_the_day_of_publication(
    extractor: Extractor, articles: Mapping[str, dict[str, Any]], *, with_year: bool
) -> None:
    """With the declared date hidden, an interval that is given holds the true day 98 times in 100 or more often."""
    is_whole = os.environ.get("DATELINE_KCNA") == "whole"
    rows = [row for row in read_rows(ARCHIVE) if row["language"] == "en"] if is_whole else articles.values()
    read = [_dated(extractor, row, with_year=with_year) for row in rows]
    dated = [one for one in read if one is not None]
    right = [one for one in dated if one.is_right]
    narrow = [one for one in right if one.days < DAYS_OF_A_YEAR]
    sys.stdout.write(
        f"\n{len(dated)} of {len(read)} articles dated, {len(right)} rightly, {len(narrow)} of them within a year; "
        f"median interval {median([one.days for one in dated] or [0])} days\n"
    )
    sys.stdout.writelines(f"{one.id} {one.truth}: {one.found}\n" for one in dated if not one.is_right)
    assert len(right) >= CERTAIN * len(dated)
    if is_whole:
        return  # floors are those of the labelled articles
    shares = {"dated": len(dated) / len(read), "narrowed": len(narrow) / len(read)}
    assert not check_floors(f"kcna dates, year {'kept' if with_year else 'hidden'}", shares)
