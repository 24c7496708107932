"""Countries of Reuters-21578 against the labels its editors gave, beside public packages on the same texts.

3,000 articles, the same in every run; DATELINE_REUTERS=whole takes all. Articles without a label are left out: most are
headlines of one line that nobody labelled. Run with `-s` to see the table, and where labels and texts disagree.
"""

from __future__ import annotations

import os
import random
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from index.document import Declared, RawDocument, Role
from index.extract.pipeline import load_extractor
from index.gazetteer import load_gazetteer
from tests.quality.floors import check_floors
from tests.quality.peers import installed_peers
from tests.quality.scoring import Score
from tests.quality.shared_data import read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from index.gazetteer import Gazetteer

ARCHIVE: Final = "reuters21578.jsonl.gz"
SAMPLE_SIZE: Final = 3_000
SEED: Final = 21_578


@dataclass(frozen=True, slots=True)
class _Article:
    """A labelled article: title, dateline and body as one text, and the countries its editors gave."""

    id: str
    title: str
    text: str
    labelled: frozenset[str]


class _Countries:
    """The labels' countries, states of 1987 and their successors taken as one."""

    def __init__(self) -> None:
        tables = tomllib.loads(Path(__file__).with_name("reuters_places.toml").read_text(encoding="utf-8"))
        self.by_label: Mapping[str, str] = tables["ids"]
        self._same = {one: state for state, others in tables["same"].items() for one in others}
        self._scored = frozenset(self.by_label.values())

    def folded(self, ids: frozenset[str]) -> frozenset[str]:
        """Those of the ids that some label could have given."""
        return frozenset(self._same.get(one, one) for one in ids) & self._scored


@pytest.fixture(scope="module")
def countries() -> _Countries:
    """What the labels mean."""
    return _Countries()


@pytest.fixture(scope="module")
def articles(countries: _Countries) -> tuple[_Article, ...]:
    """The articles scored. Skips where the archive is missing."""
    rows = [row for row in read_rows(ARCHIVE) if row["places"]]
    if os.environ.get("DATELINE_REUTERS") != "whole":
        rows = random.Random(SEED).sample(rows, SAMPLE_SIZE)  # noqa: S311 - a sample, not a secret
    return tuple(_article_from_row(row, countries) for row in rows)


def _article_from_row(row: Mapping[str, Any], countries: _Countries) -> _Article:
    labelled = frozenset(countries.by_label[place] for place in row["places"])
    return _Article(row["id"], row["title"], f"{row['dateline']} {row['body']}".strip(), countries.folded(labelled))


def _reader(gazetteer: Gazetteer) -> Callable[[_Article], frozenset[str]]:
    """Dateline's own reading of an article, ingested with its title and its agency."""
    extractor = load_extractor()

    def read(article: _Article) -> frozenset[str]:
        declared = Declared(title=article.title or None, source="Reuters")
        raw = RawDocument(article.id, None, ARCHIVE, article.text or article.title, "text/plain", declared)
        found = extractor.understand(raw, article.id).regions
        return frozenset(gazetteer.path(one.value.id)[0].id for one in found if one.value.role is not Role.CAPTION)

    return read


def test_countries_are_found_better_than_by_peers(articles: tuple[_Article, ...], countries: _Countries) -> None:
    """Countries agree with the editors' labels as well as they have before, and better than any installed peer's."""
    gazetteer = load_gazetteer()
    readers: dict[str, Callable[[_Article], frozenset[str]]] = {"dateline": _reader(gazetteer)}
    for peer in installed_peers(gazetteer):
        readers[peer.name] = lambda article, peer=peer: peer.countries(f"{article.title}\n{article.text}")  # type: ignore[misc]
    found = {name: [countries.folded(read(article)) for article in articles] for name, read in readers.items()}
    scores = {name: _score(articles, sets) for name, sets in found.items()}
    sys.stdout.write(f"\n{_table(scores, len(articles))}\n{_disagreements(articles, found['dateline'])}")
    missing = {"geotext", "flashgeotext"} - readers.keys()
    sys.stdout.writelines(f"{name} is not installed: not compared\n" for name in sorted(missing))
    assert max(scores, key=lambda name: scores[name].f1) == "dateline"
    if len(articles) == SAMPLE_SIZE:
        assert not check_floors("reuters", {"country": scores["dateline"].f1})


def _score(articles: tuple[_Article, ...], found: list[frozenset[str]]) -> Score:
    pairs = [(article.labelled, ids) for article, ids in zip(articles, found, strict=True)]
    return sum((Score(len(want & have), len(want - have), len(have - want)) for want, have in pairs), Score())


def _table(scores: Mapping[str, Score], count: int) -> str:
    head = f"{count} labelled articles {'precision':>10}{'recall':>8}{'F1':>8}\n"
    rows = (f"{name:23}{one.precision:10.3f}{one.recall:8.3f}{one.f1:8.3f}\n" for name, one in scores.items())
    return head + "".join(rows)


def _disagreements(articles: tuple[_Article, ...], found: list[frozenset[str]]) -> str:
    """Which countries are labelled and not found, or found and not labelled, most often, with articles to look at."""
    lines: list[str] = []
    for what, sets in (
        ("labelled, not found", [article.labelled - ids for article, ids in zip(articles, found, strict=True)]),
        ("found, not labelled", [ids - article.labelled for article, ids in zip(articles, found, strict=True)]),
    ):
        counts = Counter(one for ids in sets for one in ids)
        for country, count in counts.most_common(8):
            where = [article.id for article, ids in zip(articles, sets, strict=True) if country in ids][:5]
            lines.append(f"{what}: {country:4}{count:6}  {' '.join(where)}\n")
    return "".join(lines)
