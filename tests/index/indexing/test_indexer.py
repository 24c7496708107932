"""The indexer publishes what changes as it changes, and survives whatever happens to it."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import pytest

from index.archive.store import Store
from index.errors import BusyError, DataFileError, DiskFull, GenerationError
from index.generation.publish import held, roll_back, write_lock
from index.generation.snapshot import Snapshot, read_contents
from index.indexing.build import IndexMaker, build
from index.indexing.indexer import BESIDE_S, Event, Holding, Indexer
from index.indexing.stepping import RETRY_S, Failed, Looked, Published
from index.indexing.understanding import UnderstoodAnew, understand_anew
from index.layout import DataFolder, bytes_from_manifest, current, current_id, published, verify
from tests.index.fakes import FakeExtractor, article, update_records, write_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from index.fields import Record

RECORDS = IndexMaker(write=write_records, update=update_records)


@dataclass
class Clock:
    """A clock that is set by hand, and goes on by `pace` with each look at it."""

    now: float = 0.0
    pace: float = 0.0

    def __call__(self) -> float:
        """The time it was set to."""
        self.now += self.pace
        return self.now


@dataclass
class World:
    """An archive, its indexer, and what the indexer said. `rules` may be exchanged."""

    data: DataFolder
    rules: FakeExtractor = field(default_factory=FakeExtractor)
    clock: Clock = field(default_factory=Clock)
    events: list[Event] = field(default_factory=list)
    maker: IndexMaker = RECORDS

    def indexer(self, maker: IndexMaker | None = None) -> Indexer:
        """An indexer of the archive."""
        return Indexer(
            self.data,
            index=maker or self.maker,
            load_rules=lambda: self.rules,
            rules_stamp=lambda: self.rules.fingerprint,
            report=lambda event: None if isinstance(event, Looked) else self.events.append(event),
            clock=self.clock,
        )

    def put(self, *names: str, words: str = "words") -> None:
        """Put articles that say their names."""
        raws = [article(f"{words} of {name}", article_id=name) for name in names]
        with Store.open(self.data.archive) as store:
            store.put([(raw, self.rules.understand(raw, raw.id or "")) for raw in raws], rules=self.rules.fingerprint)

    def delete(self, name: str) -> None:
        """Delete an article."""
        with Store.open(self.data.archive) as store:
            store.delete(name)

    def says(self) -> dict[str, str]:
        """What the current generation says, every byte of it verified: index and articles alike."""
        generation = current(self.data)
        verify(generation)
        records = [json.loads(line) for line in (generation.index / "records.jsonl").read_text().splitlines()]
        with Snapshot.open(generation.documents) as snapshot:
            documents = snapshot.documents([record["serial"] for record in records])
            assert snapshot.count == len(records) == generation.manifest.articles
        assert [record["body"] for record in records] == [document.text for document in documents]
        return {document.id: document.text for document in documents}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An archive of three articles."""
    world = World(DataFolder(tmp_path / "data"))
    world.data.path.mkdir()
    world.put("one", "two", "three")
    return world


@pytest.fixture
def indexer(world: World) -> Iterator[Indexer]:
    """Its indexer, which has published once."""
    with world.indexer() as indexer:
        assert indexer.step() is not None
        world.events.clear()
        yield indexer


def test_what_changed_is_published_and_then_there_is_nothing_to_do(world: World, indexer: Indexer) -> None:
    """A burst of additions, replacements and deletions becomes one difference, and a step without changes none."""
    assert indexer.step() is None
    world.put("four", "five")
    world.put("two", words="other words")
    world.delete("one")
    world.put("one", words="back")
    world.delete("five")
    step = indexer.step()
    assert step is not None
    assert (step.report.is_difference, step.report.articles, step.report.changed) == (True, 4, 5)
    assert world.events == [step]
    wanted = {"two": "other words of two", "three": "words of three", "four": "words of four", "one": "back of one"}
    assert world.says() == wanted
    assert indexer.step() is None
    assert len(read_contents(current(world.data).documents).parts) == 2


def test_an_archive_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    """Without an archive there is nothing to do and nothing is made; once there is one it is published, even empty."""
    world = World(DataFolder(tmp_path / "data"))
    with world.indexer() as indexer:
        assert indexer.step() is None
        assert not world.data.path.exists()
        world.data.path.mkdir()
        Store.open(world.data.archive).close()
        assert indexer.step() is not None
        assert world.says() == {}


