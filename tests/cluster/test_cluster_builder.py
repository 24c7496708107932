"""An index on a cluster follows a store: made beside, swapped in, gone on with, brought up to date."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.archive.store import Store
from index.document import Declared
from index.errors import ClusterIndexOther, ClusterIndexVersion, IndexingError, NoClusterIndex, ViewGone
from index.opensearch import following
from index.opensearch.client import Cluster, Connection
from index.opensearch.following import READ_ON, ClusterBuilder
from index.opensearch.schema import entry_from_document
from index.opensearch.state import State, meta_of, numbers_of, read_state, swap_alias, write_state
from index.opensearch.view import generation_of, open_view
from index.opensearch.writing import Gone, IndexWriter, open_writer
from search.engine import SearchRequest
from search.engines.opensearch import OpenSearchEngine
from search.engines.opensearch_articles import KnownNames, OpenSearchArticles
from search.query import Term
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from index.document import Document
    from tests.cluster.nodes import Cluster as Nodes

ALIAS = "built"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        """The time that is set."""
        return self.now


@pytest.fixture
def opened(cluster: Nodes) -> Iterator[Cluster]:
    """The cluster, without an index of these tests."""
    opened = Cluster(Connection(urls=tuple(cluster.url.split())))
    opened.ask("DELETE", f"/{ALIAS}-*")
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An archive of three articles."""
    with Store.open(tmp_path / "archive.sqlite") as store:
        put(store, "one", "two", "three")
        yield store


def put(store: Store, *names: str, text: str = "words of") -> None:
    """Put articles that say their names."""
    extractor = FakeExtractor()
    raws = [article(f"{text} {name}", article_id=name) for name in names]
    store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules=extractor.fingerprint)


def builder(cluster: Cluster, store: Store, clock: Callable[[], dt.datetime] = Clock()) -> ClusterBuilder:  # noqa: B008 - never set
    """What brings the index of these tests up to date."""
    return ClusterBuilder(cluster, ALIAS, store, FakeExtractor(), shards=3, replicas=1, clock=clock)


def found(cluster: Cluster, term: str) -> list[int]:
    """The serials of the articles with a term."""
    engine = OpenSearchEngine(open_view(cluster, ALIAS))
    matches = engine.search(SearchRequest(query=Term(term)))
    engine.close()
    return sorted(match.serial for match in matches.top)


def test_the_index_says_what_the_store_says(opened: Cluster, store: Store) -> None:
    """Everything is written, searchable under the alias, and the very documents of the store come back."""
    report = builder(opened, store).publish()
    assert (report.articles, report.changed, report.is_difference, report.skipped) == (3, 3, False, False)
    assert report.state.reflects.change == store.change
    assert generation_of(opened, ALIAS) == report.state.generation
    assert found(opened, "word") == [1, 2, 3]
    articles = OpenSearchArticles(open_view(opened, ALIAS))
    assert articles.documents([3, 1]) == tuple(dict(store.documents())[serial] for serial in (3, 1))
    assert (articles.count, articles.last_serial) == (3, 3)
    kept = store.find("two")
    assert kept is not None
    assert articles.find("two") == kept.document
    assert articles.find("nobody") is None
    articles.close()


def test_it_follows_what_changes_and_nothing_else(opened: Cluster, store: Store) -> None:
    """Additions, changes and deletions are written into the same index; where nothing changed, nothing is."""
    follower = builder(opened, store)
    first = follower.publish()
    put(store, "four")
    put(store, "one", text="other")
    store.delete("two")
    second = follower.publish()
    assert (second.name, second.changed, second.is_difference) == (first.name, 3, True)
    assert (found(opened, "word"), found(opened, "other")) == ([3, 4], [1])
    assert follower.publish().skipped
    assert builder(opened, store).publish().skipped


def test_a_view_stays_as_it_was(opened: Cluster, store: Store) -> None:
    """Who opened the index before a change sees it as it was then, and its generation has another id."""
    follower = builder(opened, store)
    follower.publish()
    before = open_view(opened, ALIAS)
    engine = OpenSearchEngine(before)
    store.delete("two")
    follower.publish()
    assert engine.search(SearchRequest()).total == 3
    assert generation_of(opened, ALIAS) != before.generation
    engine.close()


