"""The harness itself: three nodes that find each other, survive the loss of one, and end with the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.server import PLAIN, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.nodes import Cluster


def test_three_nodes_are_one_cluster(cluster: Cluster) -> None:
    """They are of the version that was asked for, and each knows the others."""
    assert cluster.ask("/")["version"]["number"] == PLAIN.server.version
    assert {row["name"] for row in cluster.ask("/_cat/nodes?format=json")} == {node.name for node in cluster.nodes}


def test_a_node_that_is_killed_comes_back(cluster: Cluster) -> None:
    """Killed, it is missed; started again, it belongs to the others as before."""
    lost = cluster.nodes[1]
    lost.kill()
    cluster.wait_until("green", nodes=2)
    lost.start()
    cluster.wait_until("green", nodes=3)


def test_another_zip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zip whose bytes are not those that were pinned is never unpacked."""
    monkeypatch.setenv("DATELINE_TEST_CACHE", str(tmp_path))
    (tmp_path / PLAIN.server.file_name).write_bytes(b"another")
    with pytest.raises(Unavailable, match="is not what it should be"):
        PLAIN.home()


def test_without_maven_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is nothing to fetch with, the message names the file and where to put it."""
    monkeypatch.setenv("DATELINE_TEST_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=rf"put that at {tmp_path}/{PLAIN.server.file_name}"):
        PLAIN.home()
