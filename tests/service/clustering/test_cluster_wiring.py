"""What is opened on a cluster, and let go of where that fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import ClusterBusy
from service.clustering import wiring

if TYPE_CHECKING:
    from collections.abc import Callable


class Uncountable:
    """A view in which nothing can be counted."""

    state = SimpleNamespace(last_serial=3)
    is_closed = False

    def search(self, *_arguments: object, **_options: object) -> None:
        """Fail."""
        raise ClusterBusy("a shard is not to be had")

    def close(self) -> None:
        """Note that it was closed."""
        self.is_closed = True


@pytest.mark.parametrize("opening", [wiring.open_on_cluster, wiring.articles_on_cluster])
def test_a_view_whose_articles_cannot_be_counted_is_closed(
    monkeypatch: pytest.MonkeyPatch, opening: Callable[..., Any]
) -> None:
    """Or the cluster would keep a point in time for each time that it is tried."""
    view = Uncountable()
    monkeypatch.setattr(wiring, "open_view", lambda *_arguments: view)
    with pytest.raises(ClusterBusy):
        opening(None, "dateline")
    assert view.is_closed