def test_what_was_lost_is_opened_again_if_it_is_still_the_same(opened: Cluster, store: Store) -> None:
    """A point in time that the cluster forgot is replaced unnoticed; if the index went on meanwhile, that is said."""
    follower = builder(opened, store)
    follower.publish()
    engine = OpenSearchEngine(open_view(opened, ALIAS))
    opened.ask("DELETE", "/_search/point_in_time/_all")
    assert engine.search(SearchRequest()).total == 3
    store.delete("two")
    follower.publish()
    opened.ask("DELETE", "/_search/point_in_time/_all")
    with pytest.raises(ViewGone, match="a newer one took its place"):
        engine.search(SearchRequest())
    engine.close()


def test_what_is_written_twice_is_there_once_and_old_never_replaces_new(opened: Cluster, store: Store) -> None:
    """A batch that is sent again changes nothing, and neither does one of an earlier change, deletions included."""
    report = builder(opened, store).publish()
    documents = dict(store.documents())
    change = report.state.reflects.change
    writer = open_writer(opened, ALIAS)
    writer.write([Gone(2), entry_from_document(1, documents[3])], change=change + 1)
    writer.write([entry_from_document(serial, document) for serial, document in documents.items()], change=change)
    writer.write([Gone(3)], change=change)
    writer.publish(report.state.reflects, now=dt.datetime.now(dt.UTC))
    assert (found(opened, "word"), found(opened, "three")) == ([1, 3], [1, 3])


