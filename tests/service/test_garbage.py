"""Answers leave nothing behind that only the collector of cycles could find.

It comes round rarely (`service.app`): until then it would be held, and each worker would need room for it.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.conftest import Api

QUESTIONS = 10

ASKED = [
    "/?q=winter",
    "/?q=nowhere&region=kp",
    "/articles/report-4?q=winter",
    "/docs",
    "/embed?q=winter",
    "/v1/search?q=winter&facet=region&facet=topic&facet=date&explain=1",
    "/v1/search?q=win*+-trade+%22the+market%22&op=or&sort=newest&region=kp&date_from=2019&recency=1y",
    "/v1/search?q=wintre",
    "/v1/facets/region?facet_q=py",
    "/v1/articles/report-4",
    "/v1/articles/report-4/related",
    "/v1/suggest?q=win",
    "/v1/feed.atom?q=winter",
    "/v1/export?q=winter",
    "/v1/feed.json?q=winter",
    "/v1/articles/report-4/evidence",
    "/v1/searches",
    "/oembed?url=http%3A%2F%2Ffalconframework.org%2F%3Fq%3Dwinter",
    "/opensearch.xml",
    "/v1",
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/v1/articles/nothing",
    "/v1/search?page=0&sort=best",
    "/nowhere",
]
"""Questions that are answered and questions that are refused, by path and query."""


BATCH = {"requests": [{"indexName": "articles", "params": {"query": "winter", "facets": ["region", "topic"]}}]}


@pytest.mark.parametrize("asked", ASKED)
def test_an_answer_leaves_no_cycles(api: Api, asked: str) -> None:
    """Whatever was needed for it goes with it."""
    path, _, query = asked.partition("?")
    leaves_nothing(lambda: api.client.simulate_get(path, query_string=query).status_code)


def test_an_answer_to_instantsearch_leaves_no_cycles(api: Api) -> None:
    """Nor does one to several questions."""
    leaves_nothing(lambda: api.client.simulate_post("/v1/instantsearch", json=BATCH).status_code)


def leaves_nothing(ask: Callable[[], int]) -> None:
    """See that asking again and again leaves less than one object each time."""
    ask()  # what is made once
    gc.collect()
    gc.disable()
    try:
        codes = {ask() for _ in range(QUESTIONS)}
        left = gc.collect()
    finally:
        gc.enable()
    assert len(codes) == 1
    assert left < QUESTIONS
