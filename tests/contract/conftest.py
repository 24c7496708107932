"""The engines under contract: to add one, add a line to `ENGINES`.

A builder gets an empty folder and an archive's history and gives an engine of generation `GENERATION`. One that can't
apply commits one by one may index `articles_of(history)`.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest
from whoosh.index import create_in, open_dir

from index.fields import KEYWORD_FIELDS, TEXT_FIELDS
from index.whoosh_index import (
    SERIAL,
    first_day_column,
    last_day_column,
    schema_from_fields,
    update_index,
    write_index,
)
from search.engines.arrays import ArraysEngine
from search.engines.whoosh import WhooshEngine
from tests.contract.archives import FIVE_ARTICLES, Commit, articles_of, sample_history
from tests.reference_engine import ReferenceEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from index.fields import Record
    from search.engine import Engine
    from tests.contract.archives import History

GENERATION: Final = "generation-under-contract"


def build_whoosh(folder: Path, history: History) -> Engine:
    """Whoosh over an index that has seen every commit."""
    first, *rest = history
    write_index(folder, first.upserts)
    for commit in rest:
        update_index(folder, commit.upserts, commit.deletes)
    return WhooshEngine(folder, GENERATION)


def build_whoosh_at_once(folder: Path, history: History) -> Engine:
    """Whoosh over an index written in one go, as `dateline build` does."""
    write_index(folder, articles_of(history))
    return WhooshEngine(folder, GENERATION)


def build_whoosh_on_w3(folder: Path, history: History) -> Engine:
    """Whoosh over an index that its own writer wrote in its own format, commit by commit."""
    folder.mkdir(parents=True)
    index = create_in(str(folder), schema_from_fields())
    for commit in history:
        gone = {*commit.deletes, *(record.serial for record in commit.upserts)}
        writer = index.writer(compound=False)
        with writer, writer.reader() as reader:
            for leaf, offset in reader.leaf_readers() if reader.doc_count_all() else ():
                serials = leaf.column_reader(SERIAL, translate=False)
                for number in leaf.all_doc_ids():
                    if serials[number] in gone:
                        writer.delete_document(offset + number)
            for record in commit.upserts:
                writer.add_document(**_entry(record))
    return WhooshEngine(folder, GENERATION, opening=lambda folder: open_dir(str(folder)))


def _entry(record: Record) -> dict[str, Any]:
    """An article as Whoosh's writer takes it."""
    entry = {SERIAL: record.serial, **{field: getattr(record, field) for field in TEXT_FIELDS}}
    entry |= {field: list(getattr(record, field)) for field in KEYWORD_FIELDS}
    if record.date is not None:
        entry[first_day_column("date")], entry[last_day_column("date")] = record.date
    return entry


def build_arrays(folder: Path, history: History) -> Engine:
    """Compiled loops over an index that has seen every commit."""
    first, *rest = history
    write_index(folder, first.upserts)
    for commit in rest:
        update_index(folder, commit.upserts, commit.deletes)
    return ArraysEngine(folder, GENERATION)


def build_arrays_at_once(folder: Path, history: History) -> Engine:
    """Compiled loops over an index written in one go, as `dateline build` does."""
    write_index(folder, articles_of(history))
    return ArraysEngine(folder, GENERATION)


def build_reference(_folder: Path, history: History) -> Engine:
    """The oracle itself: it keeps its own promises."""
    return ReferenceEngine(articles_of(history), GENERATION)


ENGINES: Final[dict[str, Callable[[Path, History], Engine]]] = {
    "reference": build_reference,
    "whoosh": build_whoosh,
    "whoosh-at-once": build_whoosh_at_once,
    "whoosh-on-w3": build_whoosh_on_w3,
    "arrays": build_arrays,
    "arrays-at-once": build_arrays_at_once,
}


class BuildEngine(Protocol):
    """Makes the engine under test over an archive."""

    def __call__(self, history: History) -> Engine:
        """The engine; it is closed after the test."""
        ...


@pytest.fixture(scope="session", params=list(ENGINES))
def build_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuildEngine]:
    """One engine after the other, each over any archive."""
    builder = ENGINES[request.param]
    parent = tmp_path_factory.mktemp(request.param)
    numbers = count()
    built: list[Engine] = []

    def build(history: History) -> Engine:
        built.append(builder(parent / str(next(numbers)), history))
        return built[-1]

    yield build
    for engine in built:
        engine.close()


@pytest.fixture(scope="session")
def small(build_engine: BuildEngine) -> Engine:
    """The engine under test over five articles."""
    return build_engine((Commit(upserts=FIVE_ARTICLES),))


@pytest.fixture(scope="session")
def sample() -> History:
    """The larger archive."""
    return sample_history()


@pytest.fixture(scope="session")
def engine(build_engine: BuildEngine, sample: History) -> Engine:
    """The engine under test over the larger archive."""
    return build_engine(sample)


@pytest.fixture(scope="session")
def oracle(sample: History) -> Engine:
    """The oracle over the larger archive."""
    return ReferenceEngine(articles_of(sample), GENERATION)
