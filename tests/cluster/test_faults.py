"""Nodes killed, hung and restarted, indexes swapped, disks full: nothing is lost, and readers do not notice.

A service of two workers is asked all the while, and articles come in; every answer must be right for some moment.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from index.archive.store import Store
from index.document import RawDocument
from index.layout import DataFolder
from service.clustering.wiring import cluster_builder, cluster_indexer, open_cluster
from service.wiring import archive_from_settings, extractor_of
from tests.cluster.archives import OnCluster
from tests.cluster.nodes import PATIENCE_S, Cluster
from tests.torture.extent import FULL
from tests.torture.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ALIAS = "dateline-harmed"
WORD = "found"
"""Every article has it."""


@dataclass(slots=True)
class Reading:
    """What readers saw: totals in the order they saw them, and whatever else happened to them."""

    totals: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def archive(cluster: Cluster, tmp_path: Path) -> Iterator[OnCluster]:
    """Twenty articles on the cluster. In the end, all nodes are there."""
    cluster.ask(f"/{ALIAS}-*", method="DELETE")
    archive = OnCluster(cluster, tmp_path / "data", ALIAS)
    archive.data.mkdir()
    put(archive, 0, 20)
    archive.do("index")
    cluster.wait_until("green")
    yield archive
    for node in cluster.nodes:
        if not node.is_running:
            node.start()
    cluster.wait_until("green", nodes=3)


def put(archive: OnCluster, first: int, last: int) -> None:
    """Have the archive acknowledge articles of these numbers."""
    extractor = extractor_of(DataFolder(archive.data))
    with Store.open(DataFolder(archive.data).archive) as store:
        for number in range(first, last):
            name = f"article-{number}"
            raw = RawDocument(
                id=name, url=None, content=f"Number {number} was {WORD}.", media_type="text/plain", origin=name
            )
            store.put([(raw, extractor.understand(raw, name))], rules=extractor.fingerprint)


@contextmanager
def read(archive: OnCluster) -> Iterator[Reading]:
    """Ask a service over the archive, by two readers, for as long as the block lasts."""
    stop, reading = threading.Event(), Reading()
    elsewhere = archive.data.parent / "elsewhere"
    settings = {
        **archive.environment,
        "DATELINE_DATA": str(elsewhere),
        "DATELINE_ANSWER_CACHE_BYTES": "0",
        # Of the cluster's clock, on a machine that does much else: more than the half minute that it needs to notice
        # that a node hangs, and less than the minute after which such a node is asked again.
        "DATELINE_QUERY_BUDGET_MS": "45000",
    }

    def ask(address: str) -> None:
        while not stop.is_set():
            try:
                with urllib.request.urlopen(f"{address}/v1/search?q={WORD}&facet=date", timeout=PATIENCE_S) as answer:  # noqa: S310 - our own address
                    reading.totals.append(json.load(answer)["total"])
            except (OSError, ValueError) as error:
                said = error.read().decode() if isinstance(error, urllib.error.HTTPError) else ""
                reading.errors.append(f"{error}: {said}")
            time.sleep(0.02)

    with served(elsewhere, **settings) as service:
        address = f"http://{service.host}:{service.port}"
        readers = [threading.Thread(target=ask, args=(address,)) for _ in range(2)]
        for reader in readers:
            reader.start()
        try:
            wait_until(lambda: reading.totals or reading.errors)
            yield reading
        finally:
            stop.set()
            for reader in readers:
                reader.join()


@contextmanager
def follow(archive: OnCluster) -> Iterator[None]:
    """Have the indexer follow the archive for as long as the block lasts."""
    stop = threading.Event()

    def run() -> None:
        with cluster_indexer(archive.settings, lambda _event: None) as indexer:
            indexer.run(stop)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wait_until(holds: Any) -> None:
    """Ask until it is so."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def numbers_found(archive: OnCluster) -> set[str]:
    """The ids of all articles that can be found."""
    with closing(archive_from_settings(archive.settings)) as opened:
        last = opened.searcher.last_serial
        return {document.id for document in opened.searcher.documents(range(1, last + 1))}


def test_a_node_that_is_killed_is_not_missed(archive: OnCluster) -> None:
    """While articles come and readers ask: all that was acknowledged is found, no answer fails, it is green again."""
    lost = archive.cluster.nodes[1]
    with read(archive) as reading, follow(archive):
        put(archive, 20, 40)
        lost.kill()
        put(archive, 40, 80)
        wait_until(lambda: reading.totals[-1] == 80 or reading.errors)
        lost.start()
        archive.cluster.wait_until("green", nodes=3)
        put(archive, 80, 90)
        wait_until(lambda: reading.totals[-1] == 90 or reading.errors)
    assert reading.errors == []
    assert set(reading.totals) <= set(range(20, 91))
    assert numbers_found(archive) == {f"article-{number}" for number in range(90)}


