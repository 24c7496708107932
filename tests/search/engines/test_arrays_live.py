"""The arrays engine over an archive that changes all the time: the same answers, and nothing that grows."""

from __future__ import annotations

import gc
import os
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.whoosh_index import update_index, write_index
from search.engine import SearchRequest, ValueFacet
from search.engines.arrays import ArraysEngine
from search.query import And, Prefix, Term
from tests.contract.archives import ALL_FACETS, a_record, articles_of, histories, requests, sample_history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from search.engine import Engine
    from search.engines.mapped import MappedIndex
    from tests.contract.archives import History

GENERATION: Final = "one"

STATUS: Final = Path("/proc/self/status")

needs_proc = pytest.mark.skipif(not STATUS.exists(), reason="files and memory are counted the way of Linux")


def index_of(engine: ArraysEngine) -> MappedIndex:
    """What an engine has open."""
    assert engine._opened is not None  # noqa: SLF001 - not for callers
    return engine._opened.index  # noqa: SLF001 - likewise


def linked(folder: Path, name: str) -> Path:
    """The next generation's folder, as hard links."""
    other = folder.parent / name
    shutil.copytree(folder, other, copy_function=os.link)
    return other


def lived(folder: Path, history: History, *, most_merged: float) -> Engine:
    """An index that has seen every commit in a folder linked from the one before."""
    write_index(folder, history[0].upserts)
    for number, commit in enumerate(history[1:]):
        folder = linked(folder, f"{folder.name}-{number}")
        update_index(folder, commit.upserts, commit.deletes, most_merged=most_merged)
    return ArraysEngine(folder, GENERATION)


