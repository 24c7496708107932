"""Dateline itself, through its public engine contract: the index that `dateline build` writes, the default engine."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from benchmarks.machine import ROOT
from benchmarks.peers import Peer, Summary
from index.compiled import keep_compiled_in
from index.whoosh_index import write_index
from search.engine import DateCounts, ValueCounts, ValueFacet
from search.engines.arrays import ArraysEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from benchmarks.questions import Question
    from index.fields import Record
    from search.engine import Engine, Facet, FacetCounts, Matches

GENERATION: Final = "1-00000000"
COMPILED: Final = ROOT / "build" / "compiled"
"""Where compiled kernels are kept, as in a data folder: a process that opens an index does not compile anew."""


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

    def write(self, folder: Path, records: Iterable[Record], *, is_alone: bool) -> None:  # noqa: ARG002 - see `Peer`
        """Write the index as `dateline build` does, with one thread in either case."""
        keep_compiled_in(COMPILED)
        write_index(folder, records)

    def open(self, folder: Path) -> DatelineOpened:
        """Open it with the default engine."""
        keep_compiled_in(COMPILED)
        return DatelineOpened(ArraysEngine(folder, GENERATION))

    def answers(self, question: Question, *, is_faceted: bool) -> bool:  # noqa: ARG002 - see `Peer`
        """Everything."""
        return True


PEER: Peer = Dateline()
