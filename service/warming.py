"""Compiling everything before anybody waits for it: a tiny archive is indexed, changed and searched in every way.

So every kernel is called with just the types that real archives give it, and its machine code is kept in the data
folder. `dateline build` does this before it is done; workers then load what they need in a few hundredths of a second.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from index.compiled import keep_compiled_in
from index.document import Role
from index.fields import Record, region_value
from index.machine_code import discard_outdated, is_complete, mark_complete
from index.whoosh_index import check_index, update_index, write_index
from search.engine import DateFacet, DateFilter, Interval, SearchRequest, Sort, ValueFacet, ValueFilter
from search.engines.arrays import ArraysEngine
from search.engines.vocabulary import IndexVocabulary
from search.query import And, Dates, Everything, Near, Not, Or, Phrase, Prefix, Query, Term, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

_ARTICLES: Final = 300
"""Enough for lists of whole blocks."""

_COMMITS: Final = 8
"""Enough for segments to be merged."""

_QUERIES: Final[tuple[Query, ...]] = (
    Everything(),
    Term("rice", "body"),
    Term("rice"),
    Prefix("pri"),
    Phrase(("rice", "price")),
    Near(("price", "rice", "rice"), 3),
    And((Term("rice", "body"), Term("price"))),
    And((Term("rice"), Phrase(("rice", "price")), Value("topic", "markets"))),
    Or((Term("rice"), Phrase(("price", "rice")), And((Term("price"), Not(Near(("rice", "price"), 1)))))),
    And((Phrase(("rice", "price")), Near(("rice", "price"), 1), Dates(dt.date(2020, 1, 1), None))),
)


def compile_all(folder: Path) -> None:
    """Compile every kernel that is not in the folder yet, and remove what is outdated there.

    If another process is at it, wait for that to finish: then there is nothing left to do.
    """
    with _alone(folder):
        if is_complete(folder):
            return
        keep_compiled_in(folder)
        with tempfile.TemporaryDirectory() as scratch:
            _exercise(Path(scratch))
        mark_complete(folder)
        discard_outdated(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other processes from compiling for the same folder, where that can be written."""
    with ExitStack() as held:
        with suppress(OSError):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            lock = held.enter_context((folder / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _exercise(folder: Path) -> None:
    records = [_record(serial) for serial in range(1, _ARTICLES + 1)]
    write_index(folder / "one", records)
    _search(folder / "one")
    write_index(folder / "several", records[:-2])
    update_index(folder / "several", records[-3:], deletes=(1, 7))
    check_index(folder / "several")
    _search(folder / "several")
    for record in records[:_COMMITS]:
        update_index(folder / "several", [record])


def _search(folder: Path) -> None:
    engine = ArraysEngine(folder, "warming")
    facets = (ValueFacet("region"), ValueFacet("topic"), DateFacet(Interval.MONTH))
    for query in _QUERIES:
        for sort in (Sort.RELEVANCE, Sort.NEWEST):
            engine.search(SearchRequest(query=query, sort=sort))
        filters = (ValueFilter("source", none_of=("nobody",)), ValueFilter("region", any_of=("kp",)))
        dates = DateFilter(dt.date(2020, 1, 1), None)
        engine.search(SearchRequest(query=query, filters=filters, dates=dates, facets=facets))
    vocabulary = IndexVocabulary(folder)
    vocabulary.known(("rice",))
    vocabulary.near("rise", 1, beginning="r")
    engine.close()


def _record(serial: int) -> Record:
    day = dt.date(2020, 1, 1).toordinal() + serial
    body = "The price of rice rose, and rice prices — “쌀값” — with it. " * (1 + serial % 3)
    return Record(
        serial=serial,
        title=f"Rice prices {serial}",
        body=body,
        captions="",
        authors="Kim",
        region=(region_value("kp", Role.EVENT),) if serial % 2 else (),
        source=("daily",),
        topic=("markets",) if serial % 5 else ("markets", "food"),
        language=("en",),
        date=(day, day) if serial % 7 else None,
    )