@settings(max_examples=40, deadline=None)
@given(
    history=histories,
    asked=st.lists(requests, min_size=1, max_size=6),
    most_merged=st.sampled_from((0, 4, 10_000)),
)
def test_a_live_index_answers_as_one_built_at_once(
    history: History, asked: list[SearchRequest], most_merged: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However an archive came about, totals, order, facets and scores are those of a new index, to the last bit."""
    folder = tmp_path_factory.mktemp("live")
    live = lived(folder / "live", history, most_merged=most_merged)
    write_index(folder / "built", articles_of(history))
    built = ArraysEngine(folder / "built", GENERATION)
    for request in asked:
        assert live.search(request) == built.search(request)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Engine]:
    """A larger archive in many segments with deletions in all of them, and built at once."""
    folder = tmp_path_factory.mktemp("sample")
    history = sample_history(articles=1200, seed=11)
    chance = random.Random(4)  # noqa: S311 - not for secrets
    articles = {record.serial: record for record in articles_of(history)}
    order = chance.sample(sorted(articles), len(articles))
    write_index(folder / "live", [articles[serial] for serial in order[:700]])
    for start in range(700, len(order), 60):
        again = chance.sample(order[:start], 9)
        upserts = [articles[serial] for serial in (*order[start : start + 60], *again)]
        update_index(folder / "live", upserts, most_merged=0)
    gone = set(order[::7])
    update_index(folder / "live", deletes=gone, most_merged=0)
    write_index(folder / "built", [record for serial, record in sorted(articles.items()) if serial not in gone])
    engine = ArraysEngine(folder / "live", GENERATION)
    assert len(index_of(engine).segments) > 8
    assert all(len(segment.gone) for segment in index_of(engine).segments)
    return engine, ArraysEngine(folder / "built", GENERATION)


@settings(max_examples=80, deadline=None)
@given(request=requests)
def test_many_segments_with_deletions_answer_as_one(sample: tuple[Engine, Engine], request: SearchRequest) -> None:
    """Lists of several blocks in several segments, a seventh of all articles deleted: nothing tells them apart."""
    live, built = sample
    assert live.search(request) == built.search(request)


def test_generations_share_the_segments_they_share(tmp_path: Path) -> None:
    """What was mapped for one generation is not mapped again for the next, though its deletions are its own."""
    write_index(tmp_path / "1", [a_record(serial, body="ka") for serial in range(1, 300)])
    first = ArraysEngine(tmp_path / "1", "1")
    update_index(linked(tmp_path / "1", "2"), [a_record(7, body="lo")])
    second = ArraysEngine(tmp_path / "2", "2")
    [old], [kept, new] = index_of(first).segments, index_of(second).segments
    assert kept.mapped is old.mapped is not new.mapped
    assert (old.gone.tolist(), kept.gone.tolist(), new.gone.tolist()) == ([], [6], [])
    request = SearchRequest(query=Term("ka"))
    assert (first.search(request).total, second.search(request).total) == (299, 298)
    first.close()
    assert second.search(request).total == 298


def test_a_file_that_is_another_is_mapped_anew(tmp_path: Path) -> None:
    """The same name elsewhere is not the same file: a copy is not taken for what it was copied from."""
    write_index(tmp_path / "1", [a_record(1, body="ka")])
    shutil.copytree(tmp_path / "1", tmp_path / "2")
    one, other = (ArraysEngine(tmp_path / name, name) for name in "12")
    assert index_of(one).segments[0].mapped is not index_of(other).segments[0].mapped


def generations(folder: Path, count: int) -> Iterator[Path]:
    """Generation after generation, each linked from the one before, of which no more than two are there."""
    chance = random.Random(5)  # noqa: S311 - not for secrets
    body = " ".join(f"w{number}" for number in range(200))
    write_index(folder / "0", [a_record(serial, body=body, topic=("t",)) for serial in range(2000)])
    for number in range(1, count):
        update_index(linked(folder / f"{number - 1}", f"{number}"), [a_record(chance.randrange(2000), body=body)])
        shutil.rmtree(folder / f"{number - 2}", ignore_errors=True)
        yield folder / f"{number}"


def held(engine: ArraysEngine) -> tuple[int, int, int]:
    """Open files and maps but for the two of each segment, and kB of memory that are this process's own."""
    files = len(list(Path("/proc/self/fd").iterdir()))
    maps = len(Path("/proc/self/maps").read_bytes().splitlines())
    [line] = [line for line in STATUS.read_text().splitlines() if line.startswith("RssAnon")]
    own = 2 * len(index_of(engine).segments)
    return files - own, maps - own, int(line.split()[1])


@needs_proc
def test_opening_generation_after_generation_holds_nothing_back(tmp_path: Path) -> None:
    """Three hundred generations, two open at a time, searched: as many files, maps and megabytes as after thirty.

    Without the garbage collector: what an engine held goes with it, not some time later.
    """
    requests = [SearchRequest(query=query, facets=ALL_FACETS) for query in (Term("w1"), Prefix("w1"), Term("t"))]
    current: ArraysEngine | None = None
    early = late = (0, 0, 0)
    gc.collect()
    gc.disable()
    try:
        for number, folder in enumerate(generations(tmp_path, 300)):
            following = ArraysEngine(folder, str(number))
            assert following.search(requests[number % 3]).total > -1
            if current is not None:
                current.close()
            current = following
            if number == 30:
                early = held(current)
        assert current is not None
        late = held(current)
    finally:
        gc.enable()
    assert late[0] == early[0]
    assert late[1] <= early[1] + 20  # what the allocator likes
    assert late[2] <= early[2] + 6000


def test_words_are_found_by_their_articles_alone(tmp_path: Path) -> None:
    """A word whose articles are all deleted in one segment and there in another, and one that is in none any more."""
    write_index(
        tmp_path / "ix", [a_record(serial, body="ka" if serial < 200 else "lo kab") for serial in range(1, 400)]
    )
    update_index(tmp_path / "ix", [a_record(900, body="ka")], deletes=range(1, 200), most_merged=0)
    update_index(tmp_path / "ix", [a_record(901, body="mi")], deletes=range(300, 400), most_merged=0)
    engine = ArraysEngine(tmp_path / "ix", GENERATION)
    facets = (ValueFacet("topic"),)

    def total(query: Term | Prefix | And) -> int:
        found = {engine.search(SearchRequest(query=query, facets=asked)).total for asked in ((), facets)}
        assert len(found) == 1
        return found.pop()

    assert (total(Term("ka")), total(Term("lo")), total(Prefix("k")), total(Term("mi"))) == (1, 100, 101, 1)
    assert total(And((Prefix("ka"), Term("lo")))) == 100
    update_index(tmp_path / "ix", deletes=[900], most_merged=0)
    engine = ArraysEngine(tmp_path / "ix", GENERATION)
    assert (total(Term("ka")), total(Prefix("ka"))) == (0, 100)


def test_a_merge_changes_no_answer(tmp_path: Path) -> None:
    """Before and after a merge that had waited, an index answers the same."""
    write_index(tmp_path / "ix", [a_record(serial, body="ka lo " * (serial % 5)) for serial in range(1, 40)])
    for serial in range(40, 48):
        update_index(tmp_path / "ix", [a_record(serial, body="ka"), a_record(serial - 30, body="lo")], most_merged=0)
    request = SearchRequest(query=Prefix(""), facets=ALL_FACETS, limit=100)
    before = ArraysEngine(tmp_path / "ix", GENERATION).search(request)
    update_index(tmp_path / "ix")
    engine = ArraysEngine(tmp_path / "ix", GENERATION)
    assert len(index_of(engine).segments) == 1
    assert engine.search(request) == before