def test_a_build_that_was_broken_off_is_gone_on_with(
    opened: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written stays; what changed meanwhile, and what was never reached, is added; then it is swapped in."""
    monkeypatch.setattr(following, "NOTED_EVERY", 2)
    whole = builder(opened, store)
    seen: list[int] = []

    def documents(*, after: int = 0) -> Iterator[tuple[int, object]]:
        for serial, document in Store.documents(store, after=after):
            if serial == 3 and not seen and numbers_of(opened, ALIAS, store.id):
                seen.append(serial)
                raise IndexingError("the disk is gone")
            yield serial, document

    monkeypatch.setattr(store, "documents", documents)
    with pytest.raises(IndexingError, match="the disk is gone"):
        whole.publish()
    [number] = numbers_of(opened, ALIAS, store.id)
    assert read_state(opened, f"{ALIAS}-{store.id}-{number}")[1].built_to == 2
    put(store, "one", text="other")
    put(store, "four")
    report = builder(opened, store).publish()
    assert report.name.endswith(f"-{number}")
    assert report.changed == 3
    assert (found(opened, "word"), found(opened, "other")) == ([2, 3, 4], [1])


def test_words_that_were_left_without_articles_are_in_nobodys_way(
    opened: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the making of an index is broken off before it has an index of articles, it is made all the same."""
    ask = Cluster.ask

    def broken_off(cluster: Cluster, method: str, path: str, *arguments: Any, **options: Any) -> Any:
        if method == "PUT" and path == f"/{ALIAS}-{store.id}-1":
            raise IndexingError("the machine is gone")
        return ask(cluster, method, path, *arguments, **options)

    with monkeypatch.context() as breaking:
        breaking.setattr(Cluster, "ask", broken_off)
        with pytest.raises(IndexingError, match="the machine is gone"):
            builder(opened, store).publish()
    assert builder(opened, store).publish().name == f"{ALIAS}-{store.id}-1"
    assert found(opened, "word") == [1, 2, 3]


@pytest.mark.parametrize(
    ("noted", "deleted", "left"),
    [
        pytest.param(0, "one", [2, 3, 4], id="before it said anything"),
        pytest.param(2, "four", [1, 2, 3], id="after it said something"),
    ],
)
def test_what_was_sent_and_is_gone_when_a_build_goes_on_is_deleted(  # noqa: PLR0913, PLR0917 - fixtures and cases
    opened: Cluster, store: Store, monkeypatch: pytest.MonkeyPatch, noted: int, deleted: str, left: list[int]
) -> None:
    """Also where the index never said that it has the article: or it would have more than the store for ever."""
    monkeypatch.setattr(following, "NOTED_EVERY", 2)
    put(store, "four")
    publish = IndexWriter.publish

    def broken_off(writer: IndexWriter, *arguments: Any, **options: Any) -> State:
        if writer.last_serial > noted:
            raise IndexingError("the machine is gone")
        return publish(writer, *arguments, **options)

    with monkeypatch.context() as breaking:
        breaking.setattr(IndexWriter, "publish", broken_off)
        with pytest.raises(IndexingError, match="the machine is gone"):
            builder(opened, store).publish()
    [number] = numbers_of(opened, ALIAS, store.id)
    assert read_state(opened, f"{ALIAS}-{store.id}-{number}")[1].built_to == noted
    store.delete(deleted)
    assert builder(opened, store).publish().name.endswith(f"-{number}")
    assert found(opened, "word") == left


def test_one_made_anew_takes_the_place_of_the_one_before(opened: Cluster, store: Store) -> None:
    """The alias is swapped; who reads the old one reads on; it is deleted some minutes later, changes or not."""
    clock = Clock()
    follower = builder(opened, store, clock)
    first = follower.publish()
    engine = OpenSearchEngine(open_view(opened, ALIAS))
    second = follower.publish(from_store=True)
    assert second.name != first.name
    put(store, "four")
    follower.publish()
    assert engine.search(SearchRequest()).total == 3
    assert numbers_of(opened, ALIAS, store.id) == [1, 2]
    clock.now += READ_ON
    assert follower.publish().skipped
    assert numbers_of(opened, ALIAS, store.id) == [2]
    assert found(opened, "word") == [1, 2, 3, 4]
    engine.close()


def test_the_index_of_another_archive_is_refused(opened: Cluster, store: Store, tmp_path: Path) -> None:
    """Two archives under one name is a mistake that is told, before anything is written."""
    builder(opened, store).publish()
    with Store.open(tmp_path / "other.sqlite") as other:
        put(other, "one")
        with pytest.raises(ClusterIndexOther, match=f"is the index of the archive {store.id}"):
            builder(opened, other).publish()
        assert numbers_of(opened, ALIAS, other.id) == []


def test_an_index_of_another_version_is_refused_and_replaced(opened: Cluster, store: Store) -> None:
    """Who searches is told what to run; who follows the store makes one of this version beside it."""
    report = builder(opened, store).publish()
    meta = meta_of(report.state)
    meta["dateline"]["format"] = "os0.1.1"
    opened.ask("PUT", f"/{report.name}/_mapping", {"_meta": meta})
    with pytest.raises(ClusterIndexVersion, match=r"os0\.1\.1.*dateline migrate --to opensearch"):
        open_view(opened, ALIAS)
    assert builder(opened, store).publish().name != report.name
    assert found(opened, "word") == [1, 2, 3]


def test_there_may_be_no_index(opened: Cluster) -> None:
    """A name that stands for nothing is told with what to run."""
    with pytest.raises(NoClusterIndex, match="no index nothing-there"):
        open_view(opened, "nothing-there")


def test_what_is_half_searchable_is_not_taken_for_a_generation(opened: Cluster, store: Store) -> None:
    """An opening waits for whoever publishes; where that one is gone, what is found has an id of its own."""
    report = builder(opened, store).publish()
    index, state = read_state(opened, ALIAS)
    write_state(opened, index, replace(state, is_pending=True))
    view = open_view(opened, ALIAS, opening_s=0.2)
    assert view.generation.startswith(f"{report.state.generation}+")
    view.close()
    swap_alias(opened, ALIAS, index, now=state.created)
    assert not builder(opened, store).publish().skipped
    assert open_view(opened, ALIAS).generation == report.state.generation


class Watched(OpenSearchArticles):
    """Counts the articles that are fetched."""

    fetched = 0

    def _documents(self, serials: Sequence[int]) -> Iterator[tuple[int, Document]]:
        self.fetched += len(serials)
        return super()._documents(serials)


def test_names_follow_the_articles(opened: Cluster, store: Store) -> None:
    """What is known of the generation before is used again, but for articles that say something else now."""

    def name(article_id: str, source: str) -> None:
        raw = article("words", article_id=article_id, declared=Declared(source=source))
        store.put([(raw, FakeExtractor().understand(raw, article_id))], rules="rules-1")

    def names() -> tuple[dict[str, str], int]:
        articles = Watched(open_view(opened, ALIAS), known)
        found = {value: path[0].name for value, path in articles.labels("source").items()}
        articles.close()
        return found, articles.fetched

    known = KnownNames()
    follower = builder(opened, store)
    name("four", "NK News")
    name("five", "Daily NK")
    name("six", "DAILY NK")
    follower.publish()
    assert names() == ({"nk news": "NK News", "daily nk": "Daily NK"}, 2)
    name("four", "NK NEWS")
    follower.publish()
    assert names() == ({"nk news": "NK NEWS", "daily nk": "Daily NK"}, 1)
    store.delete("five")
    store.delete("four")
    follower.publish()
    assert names() == ({"daily nk": "DAILY NK"}, 1)
    assert names() == ({"daily nk": "DAILY NK"}, 0)
