"""Rankings are judged as trec_eval judges them, and every library that is installed ranks what it is given."""

from __future__ import annotations

import importlib.util
import math

import pytest

from benchmarks.judging import ALL, EVEN, ODD, Collection, mean_scores, ndcg, recall
from benchmarks.kcna import GRADES, find_kcna, read_grades, read_questions
from benchmarks.machine import this_machine
from benchmarks.peers import peer_named
from benchmarks.ranking import (
    AS_TYPED,
    NOT_HERE,
    RANKERS,
    Ranker,
    judged,
    overlap,
    page_from_scores,
    rank_as_typed,
    rank_by_dateline,
)
from tests.contract.archives import a_record

SMALL = Collection(
    records=(
        a_record(1, title="wings in a slipstream", body="lift of a wing at high speed"),
        a_record(2, title="boundary layers", body="the layer at a flat plate"),
        a_record(3, title="heat", body="heat of the boundary at high speed"),
        a_record(4, title="shells", body="buckling under pressure"),
    ),
    questions={"1": "what is the lift of a wing in a slipstream .", "2": "buckling (of shells)", "3": "heat / speed"},
    grades={"1": {1: 4, 3: 1}, "2": {4: 2}, "3": {3: 3, 1: 1, 2: 1}},
)


@pytest.mark.parametrize(
    ("found", "grades", "gain", "share"),
    [
        pytest.param([1, 2], {1: 2, 2: 1}, 1.0, 1.0, id="as good as can be"),
        pytest.param(
            [2, 1], {1: 2, 2: 1}, (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)), 1.0, id="the wrong way round"
        ),
        pytest.param([9, 1], {1: 2, 2: 1}, 2 / math.log2(3) / (2 + 1 / math.log2(3)), 0.5, id="one missed, one wrong"),
        pytest.param([*range(10, 20), 1], {1: 1}, 0.0, 1.0, id="behind the tenth place"),
        pytest.param([*range(10, 110), 1], {1: 1}, 0.0, 0.0, id="behind the hundredth"),
        pytest.param([1], {1: 0}, 0.0, 0.0, id="nothing answers it"),
        pytest.param([], {1: 1}, 0.0, 0.0, id="nothing found"),
    ],
)
def test_rankings_are_judged_by_hand(found: list[int], grades: dict[int, int], gain: float, share: float) -> None:
    """nDCG@10 and recall@100, worked out with pencil and paper."""
    assert ndcg(found, grades) == pytest.approx(gain)
    assert recall(found, grades) == pytest.approx(share)


def test_halves_are_by_number() -> None:
    """Odd and even questions are apart, and a mean is over those of its half, the unanswered ones too."""
    assert (SMALL.half(ODD), SMALL.half(EVEN), SMALL.half(ALL)) == (("1", "3"), ("2",), ("1", "2", "3"))
    assert mean_scores(SMALL, {"1": [1, 3], "2": [4]}, ODD) == (0.5, 0.5)
    assert mean_scores(SMALL, {"2": [4]}, EVEN) == (1.0, 1.0)


@pytest.mark.parametrize("ranker", RANKERS, ids=lambda ranker: ranker.title)
def test_libraries_rank_what_they_are_given(ranker: Ranker) -> None:
    """Each puts the one article that has a question's words first, whatever else stands in the question."""
    if not peer_named(ranker.peer).is_installed():
        pytest.skip(f"{ranker.peer} is not installed, see benchmarks/requirements.txt")
    run = ranker.rank(SMALL)
    assert list(run) == list(SMALL.questions)
    assert [run[question][0] for question in run] == [1, 4, 3]


def test_our_figures_are_those_of_ir_measures() -> None:
    """Where ir-measures is installed, it gives what we give."""
    if importlib.util.find_spec("ir_measures") is None:
        pytest.skip("needs ir-measures, of benchmarks/requirements.txt")
    run = {"1": [3, 1, 2], "2": [1], "3": [2, 3]}
    assert judged(SMALL, run)[ALL] == mean_scores(SMALL, run, ALL)


def test_rankings_share_what_both_have_among_the_first_ten() -> None:
    """Whatever the order, and only the first ten of each count."""
    one = {"1": [*range(10), 99], "2": [1]}
    assert overlap(one, {"1": [*range(9, -1, -1), 98], "2": [2, 1]}) == 1.0
    assert overlap(one, {"1": [99, *range(5)], "2": [2]}) == 0.25


def test_the_page_shows_every_library_and_names_the_missing() -> None:
    """A row for each library, with its figures of both halves, and the versions they were measured with."""
    of_cranfield = {"Dateline": {ODD: (0.5, 0.75), EVEN: (0.625, 0.7), ALL: (0.55, 0.72)}}
    of_kcna = {"Dateline": {ALL: (0.4, 0.8)}, AS_TYPED.title: {ALL: (0.3, 0.6)}}
    machine = this_machine({"tantivy": "0.0"})
    page = page_from_scores(of_cranfield, of_kcna, machine, missing=["bm25s, stemmed"], questions=30)
    assert "| Dateline | 0.500 | 0.750 | 0.625 | 0.700 | 0.550 | 0.720 |" in page
    assert "| Dateline, as typed | 0.300 | 0.600 |" in page
    assert "Left out, as not installed or not named: bm25s, stemmed." in page
    assert "tantivy 0.0" in page
    assert "as a mean over all questions: not measured." in page
    shared = page_from_scores(of_cranfield, {}, machine, missing=(), questions=30, shared=0.9178)
    assert "questions: 0.918." in shared
    assert NOT_HERE in page_from_scores(of_cranfield, {}, machine, missing=(), questions=30)


def test_as_typed_asks_for_all_words_and_other_names() -> None:
    """What readers get has every word, and names by their other names, while the row of libraries has any word."""
    records = (a_record(1, body="goods came from Sinŭiju"), a_record(2, body="goods"), a_record(3, body="신의주 goods"))
    collection = Collection(records, questions={"1": "sinuiju goods"}, grades={})
    assert set(rank_as_typed(collection)["1"]) == {1, 3}
    assert set(rank_by_dateline(collection)["1"]) == {1, 2, 3}


def test_every_grade_is_of_a_question_and_means_something() -> None:
    """Grades of KCNA are 0, 1 or 2, each article once a question, and every question has an answer among them."""
    grades, questions = read_grades(), read_questions()
    assert list(grades) == [question.number for question in questions]
    lines = [line.rsplit("\t", 1)[0] for line in GRADES.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) == len(set(lines))
    for graded in grades.values():
        assert set(graded.values()) <= {0, 1, 2}
        assert 2 in graded.values()
    assert len({question.words for question in questions}) == len(questions) >= 25


def test_the_articles_of_kcna_are_those_with_grades() -> None:
    """Where the articles are on this machine, each graded one is among them."""
    kcna = find_kcna()
    if kcna is None:
        pytest.skip("needs ../shared/data/kcna_2011_2012.jsonl.gz, which is not on this machine")
    assert kcna.collection.grades.keys() == kcna.collection.questions.keys()
    assert len(kcna.collection.records) == len(kcna.ids)
