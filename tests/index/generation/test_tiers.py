"""Few pieces, each article rewritten a few times at most, and nobody held up by a large merge."""

from __future__ import annotations

import math

import pytest

from index.generation.tiers import DEAD_SHARE, SMALLEST_TIER, TIER, WAITING, Size, find_merge


@pytest.mark.parametrize(
    ("sizes", "most_merged", "wanted"),
    [
        pytest.param([], math.inf, None, id="nothing"),
        pytest.param([Size(1, 0)] * (TIER - 1), math.inf, None, id="too few"),
        pytest.param([Size(1, 0)] * TIER, math.inf, slice(0, TIER), id="enough small ones"),
        pytest.param(
            [Size(100_000, 0), *[Size(1, 0)] * TIER], math.inf, slice(1, TIER + 1), id="a large one stays out of it"
        ),
        pytest.param(
            [*[Size(1, 0)] * 4, Size(100_000, 0), *[Size(1, 0)] * 4], math.inf, None, id="not neighbours of a large one"
        ),
        pytest.param(
            [*[Size(9000, 0)] * TIER, Size(1, 0)], math.inf, slice(0, TIER + 1), id="a small one among its betters"
        ),
        pytest.param([*[Size(9000, 0)] * TIER, Size(1, 0)], 50_000, None, id="too large to be merged now"),
        pytest.param([Size(9000, 0)] * WAITING, 50_000, slice(0, WAITING), id="too many to wait any longer"),
        pytest.param([Size(5000, 2000), Size(1, 0)], math.inf, slice(0, 1), id="mostly dead"),
        pytest.param([Size(5000, 2000), Size(1, 0)], 1000, None, id="mostly dead, and too large for now"),
        pytest.param([Size(5000, int(5000 * DEAD_SHARE)), Size(1, 0)], math.inf, None, id="partly dead"),
        pytest.param([Size(SMALLEST_TIER, SMALLEST_TIER)], math.inf, None, id="dead, and small"),
    ],
)
def test_which_neighbours_become_one(sizes: list[Size], most_merged: float, wanted: slice | None) -> None:
    """Neighbours of a tier are merged when there are enough of them, unless together they are too large for now."""
    assert find_merge(sizes, most_merged=most_merged) == wanted


def test_an_archive_that_grows_one_by_one_has_few_pieces_and_is_rewritten_little() -> None:
    """After 50,000 single additions there are some dozen pieces, and no tier but the lowest was rewritten twice."""
    sizes: list[Size] = []
    rewritten = 0
    articles = 50_000
    for _ in range(articles):
        sizes.append(Size(1, 0))
        while (run := find_merge(sizes)) is not None:
            merged = sum(size.live for size in sizes[run])
            rewritten += merged
            sizes[run] = [Size(merged, 0)]
    assert sum(size.live for size in sizes) == articles
    tiers = math.ceil(math.log(articles / SMALLEST_TIER, TIER)) + 1
    assert len(sizes) <= (TIER - 1) * tiers
    # What is of the lowest tier is rewritten with every seventh addition, which its size is chosen for
    assert rewritten / articles <= SMALLEST_TIER / 2 / (TIER - 1) + tiers
