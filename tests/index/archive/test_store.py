"""The archive keeps every article once, numbers every change, and survives being killed."""

from __future__ import annotations

import datetime as dt
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from index.archive.database import APPLICATION_ID, LOG_BYTES_KEPT
from index.archive.store import Change, Effect, Outcome, Revision, Store
from index.document import Declared, RawDocument
from index.errors import BusyError, DamagedStore, DiskFull, ReadOnlyStore, StoreError, StoreVersion
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.archive.recognition import Identity

NOON = dt.datetime(2020, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty archive in which it is always noon."""
    with Store.open(tmp_path / "archive.sqlite", clock=lambda: NOON) as store:
        yield store


def put(store: Store, *raws: RawDocument, rules: str = "rules-1") -> tuple[Outcome, ...]:
    """Put articles, understood by the fake extractor."""
    extractor = FakeExtractor()
    return store.put([(raw, extractor.understand(raw, store.identify(raw).id)) for raw in raws], rules=rules)


def effects(store: Store, *raws: RawDocument) -> list[str]:
    """What becomes of articles put one by one, as `effect id`."""
    return [f"{outcome.effect} {outcome.id}" for raw in raws for outcome in put(store, raw)]


PAGE = "https://a.example/page"
A_TXT, B_TXT = "/in/a.txt", "/in/b.txt"


@pytest.mark.parametrize(
    ("arrivals", "wanted"),
    [
        pytest.param([article("one", article_id="x")] * 2, ["added x", "unchanged x"], id="the same again"),
        pytest.param(
            [article("one", article_id="x"), article("two", article_id="x")],
            ["added x", "updated x"],
            id="same id, edited",
        ),
        pytest.param(
            [article("one", article_id="x"), article("one", article_id="y")],
            ["added x", "added y"],
            id="declared ids keep equal texts apart",
        ),
        pytest.param(
            [article("one", article_id="x", url=PAGE), article("one", article_id="x")],
            ["added x", "updated x"],
            id="an id that lost its url",
        ),
        pytest.param(
            [article("one", origin=A_TXT), article("two", origin=A_TXT)], ["added a", "updated a"], id="an edited file"
        ),
        pytest.param(
            [article("one", origin=A_TXT), article("one", origin=B_TXT)], ["added a", "unchanged a"], id="a copied file"
        ),
        pytest.param(
            [article("one", origin=A_TXT), article("two", origin="/in/sub/a.txt")],
            ["added a", "added a-[0-9a-f]{6}"],
            id="two files of one name",
        ),
        pytest.param(
            [article("one", origin=A_TXT), article("one", declared=Declared(date="2020"))],
            ["added a", "added [0-9a-f]{16}"],
            id="other declared metadata is another article",
        ),
        pytest.param(
            [article("one", article_id="a"), article("two", origin=A_TXT)],
            ["added a", "added a-[0-9a-f]{6}"],
            id="a file does not take a declared id",
        ),
        pytest.param(
            [article("one", origin=A_TXT), article("two", article_id="a"), article("one", origin=A_TXT)],
            ["added a", "updated a", "updated a"],
            id="a file put by id stays that file's article",
        ),
        pytest.param(
            [article("one", origin="/in/a.jsonl:1"), article("two", origin="/in/a.jsonl:1")],
            ["added [0-9a-f]{16}"] * 2,
            id="a row's place is not its identity",
        ),
    ],
)
def test_arrivals_are_recognised(store: Store, arrivals: list[RawDocument], wanted: list[str]) -> None:
    """An arrival is the article it names by id, url, file or content, in this order, or else a new one."""
    found = effects(store, *arrivals)
    assert [bool(re.fullmatch(want, have)) for have, want in zip(found, wanted, strict=True)] == [True] * len(wanted), (
        found
    )


def test_a_url_is_one_article_unless_several_ids_share_it(store: Store) -> None:
    """A url names its article; where declared ids share a page, an article without id overwrites none of them."""
    assert effects(store, article("one", url=PAGE), article("two", url=PAGE)) == [
        f"added {store.identify(article('', url=PAGE)).id}",
        f"updated {store.identify(article('', url=PAGE)).id}",
    ]
    assert effects(store, article("three", article_id="x", url=PAGE))[0] == "added x"
    (third,) = put(store, article("four", url=PAGE))
    assert third.effect is Effect.ADDED
    assert put(store, article("four", url=PAGE)) == (Outcome(Effect.UNCHANGED, third.serial, third.id, 4),)
    assert store.count == 3


def test_what_is_put_is_found_whole(store: Store) -> None:
    """The archive gives back the article as received and as understood, with the rules it was understood by."""
    raw = article("First line\nmore 신의주", article_id="x", url=PAGE, declared=Declared(source="KCNA", topics=("a",)))
    put(store, raw, rules="r7")
    found = store.find("x")
    assert found is not None
    assert (found.raw, found.rules, found.change, found.serial) == (raw, "r7", 1, 1)
    assert found.document == FakeExtractor().understand(raw, "x")
    assert list(store.documents()) == [(1, found.document)]
    assert store.find("y") is None


def test_a_batch_is_recognised_within_itself(store: Store) -> None:
    """The same article twice in one batch is one article, and documents get the ids the archive decides on."""
    twins = [article("one", origin=A_TXT), article("one", origin=B_TXT), article("two", origin="/other/a.txt")]
    outcomes = put(store, *twins)
    assert [outcome.effect for outcome in outcomes] == [Effect.ADDED, Effect.UNCHANGED, Effect.ADDED]
    assert [document.id for _, document in store.documents()] == ["a", outcomes[2].id]
    assert outcomes[2].id.startswith("a-")


def test_changes_are_numbered_and_serials_never_return(store: Store) -> None:
    """The log holds every addition, update and deletion in order; a deleted article's serial is not given again."""
    put(store, article("one", article_id="x"), article("two", article_id="y"))
    put(store, article("2", article_id="y"), article("one", article_id="x"))
    assert store.delete("y") == 4
    assert store.delete("y") is None
    put(store, article("two", article_id="y"))
    assert list(store.changes()) == [
        Change(1, 1, "x", Effect.ADDED, NOON),
        Change(2, 2, "y", Effect.ADDED, NOON),
        Change(3, 2, "y", Effect.UPDATED, NOON),
        Change(4, 2, "y", Effect.DELETED, NOON),
        Change(5, 3, "y", Effect.ADDED, NOON),
    ]
    assert [change.number for change in store.changes(since=3)] == [4, 5]
    assert (store.change, store.count) == (5, 2)


def test_a_failing_batch_leaves_nothing(store: Store) -> None:
    """If a batch fails anywhere, nothing of it is kept and the next one works."""
    extractor = FakeExtractor()
    good = article("one", article_id="good")
    bad = article("two", article_id="no/good")
    with pytest.raises(StoreError, match="'no/good' holds '/'"):
        store.put([(raw, extractor.understand(raw, "any")) for raw in (good, bad)], rules="r")
    assert (store.count, store.change) == (0, 0)
    assert effects(store, good) == ["added good"]


def test_revising_changes_only_what_differs(store: Store) -> None:
    """New rules mark every article as understood by them, and only documents that differ get a change number."""
    put(store, *(article(text, article_id=text) for text in ("a", "b", "c")), rules="old")
    batch = store.outdated("new", after=0, limit=2)
    assert [found.document.id for found in batch] == ["a", "b"]
    louder = FakeExtractor(title_prefix="! ")
    revisions = [
        Revision(batch[0].serial, batch[0].change, None),
        Revision(batch[1].serial, batch[1].change, louder.understand(batch[1].raw, "b")),
    ]
    assert store.revise(revisions, rules="new") == 1
    assert store.count_outdated("new") == 1
    assert [found.document.id for found in store.outdated("new", after=0, limit=9)] == ["c"]
    assert [change.id for change in store.changes(since=3)] == ["b"]
    assert dict(store.documents())[2].title.value == "! b"


def test_revising_passes_over_what_changed_meanwhile(store: Store) -> None:
    """A revision of an article that was replaced since it was read does not undo the replacement."""
    put(store, article("old", article_id="x"), rules="old")
    (stale,) = store.outdated("new", after=0, limit=9)
    put(store, article("newer", article_id="x"), rules="newer")
    assert store.revise([Revision(stale.serial, stale.change, stale.document)], rules="new") == 0
    found = store.find("x")
    assert found is not None
    assert (found.raw.content, found.rules) == ("newer", "newer")


def test_reading_sees_one_moment(store: Store, tmp_path: Path) -> None:
    """Within `reading`, what another connection writes is not seen; afterwards it is."""
    put(store, article("one", article_id="x"))
    with Store.open(tmp_path / "archive.sqlite") as other, store.reading():
        assert store.change == 1
        put(other, article("two", article_id="y"))
        assert (store.change, store.count, len(list(store.documents()))) == (1, 1, 1)
    assert store.change == 2


def test_two_writers_wait_for_one_another(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waits too long for another is told that the archive is being written."""
    monkeypatch.setattr("index.archive.database.BUSY_TIMEOUT_S", 0.0)
    with (
        Store.open(tmp_path / "archive.sqlite") as impatient,
        store._writing(),  # noqa: SLF001 - a transaction left open
        pytest.raises(BusyError, match="another process is writing"),
    ):
        put(impatient, article("one"))


def test_an_arrival_tells_the_number_of_its_last_change(store: Store) -> None:
    """Whoever waits for a change to be shown knows its number, also if it had been made before."""
    assert [outcome.change for outcome in put(store, article("1", article_id="x"), article("2", article_id="y"))] == [
        1,
        2,
    ]
    assert put(store, article("1", article_id="x"))[0].change == 1
    assert store.identify(article("1", article_id="x")).change == 1
    assert put(store, article("3", article_id="x"))[0].change == 3


def test_what_is_not_admitted_undoes_the_batch(store: Store) -> None:
    """Whoever puts may look at each identity inside the transaction, and refuse all by raising."""
    put(store, article("old", article_id="x"))
    extractor, seen = FakeExtractor(), []

    def admit(identity: Identity) -> None:
        seen.append((identity.id, identity.serial))
        if identity.serial is not None:
            raise LookupError(identity.id)

    raws = [article("new", article_id="y"), article("newer", article_id="x")]
    with pytest.raises(LookupError, match="x"):
        store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules="r", admit=admit)
    assert seen == [("y", None), ("x", 1)]
    assert [document.text for _, document in store.documents()] == ["old"]


def test_a_full_disk_is_said_and_nothing_of_the_batch_is_kept(store: Store) -> None:
    """With no space left the batch is undone, what was there stays, and with space again it works."""
    put(store, article("one", article_id="x"))
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]  # noqa: SLF001 - its disk
    store._connection.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001
    long = [article("long " * 5000, article_id=str(number)) for number in range(5)]
    with pytest.raises(DiskFull, match=r"the disk is full\. Nothing was written"):
        put(store, *long)
    assert [document.id for _, document in store.documents()] == ["x"]
    store._connection.execute("PRAGMA max_page_count = 100000")  # noqa: SLF001
    assert len(put(store, *long)) == 5


LIMITED = """
import resource, sys
from pathlib import Path
from index.errors import DiskFailed, DiskFull
from index.archive.store import Store
from tests.index.fakes import FakeExtractor, article
store, extractor = Store.open(Path(sys.argv[1])), FakeExtractor()
def put(name):
    raw = article("some words " * 1000, article_id=name)
    store.put([(raw, extractor.understand(raw, name))], rules="r")
put("first")
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, limits[1]))
try:
    put("second")