def damage(data: DataFolder) -> None:
    """Alter a file of the current generation."""
    (current(data).index / "records.jsonl").write_text("{}")


def lose_current(data: DataFolder) -> None:
    """Remove CURRENT."""
    data.current.unlink()


def age(data: DataFolder) -> None:
    """Make the current generation one of another version."""
    generation = current(data)
    (generation.path / "manifest.json").write_bytes(bytes_from_manifest(replace(generation.manifest, format="1.0")))


@pytest.mark.parametrize("happens", [damage, lose_current, age])
def test_a_generation_that_cannot_be_used_is_made_anew(
    world: World, indexer: Indexer, happens: Callable[[DataFolder], None]
) -> None:
    """Damage, a lost CURRENT and another version's files are noticed while nothing else happens, and mended."""
    happens(world.data)
    world.clock.now += 60
    step = indexer.step()
    assert step is not None
    assert not step.report.is_difference
    assert len(world.says()) == 3
    with world.indexer() as another:
        assert another.step() is None


def test_damage_before_it_started_is_noticed_at_once(world: World, indexer: Indexer) -> None:
    """A new indexer verifies what is current before it builds on it."""
    damage(world.data)
    with world.indexer() as another:
        step = another.step()
    assert step is not None
    assert not step.report.is_difference
    assert len(world.says()) == 3
    assert indexer.step() is None


def test_changed_rules_are_published_at_once(world: World, indexer: Indexer) -> None:
    """When the rules change, all articles are understood anew, and one generation shows all that this changed."""
    world.rules = FakeExtractor("rules-2", title_prefix="! ")
    step = indexer.step()
    assert step is not None
    report = step.report
    assert (report.reunderstood, report.revised, report.changed) == (3, 3, 3)
    assert report.generation.manifest.reflects.rules == "rules-2"
    assert indexer.step() is None
    world.rules = FakeExtractor("rules-3", title_prefix="! ")
    step = indexer.step()
    assert step is not None
    assert (step.report.reunderstood, step.report.revised, step.report.changed) == (3, 0, 0)
    assert step.report.generation.manifest.reflects.rules == "rules-3"


NEW_RULES = FakeExtractor("rules-2", title_prefix="! ")


def titles(world: World) -> dict[str, str]:
    """The titles that the current generation shows, by id; all are by the rules that it says."""
    generation = current(world.data)
    with Snapshot.open(generation.documents) as snapshot:
        documents = [snapshot.find(name) for name in world.says()]
    shown = {document.id: document.title.value for document in documents if document and document.title}
    prefix = {"rules-1": "", "rules-2": "! ", "rules-3": "? "}[generation.manifest.reflects.rules]
    assert shown == {name: f"{prefix}{text}" for name, text in world.says().items()}
    return shown


@pytest.fixture
def slow(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Indexer]:
    """An indexer that understands one article beside, of the three that it has published, at each step."""
    monkeypatch.setattr("index.indexing.understanding.BESIDE_ARTICLES", 1)
    monkeypatch.setattr("index.indexing.understanding.BATCH_ARTICLES", 1)
    with world.indexer() as indexer:
        indexer.step()
        world.clock.pace = BESIDE_S
        yield indexer


def test_what_comes_while_articles_are_understood_anew_is_published_by_the_rules_before(
    world: World, slow: Indexer
) -> None:
    """At once, though it was put by the new rules; then all of it appears by those, in one generation."""
    world.rules = NEW_RULES
    assert slow.step() is None
    world.put("four")
    world.delete("three")
    step = slow.step()
    assert step is not None
    assert titles(world) == {name: f"words of {name}" for name in ("one", "two", "four")}
    world.put("two", words="new words")
    assert slow.step() is not None
    assert titles(world)["two"] == "new words of two"
    while current(world.data).manifest.reflects.rules == "rules-1":
        step = slow.step()
    assert step is not None
    assert (step.report.reunderstood, step.report.is_difference) == (4, True)  # "two" twice
    assert titles(world) == {"one": "! words of one", "two": "! new words of two", "four": "! words of four"}
    assert slow.step() is None


