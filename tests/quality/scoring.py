"""How extraction is scored: labels, what an article's document got right and wrong by them, and the sums.

A `Label` is what a reader found in one article (kcna_labels.jsonl; guidelines in README.md). `judge` compares a
document with it, field by field (`FIELDS`), in `Judgement`s; a place stands for every wider place on its path, so a
labelled city implies its province. `tally` sums judgements into a `Score` per half and field. The halves are fixed by a
hash of the article's id: rules are tuned on "dev" and believed on "held".
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.document import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from index.document import Document, Region
    from index.gazetteer import Gazetteer

HALVES: Final = ("dev", "held")
LEVELS: Final = ("country", "province", "city", "abroad", "landmark")
"""Countries; North Korea's provinces and special cities; its cities, counties and districts; places below the country
elsewhere; rivers and mountains."""

FIELDS: Final = (*LEVELS, "role", "topic")
"""What is scored: the places by level, the roles of those found rightly, the topics."""

HOME: Final = "kp"
_LANDMARKS: Final = frozenset({"river", "mountain"})


@dataclass(frozen=True, slots=True)
class Label:
    """What a reader found in an article. `doubtful`: places and topics on which careful readers differ: not scored."""

    id: str
    regions: tuple[tuple[str, Role], ...]
    topics: frozenset[str]
    doubtful: frozenset[str]
    note: str = ""

    @property
    def half(self) -> str:
        """Which half of the labels this one is in: "dev" or "held"."""
        return HALVES[hashlib.sha256(self.id.encode()).digest()[0] % 2]

    @property
    def places(self) -> frozenset[str]:
        """The ids of the places labelled, in whatever role."""
        return frozenset(place for place, _ in self.regions)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One field of one article: what was found rightly, what was missed, what was found and is not there."""

    label: Label
    field: str
    right: frozenset[str]
    missed: frozenset[str]
    wrong: frozenset[str]


@dataclass(frozen=True, slots=True)
class Score:
    """How many values were found rightly, missed, and found wrongly."""

    right: int = 0
    missed: int = 0
    wrong: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.missed + other.missed, self.wrong + other.wrong)

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 1 if nothing was found."""
        return _share(self.right, self.wrong)

    @property
    def recall(self) -> float:
        """The share of what is there that was found; 1 if nothing is there."""
        return _share(self.right, self.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _share(2 * self.right, self.missed + self.wrong)


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 1.0


def read_labels(path: Path) -> tuple[Label, ...]:
    """The labels of a file of one JSON object a line."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return tuple(
        Label(
            id=row["id"],
            regions=tuple((place, Role(role)) for place, role in row["regions"]),
            topics=frozenset(row["topics"]),
            doubtful=frozenset(row.get("doubtful", ())),
            note=row.get("note", ""),
        )
        for row in rows
    )


def judge(label: Label, document: Document, gazetteer: Gazetteer) -> tuple[Judgement, ...]:
    """What a document got right by a label, one judgement for each of `FIELDS`."""
    regions = [(found.value.id, found.value.role) for found in document.regions]
    wanted = widened(label.places, gazetteer)
    doubtful = widened(label.doubtful, gazetteer) - wanted
    found = widened({place for place, _ in regions}, gazetteer) - doubtful
    agreed = label.places & {place for place, _ in regions}
    by_field = {field: (_of_level(field, wanted, gazetteer), _of_level(field, found, gazetteer)) for field in LEVELS}
    by_field["role"] = (_roles(label.regions, agreed), _roles(regions, agreed))
    by_field["topic"] = (label.topics, frozenset(topic.value.id for topic in document.topics) - label.doubtful)
    return tuple(
        Judgement(label, field, want & have, want - have, have - want) for field, (want, have) in by_field.items()
    )


def widened(places: Iterable[str], gazetteer: Gazetteer) -> frozenset[str]:
    """The places with all they lie in. An id that the gazetteer does not know lies in the country it starts with."""
    wide: set[str] = set()
    for place in places:
        known = place in gazetteer.places
        wide |= {label.id for label in gazetteer.path(place)} if known else {place, place.split("-", maxsplit=1)[0]}
    return frozenset(wide)


def level_of(place: str, gazetteer: Gazetteer) -> str:
    """Which of `LEVELS` a place belongs to."""
    if place not in gazetteer.places:
        return "abroad" if not place.startswith(f"{HOME}-") else "city"
    path = gazetteer.path(place)
    if len(path) == 1:
        return "country"
    if gazetteer.places[place].kind in _LANDMARKS:
        return "landmark"
    if path[0].id != HOME:
        return "abroad"
    return "province" if gazetteer.places[place].parent == HOME else "city"


def _of_level(field: str, places: Iterable[str], gazetteer: Gazetteer) -> frozenset[str]:
    return frozenset(place for place in places if level_of(place, gazetteer) == field)


def _roles(regions: Iterable[tuple[str, Role]], agreed: Iterable[str]) -> frozenset[str]:
    return frozenset(f"{place} {role}" for place, role in regions if place in agreed)


def tally(judgements: Iterable[Judgement]) -> Mapping[tuple[str, str], Score]:
    """The scores by half and field."""
    scores: dict[tuple[str, str], Score] = defaultdict(Score)
    for one in judgements:
        scores[one.label.half, one.field] += Score(len(one.right), len(one.missed), len(one.wrong))
    return scores


def score_table(scores: Mapping[tuple[str, str], Score]) -> str:
    """The scores as lines to read, one a half and field."""
    head = f"{'half':8}{'field':12}{'precision':>10}{'recall':>8}{'F1':>8}{'right':>8}{'missed':>8}{'wrong':>8}\n"
    return head + "".join(
        f"{half:8}{field:12}{one.precision:10.3f}{one.recall:8.3f}{one.f1:8.3f}{one.right:8}{one.missed:8}{one.wrong:8}\n"
        for (half, field), one in scores.items()
    )


def error_list(judgements: Iterable[Judgement], documents: Mapping[str, Document]) -> str:
    """Every error, by article, with the words that misled: `province +kp-kaesong "Kaesong"`, `city -kp-hamhung`."""
    lines: list[str] = []
    for one in judgements:
        document = documents[one.label.id]
        said = [f"+{place} {_words_for(place, document)}" for place in sorted(one.wrong)]
        said += [f"-{place}" for place in sorted(one.missed)]
        lines += [f"{one.label.id} {one.label.half:5}{one.field:9}{'  '.join(said)}\n"] if said else []
    return "".join(sorted(lines))


def _words_for(value: str, document: Document) -> str:
    """The words a value rests on, with those around them."""
    wanted = value.split(maxsplit=1)[0]
    evidence = [piece for one in document.regions if wanted in _ids(one.value) for piece in one.evidence]
    evidence += [piece for one in document.topics if one.value.id == wanted for piece in one.evidence]
    if not evidence:
        return ""
    where = evidence[0].where
    if where is None:
        return f"“{evidence[0].quote}”"
    return f"“{' '.join(document.text[max(0, where.start - 20) : where.end + 20].split())}”"


def _ids(region: Region) -> tuple[str, ...]:
    return tuple(label.id for label in region.path)
