"""Dateline itself, through its public engine contract: the index that `dateline build` writes, the default engine."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from benchmarks.machine import ROOT
from benchmarks.peers import Peer, Summary
from index.whoosh_index import write_index
from search.engine import DateCounts, ValueCounts, ValueFacet
from search.engines.whoosh import WhooshEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from benchmarks.questions import Question
    from index.fields import Record
    from search.engine import Engine, Facet, FacetCounts, Matches

GENERATION: Final = "1-00000000"
COMPILED: Final = ROOT / "build" / "compiled"


class DatelineOpened:
    """An open index of ours."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def prepare(self, question: Question, *, is_faceted: bool) -> Callable[[], Matches]:
        """What has the engine search."""
        return partial(self._engine.search, question.request(is_faceted=is_faceted))

    def summary(self, question: Question, answer: Any) -> Summary:  # noqa: ANN401 - see `Opened`
        """What an engine's answer says."""
        found: Matches = answer
        narrowed = {name for name, by in (("region", question.region), ("date", question.days)) if by}
        facets = {name: counts for name, counts in map(_counted, found.facets.items()) if name not in narrowed}
        return Summary(found.total, facets)

    def close(self) -> None:
        """Let go of files."""
        self._engine.close()


def _counted(facet: tuple[Facet, FacetCounts]) -> tuple[str, Mapping[str, int]]:
    match facet:
        case (ValueFacet(field), ValueCounts() as counts):
            return field, dict(counts.values)
        case (_, DateCounts() as counts):
            return "date", {str(day.year): count for day, count in counts.buckets if count}
        case _:
            raise TypeError(f"an engine answered a facet with {facet}")


class Dateline:
    """The peer that all others are compared with."""

    title = "Dateline"
    analysis = "its own: words of all scripts, folded, Snowball English stems; stop words kept"
    lacks = "nothing of this page; it alone counts a facet as if the question's own filter on it were not there"

    def is_installed(self) -> bool:
        """Always."""
        return True

    def version(self) -> str:
        """Its version."""
        return version("dateline")

    def write(self, folder: Path, records: Iterable[Record], *, is_alone: bool) -> None:
        """Write the index as `dateline build` does, or in one process where the writer can be told so."""
        options = {"processes": 1} if is_alone and "processes" in inspect.signature(write_index).parameters else {}
        _keep_compiled()
        write_index(folder, records, **options)

    def open(self, folder: Path) -> DatelineOpened:
        """Open it with the default engine: `arrays`, in a version that has it."""
        _keep_compiled()
        return DatelineOpened(_engine(folder))

    def answers(self, question: Question, *, is_faceted: bool) -> bool:  # noqa: ARG002 - see `Peer`
        """Everything."""
        return True


def _keep_compiled() -> None:
    """Keep compiled kernels on disk, as a data folder does: a process that opens an index does not compile anew."""
    if importlib.util.find_spec("index.compiled") is not None:
        importlib.import_module("index.compiled").keep_compiled_in(COMPILED)


def _engine(folder: Path) -> Engine:
    if importlib.util.find_spec("search.engines.arrays") is None:
        return WhooshEngine(folder, GENERATION)
    engine: Engine = importlib.import_module("search.engines.arrays").ArraysEngine(folder, GENERATION)
    return engine


PEER: Peer = Dateline()