@pytest.mark.skipif(not FULL, reason="minutes of waiting; with it: DATELINE_TORTURE=full make test-cluster")
def test_a_node_that_hangs_is_not_asked_for_ever(archive: OnCluster) -> None:
    """It takes connections and says nothing: who asks it waits and is answered by another, and then all ask others."""
    hung = archive.cluster.nodes[-1]  # the tests ask the first
    with read(archive) as reading, follow(archive):
        hung.pause()
        try:
            put(archive, 20, 40)
            wait_until(lambda: reading.totals[-1] == 40 or reading.errors)
            answered = len(reading.totals)
            wait_until(lambda: len(reading.totals) >= answered + 50 or reading.errors)
        finally:
            hung.resume()
        archive.cluster.wait_until("green", nodes=3)
        # Now it does what it was asked meanwhile, and may take back what the index says of itself; the indexer sees it.
        wait_until(lambda: numbers_found(archive) == {f"article-{number}" for number in range(40)})
    assert reading.errors == []
    assert set(reading.totals) <= set(range(20, 41))


def test_nodes_are_restarted_one_after_the_other(archive: OnCluster) -> None:
    """As an upgrade does it: each is stopped and started when the others are whole. Readers and writers go on."""
    with read(archive) as reading, follow(archive):
        for count, node in enumerate(archive.cluster.nodes, start=1):
            node.stop()
            put(archive, 10 + 10 * count, 20 + 10 * count)
            node.start()
            archive.cluster.wait_until("green", nodes=3)
        wait_until(lambda: reading.totals[-1] == 50 or reading.errors)
    assert reading.errors == []
    assert numbers_found(archive) == {f"article-{number}" for number in range(50)}


def test_an_index_is_swapped_under_load(archive: OnCluster) -> None:
    """Made anew three times and swapped in, while readers ask: every answer is whole."""
    data = DataFolder(archive.data)
    with read(archive) as reading, closing(open_cluster(archive.settings)) as opened, Store.open(data.archive) as store:
        builder = cluster_builder(archive.settings, opened)(store, extractor_of(data), lambda _progress: None)
        for _ in range(3):
            builder.publish(from_store=True)
            answered = len(reading.totals)
            wait_until(lambda answered=answered: len(reading.totals) >= answered + 20 or reading.errors)
    assert reading.errors == []
    assert set(reading.totals) == {20}


def test_full_disks_are_said_to_be(archive: OnCluster) -> None:
    """Past the flood stage nothing is written, which is said; what is there is found; with room again it goes on."""
    put(archive, 20, 25)
    set_watermarks(archive.cluster, "0.1%", "0.2%", "0.3%")
    try:
        wait_until(lambda: is_blocked(archive.cluster))
        result = archive.run("index")
        assert result.exit_code == 2
        assert "as a disk of the OpenSearch cluster is too full" in result.output
        assert "what was acknowledged is kept" in result.output
        assert len(numbers_found(archive)) == 20
        set_watermarks(archive.cluster, "97%", "98%", "99%")
        wait_until(lambda: not is_blocked(archive.cluster))
        assert "with 25 articles" in archive.do("index")
    finally:
        set_watermarks(archive.cluster, None, None, None)


def set_watermarks(cluster: Cluster, low: str | None, high: str | None, flood_stage: str | None) -> None:
    """Have disks count as full from there on; with None, however full they are, as these nodes are started."""
    disk = "cluster.routing.allocation.disk"
    settings = {
        f"{disk}.threshold_enabled": True if low else None,
        f"{disk}.watermark.low": low,
        f"{disk}.watermark.high": high,
        f"{disk}.watermark.flood_stage": flood_stage,
        "cluster.info.update.interval": "10s",
        "cluster.blocks.create_index": None,  # where disks are not looked at, nobody takes it away
    }
    cluster.ask("/_cluster/settings", {"persistent": settings}, method="PUT")


def is_blocked(cluster: Cluster) -> bool:
    """Whether the cluster refuses to write any index of the archive."""
    found = cluster.ask(f"/{ALIAS}-*/_settings?flat_settings=true")
    return any(row["settings"].get("index.blocks.read_only_allow_delete") == "true" for row in found.values())