except DiskFailed as error:
    print(type(error).__name__, error.reason)
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
put("third")
print(*(document.id for _, document in store.documents()))
"""


def test_a_failing_disk_is_said_and_passes(tmp_path: Path) -> None:
    """A write that the system refuses keeps nothing, says what the system said, and the next one works."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "archive.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines() == ["DiskFailed disk I/O error (SQLITE_IOERR_WRITE)", "first third"]


def test_an_archive_that_may_only_be_read_can_be_read(tmp_path: Path) -> None:
    """Without the right to write, reading goes on, and writing is refused for what it is."""
    path = tmp_path / "archive.sqlite"
    with Store.open(path) as store:
        put(store, article("one", article_id="x"))
        with Store.open(path) as reader:
            reader._connection.execute("PRAGMA query_only = ON")  # noqa: SLF001 - as on a disk mounted read-only
            assert [document.id for _, document in reader.documents()] == ["x"]
            with pytest.raises(ReadOnlyStore, match="cannot be opened to write here"):
                put(reader, article("two", article_id="y"))


def test_a_damaged_file_is_said_with_what_to_do(tmp_path: Path) -> None:
    """Pages that are not what was written are an error that names the way back."""
    path = tmp_path / "archive.sqlite"
    with Store.open(path) as store:
        put(store, *(article("some words " * 500, article_id=str(number)) for number in range(20)))
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\x55" * (len(content) - 8192))
    with Store.open(path) as store, pytest.raises(DamagedStore, match="dateline restore FILE"):
        list(store.documents())


