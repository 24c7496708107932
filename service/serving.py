"""What all routes need, in one value: `Serving`. `service.app` makes it once for a process."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from search.names import Names, PlaceNames
from search.reloading import Reloading
from search.suggest import names_of
from search.thesaurus import Lexicon
from service import wire
from service.access.access import Access
from service.archive import Archive
from service.asking import VERSION, digest
from service.caching import CachePolicy
from service.indexer_status import IndexerStatus
from service.limiting.requests import RateLimits
from service.metrics import Metrics
from service.origins import EVERY
from service.params import DEFAULTS
from service.per_generation import PerGeneration
from service.saved.file import KeptSearches
from service.writing.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Iterator

    import falcon

    from index.gazetteer import Gazetteer
    from service.params import SearchParams


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What routes need: the archive that is current, places, rules, clocks (`timer` in seconds, `now` in UTC).

    `held` says whether publishing is held, and why. `name` is what the archive is called; `public_url` the address
    readers use, or empty: the one they asked at.

    `fingerprint` is of all that answers follow from besides archive and request, the same in every process that has the
    same: what is shown to readers, or is asked for in their stead, goes into it.
    """

    archives: Reloading[Archive]
    lexicon: Lexicon
    cache: CachePolicy
    max_body_bytes: int
    name: str = "Dateline"
    public_url: str = ""
    allowed_origins: str = EVERY
    metrics: Metrics = field(default_factory=Metrics)
    metrics_port: int = 0
    source_safety: bool = True
    indexer: Callable[[], IndexerStatus | None] = lambda: None
    limits: RateLimits = field(default_factory=RateLimits)
    access: Access = field(default_factory=Access)
    searches: KeptSearches = field(default_factory=KeptSearches)
    intake: Intake | None = None
    timer: Callable[[], float] = time.perf_counter
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    held: Callable[[], wire.Held | None] = lambda: None
    names: PerGeneration[dict[str, Names]] = field(init=False)
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        """Make what follows from the rest: the names of values, by field, and the fingerprint."""
        places = PlaceNames(self.gazetteer)
        names = PerGeneration[dict[str, Names]](lambda archive: names_of(archive.searcher, places))
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "fingerprint", digest((VERSION, self.name, self.lexicon.digest)).hex())

    @property
    def gazetteer(self) -> Gazetteer:
        """The places."""
        return self.lexicon.gazetteer

    @contextmanager
    def lease(self, req: falcon.Request, *, site: str = "") -> Iterator[Archive]:
        """Lend the archive as far as a request may see it: whatever answers readers answers from this.

        `site` names one that the answer is for, if it is not the request's own parameter that says so. Raises as
        `Access.extent_of` and `Reloading.lease` do; what is lent may be gone while it is read (`service.gone`).
        """
        extent = self.access.extent_in(req, site) if site else self.access.extent_of(req)
        with self.archives.lease() as archive:
            yield archive.within(extent, self.gazetteer)

    def etag(self, archive: Archive | None, address: str, params: SearchParams = DEFAULTS) -> str:
        """The entity tag (without quotes) of the answer to these parameters at this address: equal requests share it.

        `archive` is what was lent for it; None for what is answered without one.
        """
        edition = archive.edition if archive else ""
        return digest((self.fingerprint, edition, address, params)).hex()[:32]

    def took_ms(self, started: float) -> float:
        """Milliseconds since `started`, to a tenth."""
        return round((self.timer() - started) * 1000, 1)