@pytest.mark.parametrize("is_another", [False, True], ids=["it goes on", "another goes on"])
def test_what_is_broken_off_while_new_rules_are_put_in_force_shows_nothing_of_them(
    world: World, slow: Indexer, monkeypatch: pytest.MonkeyPatch, *, is_another: bool
) -> None:
    """Whoever goes on, after a full disk or a crash, shows all by the new rules, and by those before until then."""
    revise = Store.revise
    room = [1]

    def until_full(*arguments: Any, **options: Any) -> int:
        if not room[0]:
            raise DiskFull(world.data.path)
        room[0] -= 1
        return revise(*arguments, **options)

    world.rules = NEW_RULES
    slow.step()
    monkeypatch.setattr(Store, "revise", until_full)
    assert [slow.step(), slow.step()] == [None, None]
    with pytest.raises(DiskFull):
        slow.step()
    assert set(titles(world).values()) == {"words of one", "words of two", "words of three"}
    monkeypatch.undo()
    with world.indexer() if is_another else nullcontext(slow) as indexer:
        while current(world.data).manifest.reflects.rules == "rules-1":
            indexer.step()
            titles(world)
        assert set(titles(world)) == {"one", "two", "three"}
        assert indexer.step() is None


@pytest.mark.parametrize(
    ("then", "prefix"),
    [
        pytest.param(FakeExtractor("rules-3", title_prefix="? "), "? ", id="to others"),
        pytest.param(FakeExtractor("rules-1"), "", id="back"),
    ],
)
def test_rules_may_change_again_meanwhile(world: World, slow: Indexer, then: FakeExtractor, prefix: str) -> None:
    """Those that never came into force are never shown."""
    world.rules = NEW_RULES
    assert slow.step() is None
    world.rules = then
    for _ in range(9):
        slow.step()
        assert current(world.data).manifest.reflects.rules != "rules-2"
    assert titles(world) == {name: f"{prefix}words of {name}" for name in ("one", "two", "three")}


def test_one_can_go_back_while_articles_are_understood_anew(world: World, indexer: Indexer) -> None:
    """The lock is free while rules are at work: what is in the way of nobody needs none."""
    world.put("four")
    indexer.step()

    class Slow(FakeExtractor):
        def understand(self, raw: object, article_id: str) -> object:  # type: ignore[override]  # as a slow rule
            if held(world.data) is None:
                roll_back(world.data)
            return super().understand(raw, article_id)  # type: ignore[arg-type]  # as it came

    world.rules = Slow("rules-2", title_prefix="! ")
    assert indexer.step() is None
    assert len(world.says()) == 3


def test_rules_that_cannot_be_loaded_leave_those_before(world: World) -> None:
    """A broken rules file is reported once, and articles go on being published by the rules before it."""
    broken = DataFileError("topics.toml", "food", "has no query")
    stamps = ["a"]

    def load() -> FakeExtractor:
        if stamps[0] == "b":
            raise broken
        return world.rules

    indexer = Indexer(
        world.data, index=RECORDS, load_rules=load, rules_stamp=lambda: stamps[0], report=world.events.append
    )
    with indexer:
        indexer.step()
        stamps[0] = "b"
        world.put("four")
        indexer.step()
        indexer.step()
    assert [event for event in world.events if isinstance(event, Failed)] == [Failed(broken, 0.0)]
    assert len(world.says()) == 4


def test_an_article_that_breaks_a_rule_does_not_keep_the_rest(world: World, indexer: Indexer) -> None:
    """If the present rules fail on an article, it stays as it was understood, the others are published, it is named."""

    class Broken(FakeExtractor):
        def understand(self, raw: object, article_id: str) -> object:  # type: ignore[override]  # a rule that fails
            if article_id == "two":
                raise RecursionError
            return super().understand(raw, article_id)  # type: ignore[arg-type]  # as it came

    world.rules = Broken("rules-2", title_prefix="! ")
    step = indexer.step()
    assert step is not None
    assert (step.report.refused, step.report.revised) == (("two",), 2)
    assert indexer.step() is None


def test_articles_that_others_put_by_older_rules_are_understood_by_these(world: World, indexer: Indexer) -> None:
    """What another process understood by other rules is understood anew when it arrives, and only that."""
    world.rules.understood.clear()
    raw = article("words of four", article_id="four")
    with Store.open(world.data.archive) as store:
        store.put([(raw, FakeExtractor("old", title_prefix="old ").understand(raw, "four"))], rules="old")
    step = indexer.step()
    assert step is not None
    assert (step.report.reunderstood, step.report.is_difference) == (1, True)
    assert world.rules.understood == ["four"]
    with Snapshot.open(current(world.data).documents) as snapshot:
        document = snapshot.find("four")
    assert document is not None
    assert document.title is not None
    assert document.title.value == "words of four"


