"""Opening what a cluster has, while its nodes come and go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import ClusterBusy, ClusterError, ClusterUnreachable, NoClusterIndex, ViewGone
from index.opensearch import view
from index.opensearch.client import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

LOST = Refused(404, "search_context_missing_exception", "No search context found for id [172]")
WRONG = Refused(400, "illegal_argument_exception", "keep alive is too large")


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[Refused]:
    """What the cluster says, one after the other, to whoever asks for a point in time; after them it gives one."""
    left: list[Refused] = []

    def point(*_arguments: object) -> str:
        if left:
            raise left.pop(0)
        return "point"

    state = SimpleNamespace(is_pending=False, generation="one")
    monkeypatch.setattr(view, "read_state", lambda *_arguments: ("index", state))
    monkeypatch.setattr(view, "_point_in_time", point)
    return left


def opened(*times: float) -> Any:
    """The view, by a clock that says these times and then stands."""
    cluster: Any = SimpleNamespace()
    clock: Iterator[float] = iter([*times, *[times[-1]] * 10])
    return view.open_view(cluster, "news", clock=lambda: next(clock))


def test_a_node_that_is_lost_meanwhile_does_not_end_it(refusals: list[Refused]) -> None:
    """The cluster is asked again."""
    refusals += [LOST, LOST]
    assert opened(0, 1).generation == "one"
    assert refusals == []


@pytest.mark.parametrize(("refusal", "times"), [(LOST, (0, 60)), (WRONG, (0, 1))], ids=["for good", "wrong question"])
def test_what_does_not_pass_is_told(refusals: list[Refused], refusal: Refused, times: tuple[float, ...]) -> None:
    """After so long, and at once where to ask again is of no use."""
    refusals += [refusal]
    with pytest.raises(Refused, match=refusal.kind):
        opened(*times)


class Held:
    """A cluster that gives points in time and forgets them. Of the index it says one of `states` after the other."""

    def __init__(self, *states: object) -> None:
        self.states = list(states)
        self.held: set[str] = set()
        self._given = 0

    def ask(self, method: str, path: str, body: Any = None, **_options: object) -> dict[str, str]:
        """Answer as a cluster does; shards are busy where it is searched."""
        if path == "/_search":
            raise ClusterBusy("a shard is not to be had")
        if method == "DELETE":
            self.held.difference_update(body["pit_id"])
            return {}
        self._given += 1
        self.held.add(f"point-{self._given}")
        return {"pit_id": f"point-{self._given}"}

    def read_state(self, *_arguments: object) -> tuple[str, Any]:
        """What it says next; the last for ever."""
        state = self.states.pop(0) if self.states[1:] else self.states[0]
        if isinstance(state, ClusterError):
            raise state
        return "index", state


SAME = SimpleNamespace(is_pending=False, generation="one")
UNREACHABLE = ClusterUnreachable(("http://one",), "refused")


def test_an_opening_that_fails_leaves_no_point_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the index cannot be looked at again, the cluster does not keep what was taken in between."""
    cluster: Any = Held(SAME, UNREACHABLE)
    monkeypatch.setattr(view, "read_state", cluster.read_state)
    with pytest.raises(ClusterUnreachable):
        view.open_view(cluster, "news")
    assert cluster.held == set()


@pytest.mark.parametrize(
    ("second_look", "expected"),
    [
        pytest.param(UNREACHABLE, ClusterBusy, id="nobody answers"),
        pytest.param(NoClusterIndex("news"), ViewGone, id="it is gone"),
        pytest.param(SimpleNamespace(is_pending=False, generation="two"), ViewGone, id="it went on"),
    ],
)
def test_a_renewal_that_fails_leaves_no_point_in_time(
    monkeypatch: pytest.MonkeyPatch, second_look: object, expected: type[ClusterError]
) -> None:
    """What a search holds is what it held before, and no more."""
    cluster: Any = Held(SAME, SAME, SAME, second_look)
    monkeypatch.setattr(view, "read_state", cluster.read_state)
    opened = view.open_view(cluster, "news")
    with pytest.raises(expected):
        opened.search({}, patience_s=0.1)
    assert cluster.held == {"point-1"}


class Hanging(Held):
    """A cluster of which a node hangs: half a minute later it says that the node is lost, and after that answers."""

    def __init__(self) -> None:
        super().__init__(SAME)
        self.time = 0.0
        self.asked = 0

    def ask(self, method: str, path: str, body: Any = None, **options: object) -> dict[str, Any]:
        """Answer as a cluster does."""
        if path != "/_search":
            return super().ask(method, path, body, **options)
        self.asked += 1
        if self.asked == 1:
            self.time += 30
            raise LOST
        return {"_shards": {"total": 3, "successful": 3, "failed": 0}}


def test_a_search_that_waited_long_for_a_node_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its patience begins when it is told that the node is lost, and not when it began to wait for it."""
    cluster: Any = Hanging()
    monkeypatch.setattr(view, "read_state", cluster.read_state)
    monkeypatch.setattr(view, "time", SimpleNamespace(monotonic=lambda: cluster.time, sleep=lambda _seconds: None))
    opened = view.open_view(cluster, "news", clock=lambda: cluster.time)
    assert opened.search({})["_shards"]["successful"] == 3
    assert cluster.asked == 2
