"""What of an archive a request is answered from: its `Extent`, and the archive cut down to it.

Whatever answers is handed the archive that `extent_of_archive` gives, and cannot see that there is more: articles
outside are not found, counted, suggested or shown by their id, whatever is asked. So no route, parameter, cursor or
query can undo a filter. Scores are the one thing that is made from the whole archive (docs/access.md).
"""

from __future__ import annotations

import dataclasses
import hmac
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from search.engine import SearchRequest
from service.access.filters import query_from_filters
from service.params import FACET_FIELDS
from service.problems import InvalidParameters, ParamProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.gazetteer import Gazetteer
    from service.archive import Archive

EXTENTS_KEPT: Final = 32
"""Extents of a generation that are kept ready, in each process."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Articles that pass all of some filters (as people write them), and the fields that may be counted."""

    filters: tuple[str, ...] = ()
    facets: tuple[str, ...] = FACET_FIELDS

    def narrowed(self, filters: Iterable[str], facets: tuple[str, ...] | None = None) -> Extent:
        """This, with more filters, and fewer fields if they are given. Never more of anything."""
        allowed = self.facets if facets is None else tuple(name for name in self.facets if name in facets)
        return Extent(tuple(sorted({*self.filters, *filters})), allowed)


WHOLE: Final = Extent()


class Extents:
    """The archives cut down to the extents that were asked for lately, of one generation."""

    def __init__(self) -> None:
        self._made: OrderedDict[Extent, Archive] = OrderedDict()
        self._lock = Lock()

    def of(self, archive: Archive, extent: Extent, gazetteer: Gazetteer) -> Archive:
        """The archive cut down to an extent. Raises `ValueError` for a filter that cannot be read."""
        with self._lock:
            made = self._made.get(extent)
            if made is not None:
                self._made.move_to_end(extent)
                return made
        made = _cut_down(archive, extent, gazetteer)
        with self._lock:
            self._made[extent] = made
            while len(self._made) > EXTENTS_KEPT:
                self._made.popitem(last=False)
        return made


def _cut_down(archive: Archive, extent: Extent, gazetteer: Gazetteer) -> Archive:
    searcher = archive.searcher.within(query_from_filters(extent.filters, gazetteer))
    return dataclasses.replace(
        archive,
        searcher=searcher,
        articles=searcher.matches(SearchRequest(limit=0)).total,
        cursor_key=hmac.digest(archive.cursor_key, repr(extent).encode(), "sha256"),
        extent=extent,
        extents=Extents(),
    )


def refuse_uncounted(fields: Iterable[str], archive: Archive, param: str = "facet") -> None:
    """See that only fields are counted that may be. Raises `InvalidParameters` that names `param`."""
    refused = [field for field in fields if field not in archive.extent.facets]
    if refused:
        allowed = ", ".join(archive.extent.facets) or "none at all"
        detail = f"asks for {', '.join(refused)}, which this site does not count; it counts {allowed}"
        raise InvalidParameters((ParamProblem(param, detail),))
