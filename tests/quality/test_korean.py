"""The ratchet of Korean: precision and recall on the test set must not fall below their floors. See docs/korean.md.

Run with `-s` to see the table, and for every question what was missed (-) and what was found and is no answer (+).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from index.analysis import Korean, analyse_korean
from index.errors import AnalyserMissing
from tests.quality.floors import check_floors
from tests.quality.korean import (
    ENGLISH,
    Answer,
    ask_all,
    grouped,
    load_articles,
    load_questions,
    mean_score,
    published,
    score_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module", params=list(Korean))
def korean(request: pytest.FixtureRequest) -> Iterator[Korean]:
    """What Korean words are taken apart into; that of most archives again afterwards."""
    try:
        analyse_korean(request.param)
    except AnalyserMissing:
        pytest.skip("needs kiwipiepy, which is not installed: pip install 'dateline[korean]'")
    try:
        yield request.param
    finally:
        analyse_korean(Korean.PAIRS)


@pytest.fixture(scope="module")
def answers(korean: Korean, tmp_path_factory: pytest.TempPathFactory) -> tuple[Answer, ...]:
    """What the questions find."""
    folder: Path = tmp_path_factory.mktemp(korean) / "data"
    archive = published(folder)
    try:
        found = tuple(ask_all(folder, archive))
    finally:
        archive.close()
    sys.stdout.write(f"\nby {korean}\n{score_table(found)}")
    return found


def test_the_set_is_sound() -> None:
    """There are enough articles and questions, each once, and every question has answers, all of them articles."""
    ids = [raw.id for raw in load_articles()]
    questions = load_questions()
    assert len(ids) == len(set(ids)) >= 40
    assert len({question.text for question in questions}) == len(questions)
    assert sum(ENGLISH not in question.about for question in questions) >= 60
    for question in questions:
        assert question.finds
        assert question.finds | question.doubtful <= set(ids)
        assert not question.finds & question.doubtful


@pytest.mark.parametrize("kind", ["Korean", "particles", "spacing", "one letter", "hanja", ENGLISH])
def test_korean_is_found_as_well_as_before(korean: Korean, answers: tuple[Answer, ...], kind: str) -> None:
    """Neither precision nor recall falls below its floor: of all Korean questions, and of those hard in some way."""
    assert check_floors(f"korean by {korean}, {kind}", mean_score(grouped(answers)[kind])) == ()
