"""The harness itself: what counts as right, how floors move, and that the labels are ones a reader could have given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.document import Block, BlockKind, Document, Evidence, Found, Region, Role
from index.document import Label as Named
from index.gazetteer import load_gazetteer
from search.percolate import load_topics
from tests.quality.floors import check_floors, fallen, floors_text, moved_floors
from tests.quality.scoring import HALVES, LEVELS, Label, Score, error_list, judge, level_of, read_labels, tally

if TYPE_CHECKING:
    from collections.abc import Iterable

LABELS = read_labels(Path(__file__).with_name("kcna_labels.jsonl"))
GAZETTEER = load_gazetteer()
TEXT = "A train left Sinuiju for Pyongyang."


def _document(regions: Iterable[tuple[str, Role]], topics: Iterable[str] = ()) -> Document:
    where = (Evidence("test", None, "words"),)
    return Document(
        id="a",
        url=None,
        text=TEXT,
        blocks=(Block(BlockKind.BODY, 0, len(TEXT)),),
        title=Found("A train", where),
        regions=tuple(Found(Region(GAZETTEER.path(place), role), where) for place, role in regions),
        topics=tuple(Found(Named(topic, topic), where) for topic in topics),
    )


def _label(regions: Iterable[tuple[str, Role]], topics: Iterable[str] = (), doubtful: Iterable[str] = ()) -> Label:
    return Label("a", tuple(regions), frozenset(topics), frozenset(doubtful))


@pytest.mark.parametrize(
    ("label", "document", "field", "score"),
    [
        pytest.param(
            _label([("kp-sinuiju", Role.EVENT)]),
            _document([("kp-sinuiju", Role.EVENT)]),
            "province",
            Score(right=1),
            id="a city implies its province",
        ),
        pytest.param(
            _label([("kp-sinuiju", Role.EVENT)]),
            _document([("kp-north-pyongan", Role.EVENT)]),
            "city",
            Score(missed=1),
            id="a province does not imply its city",
        ),
        pytest.param(
            _label([("kp-sinuiju", Role.EVENT)]),
            _document([("kp-chongjin", Role.EVENT)]),
            "province",
            Score(missed=1, wrong=1),
            id="the wrong province is missed and wrong",
        ),
        pytest.param(
            _label([("kp-sinuiju", Role.EVENT)], doubtful=["kp-moranbong"]),
            _document([("kp-sinuiju", Role.EVENT), ("kp-moranbong", Role.EVENT)]),
            "province",
            Score(right=1),
            id="a doubtful place is not scored, nor what it lies in",
        ),
        pytest.param(
            _label([("kp-sinuiju", Role.EVENT), ("kp-pyongyang", Role.EVENT)]),
            _document([("kp-sinuiju", Role.MENTIONED)]),
            "role",
            Score(missed=1, wrong=1),
            id="roles are scored for places found",
        ),
        pytest.param(
            _label([], topics=["food"], doubtful=["energy"]),
            _document([], topics=["energy", "military"]),
            "topic",
            Score(missed=1, wrong=1),
            id="doubtful topics are not scored",
        ),
    ],
)
def test_a_document_is_judged_by_its_label(label: Label, document: Document, field: str, score: Score) -> None:
    """What was found is right, wrong or missed by the label, with the places that others lie in."""
    assert tally(judge(label, document, GAZETTEER))[label.half, field] == score


@pytest.mark.parametrize(
    ("place", "level"),
    [
        pytest.param("kp", "country", id="country"),
        pytest.param("kp-pyongyang", "province", id="special city"),
        pytest.param("kp-hungnam", "city", id="district of a city"),
        pytest.param("kp-tuman-river", "landmark", id="river"),
        pytest.param("cn-liaoning", "abroad", id="foreign province"),
        pytest.param("us-atlantis", "abroad", id="place the gazetteer does not know"),
    ],
)
def test_every_place_has_a_level(place: str, level: str) -> None:
    """A place is scored as a country, a province, a city or county, a landmark, or a place abroad."""
    assert level_of(place, GAZETTEER) == level


def test_scores_are_shares() -> None:
    """Precision is the share of what was found, recall of what is there, F1 their harmonic mean."""
    score = Score(right=6, missed=2, wrong=4)
    assert (score.precision, score.recall) == (0.6, 0.75)
    assert score.f1 == pytest.approx(2 * 0.6 * 0.75 / 1.35)


def test_errors_are_listed_with_their_words() -> None:
    """Each error is listed with the article, its half, the field, and the words that a wrong value rests on."""
    label, document = _label([("kp-sinuiju", Role.EVENT)]), _document([("kp-chongjin", Role.EVENT)])
    listed = error_list(judge(label, document, GAZETTEER), {"a": document})
    assert f"a {label.half:5}city     +kp-chongjin “words”  -kp-sinuiju\n" in listed


FLOOR = {"city": 0.9}


@pytest.mark.parametrize(
    ("scores", "only_up", "floors"),
    [
        pytest.param({"city": 0.95678}, True, {"city": 0.956}, id="raised, rounded down"),
        pytest.param({"city": 0.85}, True, {"city": 0.9}, id="never lowered by raising"),
        pytest.param({"city": 0.85}, False, {"city": 0.85}, id="lowered by a reset"),
        pytest.param({"city": 0.9, "role": 0.5}, True, {"city": 0.9, "role": 0.5}, id="a new one is added"),
    ],
)
def test_floors_only_rise_unless_reset(scores: dict[str, float], floors: dict[str, float], *, only_up: bool) -> None:
    """Raising keeps the higher of floor and score; a reset takes the score."""
    assert moved_floors(FLOOR, scores, only_up=only_up) == floors


@pytest.mark.parametrize("scores", [pytest.param({"city": 0.89}, id="lower"), pytest.param({}, id="not measured")])
def test_a_score_below_its_floor_is_told(scores: dict[str, float]) -> None:
    """A score that fell, or is no longer measured, is named together with its floor."""
    (sentence,) = fallen(FLOOR, scores, "kcna dev")
    assert sentence.startswith("kcna dev city is ")
    assert sentence.endswith("below its floor 0.9")


def test_floors_are_written_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the word in the environment nothing is written; with it, the next run holds to what was reached."""
    path = tmp_path / "floors.toml"
    path.write_text(floors_text({"kcna dev": FLOOR}), encoding="utf-8")
    monkeypatch.delenv("DATELINE_FLOORS", raising=False)
    assert check_floors("kcna dev", {"city": 0.99}, path) == ()
    monkeypatch.setenv("DATELINE_FLOORS", "raise")
    assert check_floors("kcna dev", {"city": 0.99}, path) == ()
    monkeypatch.delenv("DATELINE_FLOORS")
    assert check_floors("kcna dev", {"city": 0.98}, path) == ("kcna dev city is 0.9800, below its floor 0.99",)