def test_a_new_archive_has_its_name_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is synced when the file is made, for a power cut must not take the name of what is in it."""
    synced: list[Path] = []
    monkeypatch.setattr("index.archive.database.sync", synced.append)
    for _ in range(2):
        with Store.open(tmp_path / "archive.sqlite"):
            pass
    assert synced == [tmp_path]


def test_every_connection_is_durable(store: Store) -> None:
    """Commits are synced (FULL), to a write-ahead log that is cut back after it had to grow."""
    asked = ("journal_mode", "synchronous", "wal_autocheckpoint", "journal_size_limit", "fullfsync")
    told = [store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in asked]  # noqa: SLF001
    assert told == ["wal", 2, 1000, LOG_BYTES_KEPT, 1]


def test_the_log_is_cut_back_after_a_long_reading(store: Store, tmp_path: Path) -> None:
    """While somebody reads one moment, the log beside the file grows; afterwards it is short again."""
    log = tmp_path / "archive.sqlite-wal"
    put(store, article("one", article_id="x"))
    with Store.open(tmp_path / "archive.sqlite") as reader, reader.reading():
        assert reader.count == 1
        for number in range(10):
            put(store, article(f"line {number}\n" * 200_000, article_id="x"))
        grown = log.stat().st_size
    for number in range(3):
        put(store, article(f"again {number}", article_id="x"))
    assert grown > LOG_BYTES_KEPT
    assert log.stat().st_size <= LOG_BYTES_KEPT


def test_who_meets_an_empty_folder_beside_another_makes_one_archive_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody takes an archive that another is just making for the file of some other program."""
    path = tmp_path / "archive.sqlite"
    another = threading.Thread(target=lambda: Store.open(path).close())

    class Interrupted(sqlite3.Connection):
        """While the first looks at the file, another opens it, too."""

        def execute(self, sql: str, /, *parameters: Any) -> sqlite3.Cursor:
            done = super().execute(sql, *parameters)
            if sql == "PRAGMA application_id" and another.ident is None:
                another.start()
                another.join(0.5)  # it is done by then, unless it has to wait, as it should
            return done

    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Interrupted))
    Store.open(path).close()
    another.join()
    Store.open(path).close()


