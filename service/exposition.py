"""The route `/metrics`: all that is told to a monitoring system, and to nobody else.

It is what the processes of this server count (`service.metrics`), what this process answers from, and what the indexer
says of itself (`service.indexer_status`). It is told only to who asks on this machine's own port for it, or has a key
for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from index.errors import GenerationError
from service.access.keys import Scope
from service.caching import NO_STORE
from service.metrics import described, line, single

if TYPE_CHECKING:
    from collections.abc import Iterator

    import falcon

    from service.serving import Serving

PATH: Final = "/metrics"
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class MetricsResource:
    """`/metrics`: what was counted, which generation this process answers from, and what the indexer does."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Tell it. Before anything is built there is less to tell."""
        if not came_in_at(req, self._serving.metrics_port):
            self._serving.access.require(req, Scope.METRICS)
        lines = (*self._serving.metrics.lines(), *self._archive_lines())
        resp.text = "".join(f"{line}\n" for line in lines)
        resp.content_type = MEDIA_TYPE
        resp.cache_control = (NO_STORE,)

    on_head = on_get

    def _archive_lines(self) -> Iterator[str]:
        reflects = 0
        yield from described("dateline_ready", "gauge", "1 if what was published last is what is served.")
        try:
            with self._serving.archives.lease() as archive:
                reflects = archive.change
                yield line("dateline_ready", float(self._serving.archives.failure is None))
                yield from described("dateline_generation_info", "gauge", "The generation that is served.")
                yield line("dateline_generation_info", 1, generation=archive.generation)
                created = archive.created.timestamp()
                age = max(0.0, self._serving.now().timestamp() - created)
                for name, meaning, value in (
                    ("dateline_generation_created_seconds", "When it was built, Unix time.", created),
                    ("dateline_generation_age_seconds", "How long ago that was.", age),
                    ("dateline_generation_change", "The last change of the archive that is in it.", archive.change),
                    ("dateline_articles", "Articles in it.", archive.articles),
                ):
                    yield from single(name, "gauge", meaning, value)
        except GenerationError:
            yield line("dateline_ready", 0)
        yield from self._indexer_lines(reflects)

    def _indexer_lines(self, reflects: int) -> Iterator[str]:
        """What the indexer says of itself; nothing if it never did."""
        status = self._serving.indexer()
        if status is None:
            return
        is_alive = not status.is_silent(self._serving.now())
        behind = max(0, status.change - reflects)
        for name, kind, meaning, value in (
            ("dateline_indexer_alive", "gauge", "1 if the indexer has been heard of lately.", is_alive),
            ("dateline_changes_behind", "gauge", "Changes of the archive that are not served yet.", behind),
            ("dateline_publishes_total", "counter", "Generations the indexer published.", status.publishes),
            ("dateline_publish_seconds_total", "counter", "How long that took.", status.publish_seconds),
            ("dateline_publish_failures_total", "counter", "How often it could not.", status.failures),
        ):
            yield from single(name, kind, meaning, value)


def came_in_at(req: falcon.Request, port: int) -> bool:
    """Whether a request was made to this port of this machine, by the connection itself: no header can say so."""
    connection = req.env.get("gunicorn.socket")
    address = connection.getsockname() if port and connection else None
    return isinstance(address, tuple) and address[1] == port
