"""The bulk writer against Whoosh's own writer, which must make the same bytes; what it refuses, and leaves behind."""

from __future__ import annotations

import gzip
import json
import math
import os
import random
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whoosh import fields
from whoosh.analysis import StandardAnalyzer
from whoosh.columns import NumericColumn
from whoosh.filedb.filestore import FileStorage
from whoosh.index import LockError

from index.codec.bulk_writer import BulkWriter, UnknownSchema
from index.codec.container import DamagedFile
from index.codec.contents import ArrayIndex, Contents, UnknownSegment
from index.codec.schema import Analyser, first_day_column, last_day_column, schema_from_fields
from index.codec.segment import check_segment
from index.fields import FIELDS, KEYWORD_FIELDS, TEXT_FIELDS, FieldKind
from tests.contract.archives import a_record, sample_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from index.fields import Record

REUTERS: Final = Path(__file__).parents[4] / "shared" / "data" / "reuters21578.jsonl.gz"

STATUS: Final = Path("/proc/self/status")

HOSTILE: Final = (
    "goods", "Goods", "THE", "the", "\u2019", "o'neil", "o\u2019neil", "Sin\u016diju", "\ub85c\ub3d9\uc2e0\ubb38", "\0",
    "a_b", "_", "e\u0301\u0301", "\ufb01ne", "\U0001f1f0\U0001f1f5", "x" * 80, "\ud800", "1987", "'s", "\u0345", "",
)  # fmt: skip


def an_index(folder: Path, schema: fields.Schema | None = None) -> ArrayIndex:
    """A new index in a new folder."""
    storage = FileStorage(str(folder)).create()
    index: ArrayIndex = storage.create_index(schema_from_fields() if schema is None else schema, indexclass=ArrayIndex)
    return index


def fill(folder: Path, records: Iterable[Record], **options: Any) -> ArrayIndex:
    """A new index of these articles, by the bulk writer."""
    index = an_index(folder)
    add(index, records, **options)
    return index


def add(index: ArrayIndex, records: Iterable[Record], **options: Any) -> None:
    """Add articles by the bulk writer."""
    with BulkWriter(index, **options) as writer:
        for record in records:
            writer.add(record)


def fill_slowly(folder: Path, records: Iterable[Record]) -> ArrayIndex:
    """A new index of these articles, by Whoosh's own writer."""
    index = an_index(folder)
    with index.writer() as writer:
        for record in records:
            writer.add_document(**entry_from_record(record))
    return index


def entry_from_record(record: Record) -> dict[str, Any]:
    """What Whoosh is given of an article. Values are a list, or Whoosh would split them at spaces."""
    entry: dict[str, Any] = {"serial": record.serial}
    entry |= {field: getattr(record, field) for field in TEXT_FIELDS}
    entry |= {field: list(getattr(record, field)) for field in KEYWORD_FIELDS}
    for field in FIELDS:
        if field.kind is FieldKind.DAYS and getattr(record, field.name) is not None:
            entry[first_day_column(field.name)], entry[last_day_column(field.name)] = getattr(record, field.name)
    return entry


def contents(index: ArrayIndex) -> list[dict[str, bytes]]:
    """The content of each file of each segment, by extension; that the segment is whole is checked on the way."""
    folder = Path(index.storage.folder)
    found = []
    for segment in index._segments():  # noqa: SLF001 - Whoosh has no other way to tell
        check_segment(index.storage, segment)
        files = folder.glob(f"{segment.segment_id()}.*")
        found.append({path.suffix: path.read_bytes() for path in files})
    return found


def names(folder: Path) -> set[str]:
    """The files of a folder."""
    return {path.name for path in folder.iterdir()}


def hostile_records(count: int) -> Iterator[Record]:
    """Articles of words that are hard to tell from each other, some of them empty."""
    chance = random.Random(1897)  # noqa: S311 - not for secrets
    for serial in range(count):
        day = chance.randint(700_000, 740_000)
        yield a_record(
            serial,
            title=" ".join(chance.choices(HOSTILE, k=chance.randint(0, 5))),
            body=chance.choice(" \n-").join(chance.choices(HOSTILE, k=chance.randint(0, 12))),
            region=tuple(chance.sample(("a", "b", "c d", "", "\U0001f1f0"), k=chance.randint(0, 3))),
            topic=("x", "x") if serial % 7 == 0 else (),
            date=(day, day + 1) if serial % 3 else None,
        )


words = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=4), max_size=12).map(" ".join)
values = st.lists(st.sampled_from(("kp", "kp-sinuiju@event", "a b", "a,b", "")) | st.text(max_size=2), max_size=3)
records = st.lists(
    st.builds(
        a_record,
        st.integers(0, 2**64 - 1),
        title=words,
        body=words,
        authors=words,
        region=values.map(tuple),
        topic=values.map(tuple),
        date=st.none() | st.tuples(st.integers(1, 3_652_059), st.integers(1, 3_652_059)),
    ),
    max_size=6,
    unique_by=lambda record: record.serial,
)


@given(records=records)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_articles_make_the_same_bytes(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Both writers make the same files of the same articles, and none of none."""
    folder = tmp_path_factory.mktemp("twice")
    assert contents(fill(folder / "fast", records)) == contents(fill_slowly(folder / "slow", records))


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([], id="empty archive"),
        pytest.param([a_record(0)], id="one article of nothing"),
        pytest.param([a_record(5, body="goods", title="the goods", region=("kp",), date=(1, 1))], id="one article"),
        pytest.param([a_record(number, body="goods " * number) for number in range(400)], id="whole blocks"),
        pytest.param([a_record(number, topic=(f"t{number}",)) for number in range(400)], id="many sets"),
        pytest.param([a_record(1, body=" ".join(f"w{n}" for n in range(3000)))], id="many words"),
        pytest.param([a_record(1, body="the " * 120_000)], id="longer than lengths can say"),
        pytest.param([a_record(2**64 - 1), a_record(0)], id="serials far apart"),
        pytest.param([record for commit in sample_history() for record in commit.upserts[:150]], id="samples"),
        pytest.param(list(hostile_records(700)), id="hostile"),
    ],
)
def test_the_same_articles_make_the_same_bytes(records: list[Record], tmp_path: Path) -> None:
    """Empty fields, whole blocks, long texts, repeated values: Whoosh's own writer is the judge of each."""
    records = list({record.serial: record for record in records}.values())
    fast = fill(tmp_path / "fast", records)
    assert contents(fast) == contents(fill_slowly(tmp_path / "slow", records))
    assert fast.doc_count() == len(records)


@pytest.mark.skipif(not REUTERS.exists(), reason="the Reuters articles are not beside the clone")
def test_real_articles_make_the_same_bytes(tmp_path: Path) -> None:
    """So do the first articles of Reuters, although they are written in several batches and merged."""
    with gzip.open(REUTERS, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line, _ in zip(lines, range(400), strict=False)]
    records = [
        a_record(serial, title=row["title"] or "", body=row["body"] or "", topic=tuple(dict.fromkeys(row["topics"])))
        for serial, row in enumerate(rows)
    ]
    fast = fill(tmp_path / "fast", records, memory_mb=1, into_one=True)
    assert contents(fast) == contents(fill_slowly(tmp_path / "slow", records))


def test_ten_thousand_hostile_articles_are_all_there(tmp_path: Path) -> None:
    """Written in one batch or in many that are merged, they make the same bytes."""
    records = list(hostile_records(10_000))
    at_once = fill(tmp_path / "once", records)
    in_parts = fill(tmp_path / "parts", records, memory_mb=1, into_one=True)
    assert at_once.doc_count() == 10_000
    assert contents(at_once) == contents(in_parts)


def test_an_article_of_five_million_words(tmp_path: Path) -> None:
    """Every one of them is indexed where it stands."""
    index = fill(tmp_path / "ix", [a_record(1, body="goods " * 4_999_999 + "end"), a_record(2, body="goods end")])
    with index.reader() as reader:
        assert reader.field_length("body") == 5_000_002
        assert reader.postings("body", "end").value_as("positions") == [4_999_999]
        assert reader.frequency("body", "good") == 5_000_000


def test_an_article_of_a_hundred_thousand_different_words(tmp_path: Path) -> None:
    """Each is a term, found in its place."""
    index = fill(tmp_path / "ix", [a_record(1, body=" ".join(f"w{number}" for number in range(100_000)))])
    with index.reader() as reader:
        assert sum(1 for _ in reader.lexicon("body")) == 100_000
        assert reader.postings("body", "w98765").value_as("positions") == [98_765]


@pytest.mark.parametrize(
    ("record", "error", "message"),
    [
        pytest.param(
            a_record(7, title=b"x"), TypeError, "the title of article 7 is no text: b'x'", id="bytes for text"
        ),
        pytest.param(a_record(7, body=None), TypeError, "the body of article 7 is no text: None", id="no text"),
        pytest.param(
            a_record(7, topic=(3,)), TypeError, "a topic of article 7 is no text: 3", id="a number for a value"
        ),
        pytest.param(
            a_record(7, topic=("\ud800",)), ValueError, "a topic of article 7 is no text", id="half a character"
        ),
        pytest.param(a_record(-1), ValueError, "no article has the serial -1", id="negative serial"),
        pytest.param(a_record(2**64), ValueError, "no article has the serial 1844", id="serial too large"),
        pytest.param(a_record(7, date=(0, 5)), ValueError, "the date of article 7 is no interval", id="no day"),
        pytest.param(a_record(1, body="again"), ValueError, "two records have the serial 1", id="serial twice"),
    ],
)
def test_what_is_no_record_is_refused_and_nothing_kept(
    record: Record, error: type[Exception], message: str, tmp_path: Path
) -> None:
    """The error names the article and what is wrong with it, and the index is as it was."""
    index = fill(tmp_path / "ix", [a_record(0, body="before")])
    before = names(tmp_path / "ix")
    with pytest.raises(error, match=message):
        add(index, [a_record(1, body="goods"), record])
    assert names(tmp_path / "ix") == before
    assert index.doc_count() == 1


def test_a_record_that_was_refused_leaves_nothing(tmp_path: Path) -> None:
    """Who catches the error can go on: the bytes are those of the articles that were taken."""
    index = an_index(tmp_path / "ix")
    good = [a_record(1, body="goods", topic=("a",)), a_record(3, body="more", topic=("b",))]
    with BulkWriter(index) as writer:
        writer.add(good[0])
        with pytest.raises(ValueError, match="a topic of article 2"):
            writer.add(a_record(2, body="bad", region=("unused",), topic=("\ud800",), date=(5, 6)))
        writer.add(good[1])
    assert contents(index) == contents(fill_slowly(tmp_path / "slow", good))


def with_field(name: str, field: Any) -> fields.Schema:
    """Our schema, with one field declared otherwise."""
    schema = schema_from_fields()
    if name in schema:
        schema.remove(name)
    schema.add(name, field)
    return schema


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        pytest.param(with_field("extra", fields.STORED()), "extra", id="a field we don't have"),
        pytest.param(with_field("body", fields.TEXT(analyzer=StandardAnalyzer())), "body", id="another analyser"),
        pytest.param(with_field("body", fields.TEXT(analyzer=Analyser(), chars=True)), "body", id="another format"),
        pytest.param(with_field("body", fields.TEXT(analyzer=Analyser(), field_boost=2.0)), "body", id="a boost"),
        pytest.param(with_field("body", fields.TEXT(analyzer=Analyser(), stored=True)), "body", id="stored text"),
        pytest.param(with_field("body", fields.TEXT(analyzer=Analyser(), vector=True)), "body", id="a vector"),
        pytest.param(with_field("topic", fields.KEYWORD()), "topic", id="another kind"),
        pytest.param(with_field("topic", fields.ID(unique=True)), "topic", id="a unique value"),
        pytest.param(with_field("topic", fields.ID(sortable=True)), "topic", id="a sortable value"),
        pytest.param(with_field("serial", fields.COLUMN(NumericColumn("I"))), "serial", id="a smaller column"),
        pytest.param(
            with_field("serial", fields.COLUMN(NumericColumn("Q", default=5))), "serial", id="another default"
        ),
        pytest.param(fields.Schema(), "authors", id="no field"),
    ],
)
def test_an_index_of_other_fields_is_refused(schema: fields.Schema, field: str, tmp_path: Path) -> None:
    """Anything that would be indexed otherwise than the index says is refused by name, and nothing is left locked."""
    index = an_index(tmp_path / "ix", schema)
    for _ in range(2):
        with pytest.raises(UnknownSchema, match=f"the field {field} of this index"):
            BulkWriter(index)