def test_opening_again_keeps_everything(tmp_path: Path) -> None:
    """An archive has one id for life, and a second opening finds what the first wrote."""
    path = tmp_path / "archive.sqlite"
    with Store.open(path) as first:
        put(first, article("one", article_id="x"))
        archive_id = first.id
    with Store.open(path, must_exist=True) as second:
        assert (second.id, second.count, second.problems()) == (archive_id, 1, ())
    with Store.open(tmp_path / "other.sqlite") as other:
        assert other.id != archive_id


def _database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_files_that_are_no_archive_are_refused_and_left_alone(tmp_path: Path) -> None:
    """Another program's database, a text file and another version's archive are refused, each with its reason."""
    foreign, text, newer = (tmp_path / name for name in ("foreign", "text", "newer"))
    _database(foreign, "CREATE TABLE mine (x)")
    text.write_text("this is not a database, but it is long enough to look like one" * 20)
    _database(newer, f"PRAGMA application_id = {APPLICATION_ID}", "PRAGMA user_version = 99", "CREATE TABLE t (x)")
    before = foreign.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store.open(foreign)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(text)
    with pytest.raises(StoreVersion, match="of store format 99; this version of Dateline reads 1"):
        Store.open(newer)
    with pytest.raises(StoreError, match=r"there is no archive at .* dateline ingest PATH"):
        Store.open(tmp_path / "none", must_exist=True)
    assert foreign.read_bytes() == before
    assert not (tmp_path / "none").exists()


