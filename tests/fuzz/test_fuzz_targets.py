"""The short form of `make fuzz`: its targets, on their seeds and on whatever hypothesis makes of them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import run
from tests.fuzz.targets import SEEDS, TARGETS


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("queries", b"date:2019*", id="a date with a star, which printed as a date"),
        pytest.param("queries", b"date:2019~3 -date:2019-02*~", id="likewise with a distance"),
    ],
)
def test_what_fuzzing_found(name: str, found: bytes) -> None:
    """What once made a target fail does so no more."""
    TARGETS[name](found)


def test_all_are_run() -> None:
    """Every target is one that is run."""
    assert set(run.NAMES) == set(TARGETS)


@pytest.mark.parametrize(("name", "seed"), [(name, seed) for name, seeds in SEEDS.items() for seed in seeds])
def test_seeds_are_taken(name: str, seed: bytes) -> None:
    """What fuzzing begins with is answered."""
    TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_made_of_them_is_answered_or_refused(name: str, data: st.DataObject) -> None:
    """Cut, doubled and garbled as chance will have it, nothing unexpected comes out."""
    seed = data.draw(st.sampled_from(SEEDS[name]))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(seed)), st.integers(0, len(seed)))))
    TARGETS[name](seed[:start] + data.draw(st.binary(max_size=30)) + seed[end:] + seed[start:end])
