"""From the store to a published generation, and only when there is something to publish."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from index.archive.store import Store
from index.errors import BusyError, DamagedGeneration, GenerationError, NoGeneration
from index.generation.publish import write_lock
from index.generation.snapshot import Snapshot
from index.indexing.build import BuildProgress, BuildReport, IndexMaker, Stage, build
from index.layout import DataFolder, Reflects, current, current_id, published, verify
from index.whoosh_index import open_index, write_index
from tests.index.fakes import FakeExtractor, article, update_records, write_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from index.fields import Record


RECORDS = IndexMaker(write=write_records, update=update_records)


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """A data folder that is not there yet but for the archive."""
    return DataFolder(tmp_path)


@pytest.fixture
def store(data: DataFolder) -> Iterator[Store]:
    """An archive of three articles, of which the second was deleted and another added."""
    with Store.open(data.archive) as store:
        put(store, "one", "two", "three")
        store.delete("two")
        put(store, "four")
        yield store


def put(store: Store, *names: str, rules: str = "rules-1") -> None:
    """Put articles that say their names."""
    extractor = FakeExtractor()
    raws = [article(f"words of {name}", article_id=name) for name in names]
    store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules=rules)


def make(
    data: DataFolder, store: Store, extractor: FakeExtractor | None = None, *, from_store: bool = False
) -> BuildReport:
    """Build with the fake index."""
    return build(data, store, extractor or FakeExtractor(), index=RECORDS, from_store=from_store)


def test_index_and_snapshot_hold_what_the_store_holds(data: DataFolder, store: Store) -> None:
    """A build publishes every article under its serial, in index and snapshot alike, and says what it reflects."""
    report = make(data, store)
    generation = current(data)
    assert report == BuildReport(generation=generation, articles=3, changed=3)
    assert generation.manifest.reflects == Reflects(archive=store.id, change=5, rules="rules-1")
    verify(generation)
    records = [json.loads(line) for line in (generation.index / "records.jsonl").read_text().splitlines()]
    assert [(record["serial"], record["body"]) for record in records] == [
        (1, "words of one"),
        (3, "words of three"),
        (4, "words of four"),
    ]
    with Snapshot.open(generation.documents) as snapshot:
        assert snapshot.documents([1, 3, 4]) == tuple(document for _, document in store.documents())
        assert snapshot.find("two") is None


def test_an_empty_archive_is_published_too(data: DataFolder) -> None:
    """An archive without articles has a generation without articles."""
    with Store.open(data.archive) as store:
        assert make(data, store).articles == 0
        assert make(data, store).skipped
    verify(current(data))


def damage_size(data: DataFolder) -> None:
    """Append to a file of the current generation."""
    with (current(data).index / "records.jsonl").open("a") as file:
        file.write(" ")


def damage_current(data: DataFolder) -> None:
    """Have CURRENT name nothing."""
    data.current.write_text("nothing")


@pytest.mark.parametrize(
    ("happens", "is_built"),
    [
        pytest.param(lambda _data, _store: None, False, id="nothing"),
        pytest.param(lambda _data, store: put(store, "four"), False, id="the same article again"),
        pytest.param(lambda _data, store: put(store, "five"), True, id="another article"),
        pytest.param(lambda _data, store: store.delete("one"), True, id="an article deleted"),
        pytest.param(lambda data, _store: damage_size(data), True, id="a file of another size"),
        pytest.param(lambda data, _store: damage_current(data), True, id="CURRENT damaged"),
        pytest.param(lambda data, _store: data.current.unlink(), True, id="CURRENT lost"),
    ],
)
def test_what_is_published_already_is_not_built_again(
    data: DataFolder,
    store: Store,
    happens: Callable[[DataFolder, Store], object],
    is_built: bool,  # noqa: FBT001 - a table's column
) -> None:
    """A build does nothing unless the store changed or the current generation is not whole."""
    first = make(data, store)
    happens(data, store)
    second = make(data, store)
    assert second.skipped != is_built
    assert (second.generation.id != first.generation.id) == is_built
    assert second.articles == store.count
    assert current_id(data) == second.generation.id
    verify(current(data))


def test_from_store_builds_regardless(data: DataFolder, store: Store) -> None:
    """`from_store` publishes another generation of the same content."""
    first, second = make(data, store), make(data, store, from_store=True)
    assert not second.skipped
    assert second.generation.manifest.files == first.generation.manifest.files
    assert second.generation.id != first.generation.id


def test_another_archive_with_as_many_changes_is_not_mistaken_for_this_one(data: DataFolder, store: Store) -> None:
    """If the archive was made anew, its change numbers mean something else, and the build knows."""
    make(data, store)
    changes = store.change
    store.close()
    data.archive.unlink()
    with Store.open(data.archive) as anew:
        put(anew, "a", "b", "c", "d", "e")
        assert anew.change == changes
        assert not make(data, anew).skipped


def test_articles_understood_by_older_rules_are_understood_anew(
    data: DataFolder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With other rules every article is understood again from its raw form, and only what differs is a change."""
    monkeypatch.setattr("index.indexing.understanding.BATCH_ARTICLES", 2)
    make(data, store)
    same = make(data, store, FakeExtractor("rules-2"))
    assert (same.reunderstood, same.revised, same.skipped, store.change) == (3, 0, False, 5)
    louder = make(data, store, FakeExtractor("rules-3", title_prefix="! "))
    assert (louder.reunderstood, louder.revised, store.change) == (3, 3, 8)
    assert louder.generation.manifest.reflects == Reflects(archive=store.id, change=8, rules="rules-3")
    with Snapshot.open(current(data).documents) as snapshot:
        assert snapshot.documents([1])[0].title.value == "! words of one"
    idle = FakeExtractor("rules-3")
    assert make(data, store, idle).skipped
    assert idle.understood == []