def test_what_arrives_while_rules_are_at_work_is_understood_next(
    world: World, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others put by older rules at the last moment is published as it came, and understood with the next step."""
    late = iter([[(article("words of late", article_id="late"))]])

    def and_then_one_more(*arguments: Any, **options: Any) -> UnderstoodAnew:
        done = understand_anew(*arguments, **options)
        for raws in late:
            with Store.open(world.data.archive) as store:
                store.put([(raw, world.rules.understand(raw, str(raw.id))) for raw in raws], rules="old")
        return done

    world.put("four")
    monkeypatch.setattr("index.indexing.build.Builder.understand_anew", lambda _builder: None)
    monkeypatch.setattr("index.indexing.build.understand_anew", and_then_one_more)
    steps = [indexer.step() for _ in range(3)]
    assert [step and (step.report.articles, step.report.reunderstood) for step in steps] == [(5, 0), (5, 1), None]


def test_another_archive_in_its_place_is_noticed(world: World, indexer: Indexer) -> None:
    """If another archive takes this one's place, all of it is published and nothing of the old one."""
    for path in world.data.path.glob("archive.sqlite*"):
        path.unlink()
    world.put("x", "y", "z")
    step = indexer.step()
    assert step is not None
    assert not step.report.is_difference
    assert set(world.says()) == {"x", "y", "z"}


def test_an_older_copy_of_the_archive_is_noticed(world: World, indexer: Indexer, tmp_path: Path) -> None:
    """If an older copy is put back and goes on from there, its changes are not taken for those that are published."""
    copy = tmp_path / "copy.sqlite"
    shutil.copyfile(world.data.archive, copy)
    world.put("four", "five")
    indexer.step()
    shutil.copyfile(copy, copy.with_suffix(".new"))
    for path in world.data.path.glob("archive.sqlite*"):
        path.unlink()
    copy.with_suffix(".new").rename(world.data.archive)
    world.put("six", "seven", "eight")
    indexer.step()
    assert set(world.says()) == {"one", "two", "three", "six", "seven", "eight"}


def test_nothing_is_published_while_it_is_held(world: World, indexer: Indexer) -> None:
    """After a rollback changes wait, which is said once; a build publishes them and ends the hold."""
    world.put("four")
    indexer.step()
    world.events.clear()
    roll_back(world.data)
    world.put("five")
    assert indexer.step() is None
    assert indexer.step() is None
    assert len(world.says()) == 3
    hold = held(world.data)
    assert world.events == [Holding(hold)]
    with Store.open(world.data.archive) as store:
        report = build(world.data, store, world.rules, index=RECORDS)
    assert (report.is_difference, report.articles, held(world.data)) == (True, 5, None)
    world.put("six")
    assert indexer.step() is not None
    assert [type(event) for event in world.events] == [Holding, Holding, Published]
    assert world.events[1] == Holding(None)
    assert len(world.says()) == 6


def test_another_who_publishes_is_not_disturbed(world: World, indexer: Indexer) -> None:
    """While another holds the lock, a step is refused; afterwards it publishes on top of what the other published."""
    world.put("four")
    with write_lock(world.data), pytest.raises(BusyError):
        indexer.step()
    with Store.open(world.data.archive) as store:
        build(world.data, store, world.rules, index=RECORDS)
    assert indexer.step() is None
    world.put("five")
    step = indexer.step()
    assert step is not None
    assert step.report.is_difference
    assert len(world.says()) == 5


@dataclass
class Held:
    """Makes indexes of records; merging beside waits until it is let go, and fails if it is told to."""

    go_on: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None
    merged: int = 0

    def update(self, folder: Path, upserts: Iterable[Record], deletes: Iterable[int], *, most_merged: float) -> int:
        """Update an index of records."""
        if math.isinf(most_merged):
            assert self.go_on.wait(60)
            if self.failure:
                raise self.failure
            self.merged += 1
        return update_records(folder, upserts, deletes, most_merged=most_merged)


@pytest.fixture
def untidy(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Indexer, Held]]:
    """An indexer that has published an archive of articles a to h, and three more, in many pieces."""
    monkeypatch.setattr("index.generation.tiers.TIER", 2)
    monkeypatch.setattr("index.generation.tiers.SMALLEST_TIER", 1)
    monkeypatch.setattr("index.indexing.indexer.MOST_MERGED", 2)
    held_up = Held()
    with world.indexer(IndexMaker(write=write_records, update=held_up.update)) as indexer:
        for name in "abcdefgh":
            world.put(name)
            assert indexer.step() is not None
        assert count_parts(world) > 4
        yield indexer, held_up
        held_up.go_on.set()
        indexer.wait()


