"""The service over a cluster, over HTTP: questions asked of the seeds get the answers that an index on disk gives."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from falcon import testing

from index.gazetteer import load_gazetteer
from search.thesaurus import Lexicon
from service.app import create_app
from service.caching import CachePolicy
from service.serving import Serving
from service.settings import Settings
from service.wiring import archives_of
from tests.cluster.archives import SEEDS, OnCluster
from tests.e2e.test_seeds import (  # noqa: F401 - the same tests, of a client of another service
    test_a_chosen_region_leaves_the_others_in_view,
    test_documents_show_real_answers,
    test_evidence_stands_in_the_text,
    test_questions,
    test_regions_of_everything,
    test_when_and_what,
)
from tests.torture.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.nodes import Cluster


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP, as those tests look at one."""

    status_code: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """What it says."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class HttpClient:
    """Asks a service that runs."""

    address: str

    def simulate_get(self, path: str, *, query_string: str = "", **headers: str) -> Answer:
        """What it answers. Raises `urllib.error.HTTPError` for an error."""
        request = urllib.request.Request(f"{self.address}{path}?{query_string}", headers=headers)  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - likewise
            return Answer(
                response.status,
                response.read().decode(),
                {name.lower(): value for name, value in response.headers.items()},
            )


@pytest.fixture(scope="module")
def archive(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> OnCluster:
    """The seeds, with their index on the cluster."""
    cluster.ask("/dateline-served-*", method="DELETE")
    archive = OnCluster(cluster, tmp_path_factory.mktemp("seeds") / "data", "dateline-served")
    archive.do("ingest", str(SEEDS))
    assert "with 5 articles" in archive.do("index")
    return archive


@pytest.fixture(scope="module")
def client(archive: OnCluster) -> Iterator[HttpClient]:
    """A client of two workers that answer from the cluster, and have no archive of their own."""
    elsewhere = archive.data.parent / "elsewhere"
    settings = {**archive.environment, "DATELINE_DATA": str(elsewhere), "DATELINE_WORKERS": "2"}
    with served(elsewhere, **settings) as service:
        yield HttpClient(f"http://{service.host}:{service.port}")
    assert not elsewhere.exists()


def test_readiness_tells_what_is_served(client: HttpClient) -> None:
    """Which generation, how many articles, up to which change."""
    ready = client.simulate_get("/readyz").json
    assert (ready["status"], ready["articles"], ready["change"]) == ("ready", 5, 5)


def test_workers_agree(client: HttpClient) -> None:
    """Whichever of two workers is asked: one generation, one ETag, and a cursor of one is taken by the other."""
    answers = [client.simulate_get("/v1/search", query_string="q=the&per_page=2") for _ in range(8)]
    assert len({answer.headers["etag"] for answer in answers}) == 1
    cursor = answers[0].json["next_cursor"]
    pages = [
        client.simulate_get("/v1/search", query_string=f"q=the&per_page=2&cursor={cursor}").json["hits"]
        for _ in range(8)
    ]
    assert pages.count(pages[0]) == 8
    assert not {hit["id"] for hit in pages[0]} & {hit["id"] for hit in answers[0].json["hits"]}


@pytest.fixture(scope="module")
def embedded(archive: OnCluster) -> Iterator[testing.TestClient]:
    """A client of the same archive, with its index on disk."""
    archive.do("build", DATELINE_ENGINE="arrays")
    settings = Settings(data=archive.data)
    log = structlog.get_logger()
    archives = archives_of(settings, log)
    serving = Serving(
        archives=archives,
        lexicon=Lexicon.of(load_gazetteer()),
        cache=CachePolicy.from_settings(settings),
        max_body_bytes=settings.max_body_bytes,
    )
    yield testing.TestClient(create_app(serving, log))
    archives.close()


_OWN = frozenset(
    {
        "took_ms",
        "generation",
        "next_cursor",
        "links",
        "score",
        "url",
        "created",
        "age_seconds",
        "home_page_url",
        "feed_url",
        "about",
    }
)
"""What each service says for itself."""


def _common(answer: Any) -> Any:
    """What both must say."""
    if isinstance(answer, dict):
        return {key: _common(value) for key, value in answer.items() if key not in _OWN and not key.endswith("_url")}
    if isinstance(answer, str) and answer.startswith("urn:uuid:"):
        return "an id of an archive's own"
    return [_common(item) for item in answer] if isinstance(answer, list) else answer


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param("/v1/search", "q=smugling&facet=topic", id="a slip of the pen"),
        pytest.param("/v1/search", "q=market+OR+border&recency=1y", id="newer ones first"),
        pytest.param("/v1/search", "q=market+OR+border&sort=newest&facet=date&facet_interval=month", id="newest first"),
        pytest.param("/v1/suggest", "q=smu", id="suggestions"),
        pytest.param("/v1/facets/region", "facet_q=sin", id="values of a facet"),
        pytest.param("/v1/articles/{first}/related", "", id="related articles"),
        pytest.param("/v1/feed.json", "q=market", id="a feed"),
        pytest.param("/v1/export", "q=the&format=jsonl&sort=newest", id="an export"),
    ],
)
def test_all_else_is_answered_alike(client: HttpClient, embedded: testing.TestClient, path: str, query: str) -> None:
    """What the service makes of searches is what it makes of them over an index on disk."""
    first = client.simulate_get("/v1/search", query_string="sort=oldest").json["hits"][0]["id"]
    path = path.format(first=first)
    answers = [asked.simulate_get(path, query_string=query).text for asked in (client, embedded)]
    one, other = ([_common(json.loads(line)) for line in answer.splitlines()] for answer in answers)
    assert one == other
    assert one


@pytest.mark.parametrize("path", ["/v1/search", "/", "/embed"])
def test_what_scores_are_made_of_is_not_told(client: HttpClient, path: str) -> None:
    """Where hits are to be explained, the answer is a 400 that says why they cannot be."""
    with pytest.raises(urllib.error.HTTPError, match="400") as refused:
        client.simulate_get(path, query_string="q=market&explain=1")
    assert "cluster, which rounds scores" in refused.value.read().decode()


@pytest.mark.parametrize("path", ["/", "/?q=market", "/docs", "/opensearch.xml"])
def test_pages_are_there(client: HttpClient, path: str) -> None:
    """Pages are drawn from the cluster's answers as from any."""
    assert client.simulate_get(*path.split("?")[:1], query_string=path.partition("?")[2]).status_code == 200


def test_doctor_and_check_look_at_the_cluster(archive: OnCluster) -> None:
    """Where the index is on a cluster, that is what is looked at: whether it is there, whole and up to date."""
    assert "5 articles" in archive.do("check")
    assert re.search(r"cluster +generation 5-\w+ with 5 articles, up to date", archive.run("doctor").output)
    nothing = replace(archive, index="dateline-nothing")
    assert nothing.run("check").exit_code == 1
    assert "has no index dateline-nothing" in nothing.run("doctor").output
