"""Which archive is lent while a cluster answers, publishes something else, or is away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from index.errors import (
    ClientMissing,
    ClusterBusy,
    ClusterError,
    ClusterIndexVersion,
    ClusterRefused,
    ClusterTooOld,
    ClusterUnreachable,
    NoClusterIndex,
    ViewGone,
)
from service.clustering.following import DOWN_AFTER_S, LOOK_EVERY_S, ClusterFollowing
from service.clustering.told import NotAsOnCluster, told
from service.problems import problem_from_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.archive import Archive

ADDRESS = "https://search-1.internal:9200"
UNREACHABLE = ClusterUnreachable((ADDRESS,), "connection refused")


@dataclass
class Opened:
    """Stands for an archive that is open."""

    generation: str
    is_closed: bool = False

    def close(self) -> None:
        """Note that it was closed."""
        self.is_closed = True


@dataclass
class FakeCluster:
    """A cluster that has a generation, or fails; and a clock."""

    generation: str = "1-a"
    failure: ClusterError | None = None
    asked: int = 0
    now: float = 0.0
    opened: list[Opened] = field(default_factory=list)

    def generation_of(self) -> str:
        """The generation."""
        self.asked += 1
        if self.failure:
            raise self.failure
        return self.generation

    def open(self) -> Archive:
        """Open it."""
        if self.failure:
            raise self.failure
        self.opened.append(Opened(self.generation))
        return cast("Archive", self.opened[-1])

    def following(self) -> ClusterFollowing:
        """What follows it."""
        return ClusterFollowing(self.generation_of, self.open, clock=lambda: self.now)


def test_it_is_not_asked_too_often() -> None:
    """However often the stamp is looked at, the cluster is asked a few times in a second."""
    cluster = FakeCluster()
    following = cluster.following()
    for _ in range(100):
        following.stamp()
        cluster.now += LOOK_EVERY_S / 100
    assert cluster.asked <= 2


def test_what_is_published_is_opened() -> None:
    """The stamp changes with it; what is lent is lent on if it is that, and the other view of it is let go."""
    cluster = FakeCluster()
    following = cluster.following()
    before = following.stamp()
    lent = following.open_current(None).resource
    assert following.open_current(lent).resource is lent
    assert [opened.is_closed for opened in cluster.opened] == [False, True]
    cluster.generation, cluster.now = "2-a", 1.0
    assert following.stamp() != before
    other = following.open_current(lent).resource
    assert other
    assert other.generation == "2-a"


def test_a_moment_of_silence_is_not_noticed() -> None:
    """A cluster that does not answer for a moment is as it was; for longer, it is down; then it is back."""
    cluster = FakeCluster()
    following = cluster.following()
    before = following.stamp()
    cluster.failure, cluster.now = UNREACHABLE, 1.0
    assert following.stamp() == before
    cluster.now += DOWN_AFTER_S
    assert following.stamp() != before
    cluster.failure, cluster.now = None, cluster.now + 1
    assert following.stamp() == before


@pytest.mark.parametrize(
    ("failure", "goes_on"),
    [
        pytest.param(UNREACHABLE, False, id="no node answers"),
        pytest.param(ClusterBusy("shards"), False, id="shards do not answer"),
        pytest.param(ClusterRefused("no"), False, id="it refuses who asks"),
        pytest.param(
            ClusterIndexVersion("dateline", expected="2", found="1"), True, id="another version took its place"
        ),
        pytest.param(NoClusterIndex("dateline"), True, id="the name is gone"),
    ],
)
def test_what_is_open_answers_if_it_can(failure: ClusterError, *, goes_on: bool) -> None:
    """Where the cluster answers, what is open is lent on, and why is told; where it does not, nothing is lent."""
    cluster = FakeCluster()
    following = cluster.following()
    lent = following.open_current(None).resource
    cluster.failure = failure
    opening = following.open_current(lent)
    assert (opening.resource is lent) == goes_on
    assert isinstance(opening.failure, NotAsOnCluster)
    assert ("1-a is served instead" in opening.failure.told) == goes_on


@pytest.mark.parametrize(
    "failure",
    [
        UNREACHABLE,
        ClusterBusy(f"{ADDRESS} is busy"),
        ClusterRefused(f"{ADDRESS} refuses"),
        NoClusterIndex("dateline"),
        ClusterIndexVersion("dateline", expected="2", found="1"),
        ViewGone("dateline", "1-a"),
        ClusterTooOld(),
        ClientMissing(),
        ClusterError(ADDRESS),
    ],
    ids=lambda failure: type(failure).__name__,
)
@pytest.mark.parametrize(
    "raised", [lambda error: error, lambda error: NotAsOnCluster(error, None)], ids=["asked", "open"]
)
def test_readers_are_told_what_and_not_where(failure: ClusterError, raised: Callable[[ClusterError], Any]) -> None:
    """Every failure is a 503 with what is wrong, and says nothing of the cluster's addresses."""
    problem = problem_from_error(raised(failure))
    assert problem.status == 503
    assert told(failure) in str(problem)
    assert ADDRESS not in str(problem)