def count_parts(world: World) -> int:
    """How many parts the current generation has."""
    return len(read_contents(current(world.data).documents).parts)


def merge_all(indexer: Indexer) -> None:
    """Let an indexer publish and merge all that is due."""
    indexer.wait()
    while indexer.step() is not None:
        indexer.wait()


def test_large_pieces_are_merged_beside(world: World, untidy: tuple[Indexer, Held]) -> None:
    """While they are, articles come, change and go as ever; what is published next has it all, in few pieces."""
    indexer, held_up = untidy
    assert indexer.step() is None
    world.put("late")
    world.put("a", words="other words")
    world.delete("b")
    assert indexer.step() is not None
    world.put("later")
    assert indexer.step() is not None
    assert count_parts(world) > 4
    before = world.says()
    assert set(before) == {*"acdefgh", "one", "two", "three", "late", "later"}
    held_up.go_on.set()
    indexer.wait()
    step = indexer.step()
    assert step is not None
    assert (step.report.is_difference, step.report.articles) == (True, 12)
    assert count_parts(world) <= 4
    assert world.says() == before
    merge_all(indexer)
    assert (world.says(), held_up.merged) == (before, 2)  # what came while the first was made waited for the second
    assert not world.data.tidied.exists()


def test_a_merge_that_fails_holds_up_nothing(world: World, untidy: tuple[Indexer, Held]) -> None:
    """It is reported, what changes is published, and after a while it is tried again."""
    indexer, held_up = untidy
    world.events.clear()
    held_up.failure = OSError(errno.ENOSPC, "No space left on device")
    held_up.go_on.set()
    assert indexer.step() is None
    indexer.wait()
    assert indexer.step() is None
    assert world.events == [Failed(held_up.failure, RETRY_S[1])]
    held_up.failure = None
    world.put("late")
    assert indexer.step() is not None
    assert indexer.step() is None
    indexer.wait()
    assert indexer.step() is None
    assert held_up.merged == 0
    world.clock.now += RETRY_S[1]
    assert indexer.step() is None
    indexer.wait()
    assert indexer.step() is not None
    assert len(world.says()) == 12


def test_what_was_merged_of_another_archive_is_not_used(world: World, untidy: tuple[Indexer, Held]) -> None:
    """Whatever takes the archive's place while pieces are merged, what is published is what the archive says."""
    indexer, held_up = untidy
    assert indexer.step() is None
    for path in world.data.path.glob("archive.sqlite*"):
        path.unlink()
    world.put("only")
    held_up.go_on.set()
    indexer.wait()
    step = indexer.step()
    assert step is not None
    assert not step.report.is_difference
    assert set(world.says()) == {"only"}
    assert not world.data.tidied.exists()


def test_what_was_merged_and_then_damaged_is_not_used(world: World, untidy: tuple[Indexer, Held]) -> None:
    """What is published is then made from what is published, and the rest goes."""
    indexer, held_up = untidy
    held_up.go_on.set()
    indexer.wait()
    (world.data.tidied / "index" / "records.jsonl").write_text("{}", encoding="utf-8")
    world.put("late")
    step = indexer.step()
    assert step is not None
    assert (step.report.is_difference, step.report.changed) == (True, 1)
    assert len(world.says()) == 12
    merge_all(indexer)
    assert len(world.says()) == 12
    assert not world.data.tidied.exists()


def test_two_indexers_leave_each_others_merges_alone(world: World, untidy: tuple[Indexer, Held]) -> None:
    """The second is told that another does it, tries again later, and takes nothing away."""
    indexer, held_up = untidy
    world.events.clear()
    with world.indexer(IndexMaker(write=write_records, update=held_up.update)) as second:
        assert second.step() is None  # clears up what others left
        assert second.step() is None
        second.wait()
        assert second.step() is None
        [failed] = world.events
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, BusyError)
        world.put("late")
        assert second.step() is not None
    assert world.data.tidied.exists()
    held_up.go_on.set()
    merge_all(indexer)
    assert count_parts(world) <= 4
    assert len(world.says()) == 12
    assert not world.data.tidied.exists()