def test_a_score_without_a_floor_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that has no floor yet fails and says how it gets one."""
    monkeypatch.delenv("DATELINE_FLOORS", raising=False)
    assert check_floors("kcna dev", {"city": 0.9}, tmp_path / "none.toml") == (
        "city has no floor: run with DATELINE_FLOORS=raise",
    )


def _problems(label: Label) -> list[str]:
    known: set[str] = set(GAZETTEER.places)
    topics = {rule.saved.label.id for rule in load_topics(GAZETTEER)}
    problems = [f"no such place: {place}" for place in label.places - known]
    problems += [f"no such topic: {topic}" for topic in label.topics - topics]
    problems += [f"no such place or topic: {one}" for one in label.doubtful - known - topics]
    problems += [f"both said and doubted: {one}" for one in label.doubtful & (label.places | label.topics)]
    return problems


def test_labels_name_places_and_topics_that_exist() -> None:
    """Labels name known places, roles and topics and doubt nothing that they say; no article is labelled twice."""
    problems = {label.id: found for label in LABELS if (found := _problems(label))}
    assert not problems
    assert len({label.id for label in LABELS}) == len(LABELS) >= 150


def test_both_halves_are_halves() -> None:
    """The split is fixed by the id, and either half holds at least two fifths of the labels and every level."""
    for half in HALVES:
        part = [label for label in LABELS if label.half == half]
        assert len(part) >= 0.4 * len(LABELS)
        assert {level_of(place, GAZETTEER) for label in part for place in label.places} == set(LEVELS)
