"""A question over its budget is refused by every route that asks one, by parameter, limit and value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from search.budget import Budgeted
from search.engine import SearchRequest
from search.engines.arrays import ArraysEngine
from search.errors import OverBudget
from search.query import Term

if TYPE_CHECKING:
    from collections.abc import Callable


class Costly:
    """An engine to which every question is too much."""

    generation = "1-x"

    def search(self, _request: object) -> Any:
        """Refuse it."""
        raise OverBudget(250)

    def close(self) -> None:
        """Nothing."""


@pytest.mark.parametrize(
    "path", ["/v1/search", "/v1/facets/region", "/v1/feed.atom", "/v1/feed.json", "/v1/export", "/"]
)
def test_it_is_a_400_that_says_so(path: str, archives: Any, api_of: Callable[..., Any], monkeypatch: Any) -> None:
    """The problem names `q` and the budget; nothing is logged as our fault."""
    with archives.lease() as archive:
        monkeypatch.setattr(archive.searcher, "_engine", Costly())
        api = api_of(archives)
        answer = api.client.simulate_get(path, params={"q": "costly"}, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert "takes more than the 250 ms of work that a question may" in answer.text
    assert not [line for line in api.log.lines if line["level"] == "error"]


def test_the_arrays_engine_gives_up_between_its_steps(archives: Any) -> None:
    """With no time at all left, the first step is the last."""
    with archives.lease() as archive:
        engine = archive.searcher._engine  # noqa: SLF001 - the engine that is served
        while not isinstance(engine, ArraysEngine):
            engine = engine._engine  # noqa: SLF001 - what is wrapped
        late = iter([0.0, *[1.0] * 100])
        with pytest.raises(OverBudget):
            Budgeted(engine, 10, lambda: next(late)).search(SearchRequest(query=Term("market")))
