"""`dateline migrate`: to a cluster while articles come, compared before it is switched to, and back."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from index.archive.store import Store
from index.layout import DataFolder, current
from index.opensearch.alone import MIGRATE, made_alone
from index.opensearch.following import ClusterBuilder
from index.opensearch.schema import entry_from_document
from index.opensearch.writing import Gone, open_writer
from service.clustering.wiring import open_cluster
from service.commands import migrating
from service.wiring import archive_from_settings
from tests.cluster.archives import OnCluster
from tests.cluster.nodes import Cluster
from tests.torture.serving import articles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ARTICLES = 60


@pytest.fixture
def archive(cluster: Cluster, tmp_path: Path) -> OnCluster:
    """An archive with its index on disk, and nothing on the cluster."""
    archive = OnCluster(cluster, tmp_path / "data", "dateline-migrated")
    cluster.ask("/dateline-migrated-*", method="DELETE")
    take_in(archive, list(articles(ARTICLES))[1:])
    archive.do("build", DATELINE_ENGINE="arrays")
    return archive


def take_in(archive: OnCluster, rows: Iterable[Mapping[str, object]]) -> None:
    """Put articles into the archive."""
    path = archive.data.parent / "articles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    archive.do("ingest", str(path))


def migrate(archive: OnCluster, *options: str) -> str:
    """Move it to the cluster, with the settings that it has until then; what was said."""
    return archive.do("migrate", "--to", "opensearch", "--sample", "60", *options, DATELINE_ENGINE="arrays")


def shown(archive: OnCluster) -> tuple[int, int]:
    """How many articles can be found on the cluster, and the change it shows."""
    with closing(archive_from_settings(archive.settings)) as opened:
        return opened.articles, opened.change


def test_it_is_compared_and_switched_to(archive: OnCluster) -> None:
    """All articles and the answers to questions are compared; then the name stands for it, and the indexer goes on."""
    said = migrate(archive)
    assert re.search(r"Every one of 59 articles is there, and the same: SHA-256 [0-9a-f]{64}", said)
    assert re.search(r"Totals and facets of \d+ questions are the same", said)
    assert "DATELINE_ENGINE=opensearch" in said
    assert shown(archive) == (59, 59)
    take_in(archive, [{"id": "new", "title": "New", "body": "Something new."}])
    assert "1 written" in archive.do("index")
    assert shown(archive) == (60, 60)


def test_what_comes_meanwhile_is_there(archive: OnCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles that are added, changed and deleted while it is indexed are in what is compared and switched to."""
    publish = migrating._publish  # noqa: SLF001 - the moment after everything was indexed

    def meanwhile(folder: DataFolder, store: Store) -> object:
        take_in(
            archive, [{"id": "late", "body": "It came late."}, {"id": "report-1", "body": "It says something else."}]
        )
        with Store.open(folder.archive) as other:
            other.delete("report-2")
        return publish(folder, store)

    monkeypatch.setattr(migrating, "_publish", meanwhile)
    said = migrate(archive)
    assert "Indexed 3 articles that came or changed meanwhile" in said
    assert "Every one of 59 articles" in said
    assert shown(archive) == (59, 62)


