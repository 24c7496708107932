"""`/readyz`: what is served, up to which change of the archive, and whether that is what was published last.

Who wants to know when a change can be found compares its number with `change`. Any web worker may answer, and each
follows what is published by itself; so `change` is the one that all workers of this server show by now, and whichever
is asked next finds it. The generation is the one that this worker answers from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from service import wire
from service.caching import NO_STORE
from service.clustering.told import NotAsOnCluster
from service.fallback import NotAsPublished

if TYPE_CHECKING:
    import falcon

    from service.serving import Serving

UNKNOWN = "what was published last cannot be opened; the log says why, so does: dateline check --data DIR"


class ReadinessResource:
    """200 if there is something to answer from, be it not the newest; else what every search answers."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say which generation is served, or fail as every search does."""
        with self._serving.archives.lease() as archive:
            shown_by_all = self._serving.metrics.shown_by_all()
            failure = self._serving.archives.failure
            age = self._serving.now() - archive.created
            answer = wire.Readiness(
                status="degraded" if failure else "ready",
                generation=archive.generation,
                created=archive.created,
                age_seconds=max(0, int(age.total_seconds())),
                articles=archive.articles,
                change=archive.change if shown_by_all is None else min(archive.change, shown_by_all),
                held=self._serving.held(),
                reason=_told(failure) if failure else None,
            )
        if not self._serving.access.may_know_whole(req):
            answer = wire.Readiness(status=answer.status)
        resp.data = wire.encode(answer)
        resp.set_header("Cache-Control", NO_STORE)

    on_head = on_get


def _told(failure: Exception) -> str:
    return failure.told if isinstance(failure, NotAsPublished | NotAsOnCluster) else UNKNOWN
