"""What cannot work with a cluster is said: which setting, what the cluster said, what to do; never a password."""

from __future__ import annotations

import urllib.request
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import structlog

from service.clustering.wiring import open_cluster
from service.wiring import archive_from_settings, archives_of
from tests.cluster.archives import SEEDS, OnCluster
from tests.cluster.nodes import HOST, Cluster, Node
from tests.cluster.server import PLAIN
from tests.torture.serving import served

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "not-the-password"  # noqa: S105 - a wrong one


@pytest.fixture(scope="module")
def secured(secure_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> OnCluster:
    """The seeds on a cluster that asks who asks."""
    archive = OnCluster(secure_cluster, tmp_path_factory.mktemp("secured") / "data", "dateline-secured")
    archive.do("ingest", str(SEEDS))
    assert "with 5 articles" in archive.do("index")
    return archive


def test_web_workers_read_as_who_may_only_read(secured: OnCluster) -> None:
    """Over TLS, as the user `web`, all that readers ask is answered."""
    web = replace(secured, user="web", data=secured.data.parent / "elsewhere")
    with served(web.data, **web.environment) as service:
        address = f"http://{service.host}:{service.port}"
        for path in ("/readyz", "/v1/search?q=smugling&facet=region&facet=date", "/?q=market*"):
            with urllib.request.urlopen(address + path, timeout=60) as answer:  # noqa: S310 - our own address
                assert answer.status == 200


def test_who_may_only_read_leaves_nothing_open(secured: OnCluster) -> None:
    """A point in time is given back when a generation is closed: the user `web` may do that, too."""
    before = points_in_time(secured.cluster)
    with closing(archive_from_settings(replace(secured, user="web").settings)):
        assert points_in_time(secured.cluster) > before
    assert points_in_time(secured.cluster) == before


def points_in_time(cluster: Cluster) -> int:
    """How many points in time the cluster keeps for readers: a node keeps some hundreds at most."""
    found = cluster.ask("/dateline-secured*/_stats/search")
    return int(found["_all"]["total"]["search"]["point_in_time_current"])


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        pytest.param({"DATELINE_OPENSEARCH_USER": "nobody"}, "See the user and password", id="another user"),
        pytest.param({"DATELINE_OPENSEARCH_USER": ""}, "See the user and password", id="no user"),
        pytest.param({"DATELINE_OPENSEARCH_PASSWORD_FILE": "{wrong}"}, "See the user and password", id="password"),
        pytest.param({"DATELINE_OPENSEARCH_PASSWORD_FILE": "{empty}"}, "is empty", id="an empty file"),
        pytest.param({"DATELINE_OPENSEARCH_PASSWORD_FILE": "{none}"}, "cannot be read", id="no file"),
        pytest.param({"DATELINE_OPENSEARCH_CA_FILE": ""}, "certificate", id="nobody vouches for the nodes"),
        pytest.param({"DATELINE_OPENSEARCH_CA_FILE": "{none}"}, "there is no such file", id="no certificates"),
        pytest.param({"DATELINE_OPENSEARCH_URL": "{plain}"}, "no OpenSearch node answers", id="without TLS"),
        pytest.param({"DATELINE_OPENSEARCH_URL": "{userinfo}"}, "must not hold a user or a password", id="in the URL"),
        pytest.param({"DATELINE_OPENSEARCH_INDEX": "elsewhere"}, "what that user may do", id="an index not theirs"),
    ],
)
def test_who_asks_wrongly_is_told(secured: OnCluster, tmp_path: Path, variables: dict[str, str], said: str) -> None:
    """A message that names what to look at, and nothing else: no trace, no password."""
    (tmp_path / "wrong").write_text(SECRET)
    (tmp_path / "empty").write_text("\n")
    places = {
        "wrong": tmp_path / "wrong",
        "empty": tmp_path / "empty",
        "none": tmp_path / "none",
        "plain": secured.cluster.url.replace("https", "http"),
        "userinfo": secured.cluster.url.replace("//", f"//indexer:{SECRET}@"),
    }
    given = {name: value.format(**places) for name, value in variables.items()}
    result = secured.run("index", **given)
    assert result.exit_code == 2
    assert said in result.output
    assert secured.cluster.secrets
    for secret in (SECRET, secured.cluster.secrets.password("indexer")):
        assert secret not in result.output


def test_who_may_only_read_cannot_write(secured: OnCluster) -> None:
    """The user of the web workers is refused what the indexer does, and the message says what was refused."""
    web = replace(secured, user="web")
    result = web.run("migrate", "--to", "opensearch", DATELINE_ENGINE="arrays")
    assert result.exit_code == 2
    assert "no permissions for" in result.output


def test_no_cluster_at_all(tmp_path: Path) -> None:
    """Commands say that no node answers, and where; the service says that it is not ready, to readers without where."""
    node = Node(name="none", edition=PLAIN, folder=tmp_path, http_port=1, transport_port=2, heap_mb=1, environment={})
    archive = OnCluster(Cluster((node,)), tmp_path / "data", "dateline")
    archive.do("ingest", str(SEEDS))
    for command in (["index"], ["search", "rice"]):
        result = archive.run(*command)
        assert result.exit_code == 2
        assert f"no OpenSearch node answers at http://{HOST}:1" in result.output
    archives = archives_of(archive.settings, structlog.get_logger())
    with closing(archives), pytest.raises(Exception, match="no OpenSearch node answers") as caught, archives.lease():
        pass
    assert "the OpenSearch cluster does not answer" in caught.value.told  # type: ignore[attr-defined]  # or it fails
    assert HOST not in caught.value.told  # type: ignore[attr-defined]  # likewise


def test_a_cluster_without_an_index(cluster: Cluster, tmp_path: Path) -> None:
    """A service over a cluster that has nothing yet says how to make it."""
    archive = OnCluster(cluster, tmp_path / "data", "dateline-none")
    result = archive.run("search", "rice")
    assert result.exit_code == 2
    assert "the OpenSearch cluster has no index dateline-none" in result.output
    assert "dateline migrate --to opensearch" in result.output


def test_an_index_of_another_version(cluster: Cluster, tmp_path: Path) -> None:
    """It is not read, both versions are named, and the indexer makes it anew by itself."""
    cluster.ask("/dateline-aged-*", method="DELETE")
    archive = OnCluster(cluster, tmp_path / "data", "dateline-aged")
    archive.do("ingest", str(SEEDS))
    archive.do("index")
    with closing(open_cluster(archive.settings)) as opened:
        [(_, mapping)] = opened.ask("GET", "/dateline-aged/_mapping").items()
        meta = mapping["mappings"]["_meta"]
        meta["dateline"]["format"] = "os0.0.0"
        opened.ask("PUT", "/dateline-aged/_mapping", {"_meta": meta})
    result = archive.run("search", "rice")
    assert result.exit_code == 2
    assert "is of index format os0.0.0; this version of Dateline reads" in result.output
    assert "with 5 articles" in archive.do("index")
    assert archive.run("search", "rice").exit_code == 0