def test_who_takes_but_one_step_merges_nothing_beside(world: World, untidy: tuple[Indexer, Held]) -> None:
    """It ends, and would leave half a merge."""
    others, held_up = untidy
    held_up.go_on.set()
    others.wait()
    others.close()
    maker = IndexMaker(write=write_records, update=held_up.update)
    merged = held_up.merged
    with Indexer(world.data, index=maker, load_rules=FakeExtractor, merges_beside=False) as indexer:
        for name in ("late", "later"):
            world.put(name)
            assert indexer.step() is not None
            indexer.wait()
    assert held_up.merged == merged


def test_what_a_crash_left_of_a_merge_goes(world: World) -> None:
    """The next indexer removes it when it has looked."""
    world.data.tidied.mkdir()
    (world.data.tidied / "half").write_bytes(b"a piece")
    with world.indexer() as indexer:
        indexer.step()
    assert not world.data.tidied.exists()


class Running:
    """An indexer that runs in a thread until the block ends."""

    def __init__(self, world: World, maker: IndexMaker | None = None) -> None:
        self.world = world
        self.maker = maker
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.world.clock = time.monotonic  # type: ignore[assignment]  # a real one
        with self.world.indexer(self.maker) as indexer:
            indexer.run(self.stop, poll_s=0.005)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < deadline
            assert self._thread.is_alive()
            time.sleep(0.005)


def count_published(data: DataFolder) -> int:
    """How many articles the current generation has; 0 without one."""
    return current(data).manifest.articles if data.current.exists() else 0


def test_it_runs_until_it_is_stopped(world: World) -> None:
    """Every change is published sooner or later, without being asked for."""
    with Running(world) as running:
        running.wait(lambda: count_published(world.data) == 3)
        for number in range(5):
            world.put(f"more-{number}")
            running.wait(lambda wanted=4 + number: count_published(world.data) == wanted)  # type: ignore[misc]  # a default
    assert len(world.says()) == 8


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EROFS])
def test_a_failing_disk_is_outlived(world: World, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """While the disk refuses, what was published answers, each failure is reported, and it goes on when it can."""
    monkeypatch.setattr("index.indexing.stepping.RETRY_S", (0.005, 0.02))
    is_failing = threading.Event()

    def write(folder: Path, records: Iterable[Record]) -> int:
        if is_failing.is_set():
            raise OSError(number, os.strerror(number), str(folder))
        return write_records(folder, records)

    def update(folder: Path, upserts: Iterable[Record], deletes: Iterable[int], *, most_merged: float) -> int:
        if is_failing.is_set():
            raise OSError(number, os.strerror(number), str(folder))
        return update_records(folder, upserts, deletes, most_merged=most_merged)

    with Running(world, IndexMaker(write=write, update=update)) as running:
        running.wait(lambda: count_published(world.data) == 3)
        before = current_id(world.data)
        is_failing.set()
        world.put("four")
        running.wait(lambda: sum(isinstance(event, Failed) for event in world.events) >= 5)
        assert current_id(world.data) == before
        verify(current(world.data))
        is_failing.clear()
        running.wait(lambda: count_published(world.data) == 4)
    failures = [event for event in world.events if isinstance(event, Failed)]
    assert all(isinstance(failure.error, GenerationError) for failure in failures)
    assert all(os.strerror(number) in str(failure.error) for failure in failures)
    assert failures[0].retry_s < failures[-1].retry_s == 0.02
    assert len(world.says()) == 4
    assert {path.name for path in world.data.generations.iterdir()} == set(published(world.data))


def test_stopping_leaves_what_it_was_making(world: World) -> None:
    """Told to stop while it makes a generation from the store, it abandons that and leaves nothing of it."""
    reached, go_on = threading.Event(), threading.Event()

    def slow(folder: Path, records: Iterable[Record]) -> int:
        reached.set()
        go_on.wait(60)
        return write_records(folder, records)

    with Running(world, IndexMaker(write=slow)) as running:
        running.wait(reached.is_set)
        running.stop.set()
        go_on.set()
    assert not world.data.current.exists()
    assert list(world.data.generations.iterdir()) == []
    assert [event for event in world.events if isinstance(event, Failed)] == []


def test_no_descriptor_is_left_open(world: World, indexer: Indexer) -> None:
    """Publishing a hundred times leaves as many files open as publishing twice."""

    def descriptors() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the folder changes with every look

    counts = []
    for number in range(40):
        world.put(f"more-{number}")
        assert indexer.step() is not None
        counts.append(descriptors())
    assert len(set(counts[2:])) == 1