def test_a_damaged_row_is_named(store: Store, tmp_path: Path) -> None:
    """A document that cannot be read back is an error that names file and serial."""
    put(store, article("one", article_id="x"))
    _database(tmp_path / "archive.sqlite", "UPDATE article SET document = substr(document, 2)")
    with pytest.raises(StoreError, match=r"archive\.sqlite: the article of serial 1 is damaged"):
        list(store.documents())


class StoreMachine(RuleBasedStateMachine):
    """The archive under random puts, deletes and reopenings, against a dictionary."""

    ids = st.sampled_from(["a", "b", "c"])
    texts = st.sampled_from(["one", "two", "three"])

    def __init__(self) -> None:
        super().__init__()
        self.store = Store.open(Path(":memory:"))
        self.model: dict[str, str] = {}
        self.order: list[str] = []
        self.changes = 0

    @rule(batch=st.lists(st.tuples(ids, texts), max_size=4))
    def put(self, batch: list[tuple[str, str]]) -> None:
        """Put some articles by id."""
        put(self.store, *(article(text, article_id=article_id) for article_id, text in batch))
        for article_id, text in batch:
            self.changes += self.model.get(article_id) != text
            if article_id not in self.model:
                self.order.append(article_id)
            self.model[article_id] = text

    @rule(article_id=ids)
    def delete(self, article_id: str) -> None:
        """Delete an article, or none."""
        assert (self.store.delete(article_id) is not None) == (article_id in self.model)
        if self.model.pop(article_id, None) is not None:
            self.order.remove(article_id)
            self.changes += 1

    @rule(article_id=ids, text=texts)
    def put_file(self, article_id: str, text: str) -> None:
        """Put a file: the article that it fills, or one of the same words, or a new one of its name."""
        raw = article(text, origin=f"/in/{article_id}.txt")
        identity = self.store.identify(raw)
        known = self.model.get(identity.id)
        assert (known is None) == (identity.serial is None)
        assert identity.is_unchanged == (known == text)
        put(self.store, raw)
        self.changes += known != text
        if known is None:
            self.order.append(identity.id)
        self.model[identity.id] = text

    @invariant()
    def agrees(self) -> None:
        """The archive holds what the dictionary holds, in the order of insertion, and has counted every change."""
        assert [(doc.id, doc.text) for _, doc in self.store.documents()] == [(i, self.model[i]) for i in self.order]
        assert self.store.change == self.changes

    def teardown(self) -> None:
        """Close the archive."""
        self.store.close()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)

WRITER = """
import sys
from pathlib import Path
from index.archive.store import Store
from tests.index.fakes import FakeExtractor, article
store, extractor = Store.open(Path(sys.argv[1])), FakeExtractor()
for number in range(1_000_000):
    raws = [article(f"{number} {part}", article_id=f"{number}-{part}") for part in range(5)]
    store.put([(raw, extractor.understand(raw, raw.id)) for raw in raws], rules="r")
    print(number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [0, 1, 7])
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, acknowledged: int) -> None:
    """A writer killed without warning has kept every batch it said it kept, and no part of another."""
    path = tmp_path / "archive.sqlite"
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    ) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(acknowledged + 1)]
        writer.send_signal(signal.SIGKILL)
    with Store.open(path) as store:
        kept = [document.id for _, document in store.documents()]
        assert kept == [f"{number}-{part}" for number in range(len(kept) // 5) for part in range(5)]
        assert len(kept) // 5 > said[-1]
        assert store.change == len(kept)
        assert store.problems() == ()


def test_an_examination_is_interrupted(store: Store) -> None:
    """SQLite stops reading the file when a signal comes: of a large archive that takes minutes."""
    extractor = FakeExtractor()
    raws = [article(f"{number} many words " * 100, article_id=str(number)) for number in range(20_000)]
    store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules="r")
    before = signal.signal(signal.SIGVTALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.01)  # of this process's own time, however slow the machine
        with pytest.raises(KeyboardInterrupt) as caught:
            store.problems()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert "interrupted" in str(caught.value.__cause__)
    assert store.problems() == ()
