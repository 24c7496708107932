"""Every engine gives the oracle's answers, on random archives and requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.archives import articles_of, histories, requests
from tests.contract.conftest import ENGINES, GENERATION
from tests.reference_engine import ReferenceEngine

if TYPE_CHECKING:
    from search.engine import Engine, Matches, SearchRequest
    from tests.contract.archives import History
    from tests.contract.conftest import BuildEngine

pytestmark = pytest.mark.parametrize("build_engine", [name for name in ENGINES if name != "reference"], indirect=True)

CLOSE = 1.5e-9
"""Scores are rounded to 9 decimals, so two sums that differ in the last bit may differ in the last decimal."""


def assert_agree(found: Matches, expected: Matches) -> None:
    """Totals, facets and order equal; scores equal to 9 decimals."""
    assert found.total == expected.total
    assert found.facets == expected.facets
    assert [match.serial for match in found.top] == [match.serial for match in expected.top]
    for match, reference in zip(found.top, expected.top, strict=True):
        assert abs(match.score - reference.score) <= CLOSE
    assert found.generation == expected.generation


@settings(max_examples=60, deadline=None)
@given(history=histories, asked=st.lists(requests, min_size=1, max_size=6))
def test_answers_on_random_archives_are_the_oracles(
    build_engine: BuildEngine, history: History, asked: list[SearchRequest]
) -> None:
    """Whatever was added, replaced and deleted, in however many commits, answers are those of plain loops."""
    engine = build_engine(history)
    oracle = ReferenceEngine(articles_of(history), GENERATION)
    for request in asked:
        assert_agree(engine.search(request), oracle.search(request))
    engine.close()


@settings(max_examples=120, deadline=None)
@given(request_=requests)
def test_answers_on_a_larger_archive_are_the_oracles(engine: Engine, oracle: Engine, request_: SearchRequest) -> None:
    """Answers are those of plain loops where postings fill several blocks and segments."""
    everything = replace(request_, offset=0, limit=1000)
    assert_agree(engine.search(request_), oracle.search(request_))
    assert_agree(engine.search(everything), oracle.search(everything))