def test_what_comes_while_it_is_compared_is_there(archive: OnCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is switched to shows the archive as it is then, however long comparing took."""
    compare = migrating._compare  # noqa: SLF001 - after it nothing is compared any more

    def meanwhile(*arguments: Any) -> None:
        compare(*arguments)
        take_in(archive, [{"id": "late", "body": "It came late."}])

    monkeypatch.setattr(migrating, "_compare", meanwhile)
    assert "Indexed 1 article that came or changed while it was compared" in migrate(archive)
    assert shown(archive) == (60, 60)


def test_one_process_at_a_time_makes_an_index(archive: OnCluster) -> None:
    """Others are told who does. What is searched already is followed meanwhile."""
    with made_alone(DataFolder(archive.data), MIGRATE):
        for command in (("migrate", "--to", "opensearch"), ("index",)):
            result = archive.run(*command)
            assert result.exit_code == 2
            assert "dateline migrate is making an index of this archive" in result.output
    migrate(archive)
    with made_alone(DataFolder(archive.data), MIGRATE):
        take_in(archive, [{"id": "new", "body": "Something new."}])
        assert "1 written" in archive.do("index")
    assert shown(archive) == (60, 60)


def test_broken_off_it_goes_on(archive: OnCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second run does not write again what the first did, and the service on disk never noticed."""
    monkeypatch.setattr("index.opensearch.following.NOTED_EVERY", 10)
    see = ClusterBuilder._see_all_there  # noqa: SLF001 - the last thing before it would be complete

    def fail(_builder: ClusterBuilder, _name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ClusterBuilder, "_see_all_there", fail)
    assert archive.run("migrate", "--to", "opensearch", DATELINE_ENGINE="arrays").exit_code == 130
    monkeypatch.setattr(ClusterBuilder, "_see_all_there", see)
    assert "Indexed 59 articles on the cluster, 0 of them now" in migrate(archive)
    assert shown(archive) == (59, 59)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        pytest.param("missing", "it has 58 articles of 59", id="an article that is missing"),
        pytest.param("other", "says something else", id="an article that says something else"),
    ],
)
def test_what_is_not_the_same_is_not_switched_to(
    archive: OnCluster, monkeypatch: pytest.MonkeyPatch, harm: str, said: str
) -> None:
    """Where an article differs, it says which or how many, and what was searched before is searched still."""
    migrate(archive)
    before = shown(archive)
    align = migrating._align  # noqa: SLF001 - the last thing before it is compared

    def harmed(cluster: object, name: str, store: Store, generation: object) -> None:
        align(cluster, name, store, generation)  # type: ignore[arg-type]  # whatever they are
        with closing(open_cluster(archive.settings)) as opened:
            writer = open_writer(opened, name)
            change = writer.state.reflects.change + 1
            if harm == "missing":
                writer.write([Gone(7)], change=change)
            else:
                other = next(other for serial, other in store.documents() if serial == 8)
                writer.write([entry_from_document(7, other)], change=change)
            writer.publish(writer.state.reflects, now=writer.state.created)

    monkeypatch.setattr(migrating, "_align", harmed)
    result = archive.run("migrate", "--to", "opensearch", DATELINE_ENGINE="arrays")
    assert result.exit_code == 2
    assert said in result.output
    assert "Nothing was switched" in result.output
    assert shown(archive) == before


def test_another_archive_is_not_overwritten(archive: OnCluster, tmp_path: Path) -> None:
    """A name that stands for the index of another archive is left alone, and the message says what to do."""
    migrate(archive)
    other = OnCluster(archive.cluster, tmp_path / "other", archive.index)
    take_in(other, [{"id": "one", "body": "Another archive."}])
    result = other.run("migrate", "--to", "opensearch", DATELINE_ENGINE="arrays")
    assert result.exit_code == 2
    assert "Choose another DATELINE_OPENSEARCH_INDEX" in result.output
    assert shown(archive) == (59, 59)


def test_and_back(archive: OnCluster) -> None:
    """Back on disk is what the archive says by then, however old the index there was."""
    migrate(archive)
    take_in(archive, [{"id": "new", "body": "Something new."}])
    archive.do("index")
    assert "60 articles is on disk" in archive.do("migrate", "--to", "embedded")
    assert current(DataFolder(archive.data)).manifest.articles == 60


def test_no_address_is_a_clear_error(tmp_path: Path) -> None:
    """Without the cluster's address in the settings it says which setting is missing."""
    nowhere = OnCluster(Cluster(()), tmp_path / "data", "dateline")
    take_in(nowhere, [{"id": "one", "body": "Here."}])
    result = nowhere.run("migrate", "--to", "opensearch", DATELINE_OPENSEARCH_URL="")
    assert result.exit_code == 2
    assert "DATELINE_OPENSEARCH_URL is needed" in result.output
