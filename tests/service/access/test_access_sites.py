"""What a site may have counted, and what names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.access.filters import read_filter
from service.access.keys import Scope
from tests.service.access.conftest import SEEN, site

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.access.conftest import Admission
    from tests.service.conftest import Api


@pytest.fixture
def api(split_api: Callable[..., Api], admission: Admission) -> Api:
    """The archive with a site that may count places and sources."""
    admission.add(site(facets=("region", "source")), site("none", facets=()))
    return split_api()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param("/v1/search", "facet=topic", id="a search"),
        pytest.param("/v1/search", "facet=region&facet=date", id="one of two"),
        pytest.param("/v1/facets/topic", "", id="a facet's own route"),
        pytest.param("/v1/facets/language", "facet_q=e", id="a search in a facet"),
    ],
)
def test_other_facets_are_refused(api: Api, path: str, query: str) -> None:
    """It is told which it may have; the same is answered to others, whatever was kept of that answer."""
    assert api.request("GET", path, query_string=query).status_code == 200
    for _ in range(2):
        refused = api.request("GET", path, query_string=f"{query}&site=newsroom")
        assert refused.status_code == 400
        assert "region, source" in refused.json["detail"]
    head = api.client.simulate_head(path, query_string=f"{query}&site=newsroom")
    assert head.status_code == 400


def test_its_own_facets_are_counted(api: Api) -> None:
    """By each route that counts."""
    assert api.get("/v1/search", {"site": "newsroom", "facet": ["region", "source"]}).json["facets"]["source"]
    assert api.get("/v1/facets/region", {"site": "newsroom"}).json["values"]
    assert api.get("/v1/search", {"site": "none"}).json["facets"] == {}
    assert "none at all" in api.get("/v1/search", {"site": "none", "facet": "region"}).json["detail"]


def test_by_post_too(api: Api) -> None:
    """A question in a body is no way round; its site stands in the address alone."""
    refused = api.request("POST", "/v1/search", query_string="site=newsroom", json={"facet": ["topic"]})
    assert refused.status_code == 400
    misplaced = api.post("/v1/search", {"site": "newsroom"})
    assert misplaced.status_code == 400
    assert "/v1/search?site=" in misplaced.json["detail"]


def test_other_peoples_interfaces_get_what_it_may_count(api: Api) -> None:
    """All facets are those it may have; any other by name is refused, in results and in facet searches."""

    def ask(**item: object) -> object:
        return api.request(
            "POST",
            "/v1/instantsearch",
            query_string="site=newsroom",
            json={"requests": [{"indexName": "articles", **item}]},
        )

    every = ask(params={"facets": ["*"]})
    assert every.status_code == 200  # type: ignore[attr-defined]  # a result
    counted = set(every.json["results"][0]["facets"])  # type: ignore[attr-defined]  # likewise
    assert counted == {"region", "source", *(f"region.lvl{level}" for level in range(4))}
    for item in (
        {"params": {"facets": ["topic"]}},
        {"params": {"facets": ["date.year"]}},
        {"params": {"facets": ["date_timestamp"]}},
        {"type": "facet", "facet": "topic", "params": {"facetQuery": "s"}},
    ):
        assert ask(**item).status_code == 400  # type: ignore[attr-defined]  # likewise


def test_pages_and_suggestions_show_what_it_may_count(api: Api) -> None:
    """No facet, map, histogram or suggestion with a count of anything else."""
    page = api.client.simulate_get("/", query_string="site=newsroom").text
    assert 'id="region-name"' in page
    assert 'id="topic-name"' not in page
    assert 'class="histogram"' not in page
    bare = api.client.simulate_get("/", query_string="site=none").text
    assert 'class="map"' not in bare
    kinds = {group["kind"] for group in api.get("/v1/suggest", {"site": "newsroom", "q": "s"}).json["groups"]}
    assert kinds == {"title", "place", "source"}


def test_a_change_of_rules_is_another_answer(split_api: Callable[..., Api], admission: Admission) -> None:
    """When a site's filter changes, neither what was kept nor what a browser has is taken for its answer."""
    admission.add(site(filters=(SEEN,)))
    api = split_api()
    before = api.get("/v1/search", {"site": "newsroom"})
    assert (
        api.get("/v1/search", {"site": "newsroom"}, headers={"If-None-Match": before.headers["etag"]}).status_code
        == 304
    )
    admission.rules.said = type(admission.rules.said)(sites=(site(filters=("source:secret-press",)),))
    after = api.get("/v1/search", {"site": "newsroom"}, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.json["total"] == 1 != before.json["total"]


def test_many_extents_are_not_all_kept(split_api: Callable[..., Api], admission: Admission) -> None:
    """However many different tokens ask, each gets its own answer, and memory is bounded."""
    key = admission.key(Scope.READ)
    api, public = split_api(is_public=False), split_api()
    for year in (*range(1990, 2040), *range(2017, 2022)):
        token = admission.token(key, f"date:{year}")
        found = api.get("/v1/search", headers={"Authorization": f"Bearer {token}"}).json["total"]
        assert found == public.get("/v1/search", {"q": f"date:{year}"}).json["total"]
    with api.serving.archives.lease() as archive:
        assert len(archive.extents._made) <= 32  # noqa: SLF001 - what is kept is nobody else's to know


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        pytest.param("source:daily-nk", "source:daily-nk", id="a value"),
        pytest.param(
            'region:"North Pyongan" OR region:Chagang', 'region:"North Pyongan" OR region:Chagang', id="either"
        ),
        pytest.param("-topic:markets", "-topic:markets", id="not"),
        pytest.param("date:2015..", "date:2015-01-01..", id="days"),
        pytest.param("source:a -(topic:b OR topic:c)", "source:a -(topic:b OR topic:c)", id="several"),
    ],
)
def test_filters_are_questions_without_words(text: str, canonical: str) -> None:
    """Values and days, joined as in any question."""
    assert str(read_filter(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "rice", "source:a rice", '"a phrase"', "ric*", "title:rice", "source:", "nofield:x", "date:nonsense",
        "source:a (", "source:-a", "x" * 300,
    ],
)  # fmt: skip
def test_a_filter_is_taken_exactly_or_not_at_all(text: str) -> None:
    """What a search would make the best of would let too much or too little through."""
    with pytest.raises(ValueError, match="filter"):
        read_filter(text)
