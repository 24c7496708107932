"""Opening what a cluster has, while its nodes come and go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

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