def forgetful(folder: Path, records: Iterable[Record]) -> int:
    """An index that loses an article."""
    return write_records(folder, list(records)[1:])


def hasty(_folder: Path, records: Iterable[Record]) -> int:
    """An index that says it has all but did not look at the last."""
    iterator = iter(records)
    return sum(1 for _ in zip(range(3), iterator, strict=False))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        pytest.param(forgetful, "the index holds 2 articles, the store 3", id="an article lost"),
        pytest.param(hasty, "documents/contents.json: is missing", id="snapshot not finished"),
    ],
)
def test_an_index_that_is_not_whole_is_not_published(
    data: DataFolder, store: Store, write: Callable[[Path, Iterable[Record]], int], reason: str
) -> None:
    """If index, snapshot and store do not hold the same articles, nothing is published and no draft stays."""
    with pytest.raises(GenerationError, match=reason):
        build(data, store, FakeExtractor(), index=IndexMaker(write=write))
    with pytest.raises(NoGeneration):
        current(data)
    assert list(data.generations.iterdir()) == []
    assert make(data, store).articles == 3


def test_an_index_that_cannot_be_opened_is_not_published(data: DataFolder, store: Store) -> None:
    """What `check_index` refuses is not published."""
    first = make(data, store)

    def refuse(folder: Path, _unchanged: frozenset[str]) -> None:
        assert (folder / "records.jsonl").exists()
        raise GenerationError("cannot be opened")

    put(store, "five")
    with pytest.raises(GenerationError, match="cannot be opened"):
        build(data, store, FakeExtractor(), index=replace(RECORDS, check=refuse))
    assert current_id(data) == first.generation.id


def test_only_one_builds_at_a_time(data: DataFolder, store: Store) -> None:
    """While another holds the lock, a build is refused before it changes anything."""
    put(store, "five", rules="old")
    with write_lock(data), pytest.raises(BusyError):
        make(data, store)
    assert store.count_outdated("rules-1") == 1