def test_segments_of_another_codec_are_refused(tmp_path: Path) -> None:
    """An index of Whoosh's own format is none of ours, and its segments get into none."""
    storage = FileStorage(str(tmp_path / "ix")).create()
    theirs = storage.create_index(schema_from_fields())
    with theirs.writer() as writer:
        writer.add_document(serial=1, body="goods")
    with pytest.raises(DamagedFile, match="not a file of arrays"):
        ArrayIndex(storage)
    ours = an_index(tmp_path / "ours")
    with pytest.raises(UnknownSegment, match="no segment of arrays"):
        Contents(ours.schema, theirs._segments(), 1).write(ours.storage, "MAIN")  # noqa: SLF001 - Whoosh has no other way to tell
    assert ours.segments() == []


def test_only_one_may_write_an_index(tmp_path: Path) -> None:
    """Neither another bulk writer nor Whoosh's own, nor the other way round; afterwards both may."""
    index = an_index(tmp_path / "ix")
    with BulkWriter(index) as writer:
        writer.add(a_record(1))
        for another in (BulkWriter, ArrayIndex.writer):
            with pytest.raises(LockError):
                another(index)
    with index.writer() as slow:
        slow.add_document(serial=2)
        with pytest.raises(LockError):
            BulkWriter(index)
    add(index, [a_record(3)])
    assert index.doc_count() == 3


@pytest.mark.parametrize("end", [BulkWriter.cancel, BulkWriter.commit], ids=["cancel", "commit of nothing"])
def test_nothing_new_leaves_the_index_as_it_was(end: Callable[[BulkWriter], None], tmp_path: Path) -> None:
    """What was there stays, byte for byte, and what was written in between goes."""
    index = fill(tmp_path / "ix", [a_record(1, body="goods")])
    before = contents(index)
    writer = BulkWriter(index, memory_mb=0)
    if end is BulkWriter.cancel:
        writer.delete([1])
        for serial in range(2, 3000):
            writer.add(a_record(serial, body="goods " * 200))
        assert len(names(tmp_path / "ix")) > 6
    end(writer)
    assert contents(index) == before
    assert len(names(tmp_path / "ix")) == 3


def test_a_full_disk_leaves_the_index_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the middle of a file comes through, and no half of it stays."""
    index = fill(tmp_path / "ix", [a_record(1, body="goods")])
    before = names(tmp_path / "ix")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("index.codec.inverted.InvertedWriter.add_field", full)
    with pytest.raises(OSError, match="No space left"):
        add(index, [a_record(2, body="goods")])
    assert names(tmp_path / "ix") == before


def in_a_child(work: Callable[[], None]) -> int:
    """Do something in a process of its own, which has our kernels already; return how it ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path: Path) -> None:
    """The index can be read in between, the lock is free, and no file stays that nobody knows."""
    index = fill(tmp_path / "ix", [a_record(1, body="goods")])
    before = names(tmp_path / "ix")

    def die_writing() -> None:
        writer = BulkWriter(index, memory_mb=0)
        for serial in range(2, 3000):
            writer.add(a_record(serial, body="goods " * 200))
        (tmp_path / "ix" / "_MAIN_2.toc.17000.5").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(die_writing) == -signal.SIGKILL
    assert len(names(tmp_path / "ix")) > len(before) + 2
    with index.reader() as reader:
        assert reader.doc_count() == 1
    with BulkWriter(index) as writer:
        assert names(tmp_path / "ix") == before | {"MAIN_WRITELOCK"}
        writer.add(a_record(2, body="more"))
    assert index.doc_count() == 2
    assert len(names(tmp_path / "ix")) == len(before) + 2


def private_mb() -> float:
    """The memory that the process has to itself; pages of mapped files are the system's to take back."""
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) / 1024


def most_private_mb(work: Callable[[], object]) -> float:
    """The most memory that the process has to itself during some work, looked at all the time from another thread."""
    seen = [private_mb()]
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.002):
            seen.append(private_mb())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return max(seen)


@pytest.mark.skipif(not STATUS.exists(), reason="memory is measured the way of Linux")
@pytest.mark.parametrize(("memory_mb", "bound_mb"), [(8, 8 + 24), pytest.param(1024, math.inf, id="at once")])
def test_memory_is_bounded_by_the_setting(memory_mb: int, bound_mb: float, tmp_path: Path) -> None:
    """Five million words take a batch of 8 MB, and what merging takes whatever the size; at once they take far more."""
    chance = random.Random(3)  # noqa: S311 - not for secrets
    vocabulary = [f"{chance.getrandbits(24):x}" for _ in range(5000)]
    bodies = [" ".join(chance.choices(vocabulary, k=5000)) for _ in range(40)]

    def write(name: str, articles: int, memory_mb: int) -> None:
        records = (a_record(serial, body=bodies[serial % 40]) for serial in range(articles))
        fill(tmp_path / name, records, memory_mb=memory_mb, into_one=True)

    def measure() -> None:
        write("warm", 150, 1)
        before = private_mb()
        (tmp_path / "grown").write_text(str(most_private_mb(lambda: write("ix", 1000, memory_mb)) - before))
        os._exit(0)

    assert in_a_child(measure) == 0
    grown = float((tmp_path / "grown").read_text())
    assert grown < bound_mb
    assert memory_mb == 8 or grown > 8 + 24