def test_progress_names_the_stage(data: DataFolder, store: Store) -> None:
    """A build tells what it is at and how many articles are done, of how many."""
    heard: list[BuildProgress] = []
    build(data, store, FakeExtractor("rules-2"), index=RECORDS, progress=heard.append)
    assert heard == [
        BuildProgress(Stage.UNDERSTANDING, 0, 3),
        BuildProgress(Stage.INDEXING, 0, 3),
        BuildProgress(Stage.PUBLISHING, 3, 3),
    ]


def test_reading_the_real_index_does_not_change_the_generation(data: DataFolder, store: Store) -> None:
    """A published Whoosh index can be opened and asked any number of times and still verifies."""
    check = lambda folder, _unchanged: open_index(folder).close()  # noqa: E731 - as short as what it does
    build(data, store, FakeExtractor(), index=IndexMaker(write=write_index, check=check))
    generation = current(data)
    for _ in range(3):
        index = open_index(generation.index)
        with index.searcher() as searcher:
            assert searcher.doc_count() == 3
        index.close()
    verify(generation)


def test_what_changed_is_published_as_a_difference(data: DataFolder, store: Store) -> None:
    """On top of a whole generation only what changed is written; the rest is shared, and all of it verifies."""
    first = make(data, store).generation
    put(store, "five")
    store.delete("one")
    report = make(data, store)
    assert (report.is_difference, report.changed, report.articles) == (True, 2, 3)
    part = "documents/1.sqlite"
    assert (first.path / part).samefile(report.generation.path / part)
    verify(report.generation)
    verify(first)


def test_when_most_of_it_changed_everything_is_made_anew(
    data: DataFolder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A difference that would be more than half the archive is not worth while."""
    monkeypatch.setattr("index.indexing.build.ALWAYS_DIFFERENCE", 0)
    make(data, store)
    put(store, "five")
    assert make(data, store).is_difference
    put(store, "six", "seven", "eight")
    report = make(data, store)
    assert (report.is_difference, report.changed, report.articles) == (False, 7, 7)


def test_an_index_that_cannot_follow_is_written_whole(data: DataFolder, store: Store) -> None:
    """An index maker that knows no updates, or whose index turns out not to be as it should, starts from the store."""
    make(data, store)
    put(store, "five")
    whole = build(data, store, FakeExtractor(), index=IndexMaker(write=write_records))
    assert (whole.is_difference, whole.articles) == (False, 4)
    put(store, "six")

    def confused(folder: Path, *_changes: object, **_options: object) -> int:
        raise DamagedGeneration(folder, "is out of step")

    report = build(data, store, FakeExtractor(), index=replace(RECORDS, update=confused))
    assert (report.is_difference, report.articles) == (False, 5)
    assert {path.name for path in data.generations.iterdir()} == set(published(data))


def test_a_difference_that_lost_an_article_is_not_published(data: DataFolder, store: Store) -> None:
    """If the articles of a difference are not as many as the store's, all is made anew."""
    make(data, store)
    put(store, "five")

    def lazy(_folder: Path, upserts: Iterable[Record], _deletes: Iterable[int], **_options: object) -> int:
        return sum(1 for _ in zip(range(0), upserts, strict=False))

    report = build(data, store, FakeExtractor(), index=replace(RECORDS, update=lazy))
    assert (report.is_difference, report.articles) == (False, 4)


def test_files_that_are_shared_are_not_checked_again(data: DataFolder, store: Store) -> None:
    """What checks the index is told which of its files are those of the generation before."""
    told: list[frozenset[str]] = []

    def grow(folder: Path, upserts: Iterable[Record], _deletes: Iterable[int], **_options: object) -> int:
        (folder / "more").mkdir()
        return write_records(folder / "more", list(upserts))

    maker = replace(RECORDS, update=grow, check=lambda _folder, unchanged: told.append(unchanged))
    build(data, store, FakeExtractor(), index=maker)
    put(store, "five")
    build(data, store, FakeExtractor(), index=maker)
    assert told == [frozenset(), frozenset({"records.jsonl"})]
