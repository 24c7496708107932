"""The cluster, as the rest sees it: one method to ask it anything, and errors that name what to do.

`Connection` says where the cluster is and who asks. `Cluster.ask` sends one request, to another node if one does not
answer, and raises a `ClusterError` for whatever goes wrong. The client library is imported when a cluster is opened; a
node that failed, or said nothing in time, it leaves alone for a minute, and for longer each time after that.
"""

from __future__ import annotations

import importlib
import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from index.errors import (
    ClientMissing,
    ClusterBusy,
    ClusterError,
    ClusterFull,
    ClusterOverloaded,
    ClusterRefused,
    ClusterTooOld,
    ClusterUnreachable,
    NoClusterIndex,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Answer: TypeAlias = dict[str, Any]
"""What the cluster answers: JSON."""

REQUEST_S: Final = 60.0
"""Seconds that a request may take, unless it is said.

The cluster itself needs half a minute to notice that a node hangs. Whoever waits for less takes a node that waits for
another for one that hangs: only what a node knows by itself, or gives up in time, may be asked with less.
"""

NODES_WAITED_FOR: Final = 2
"""Nodes that a request waits for, one after the other, each for as long as it may take. Others are not asked then."""

CONNECTIONS: Final = 16
"""Connections that are kept open to each node: threads that search at once."""

TOO_MANY_REQUESTS: Final = 429
_UNAUTHORISED, _FORBIDDEN, _BUSY = 401, 403, frozenset({502, 503, 504})

FULL_DISK: Final = "disk usage exceeded flood-stage watermark"
"""What an index is blocked by when a disk is nearly full; so it says in the reason."""


_OUT_OF_TIME: Final = frozenset({"task_cancelled_exception", "time_exceeded_exception"})
_TIME_EXCEEDED: Final = "Time exceeded"
TOO_MANY_BUCKETS: Final = "too_many_buckets_exception"
_TOO_OLD: Final = "unknown query [combined_fields]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where a cluster is: addresses of its nodes, `http` or `https`; and who asks. `ca_file` holds its authority."""

    urls: tuple[str, ...]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


class Refused(ClusterError):
    """The cluster finds a request wrong. `status` is that of HTTP, `kind` and `reason` its own words."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        self.status, self.kind, self.reason = status, kind, reason
        super().__init__(f"the OpenSearch cluster refuses a request: {kind}: {reason} ({status})")

    @property
    def is_out_of_time(self) -> bool:
        """Whether the cluster ended a question because it took longer than it might."""
        return self.kind in _OUT_OF_TIME or self.reason == _TIME_EXCEEDED


class Cluster:
    """An OpenSearch cluster. Safe to use from many threads; connects when it is first asked.

    Raises `ClientMissing` if the client library is not installed.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        try:
            library: Any = importlib.import_module("opensearchpy")
        except ModuleNotFoundError:
            raise ClientMissing from None
        logging.getLogger("opensearch").setLevel(logging.CRITICAL)  # what goes wrong is raised, and told by who catches
        self._errors = library.exceptions
        self._client = library.OpenSearch(
            hosts=list(connection.urls),
            http_auth=(connection.user, connection.password or "") if connection.user else None,
            ca_certs=str(connection.ca_file) if connection.ca_file else None,
            timeout=REQUEST_S,
            pool_maxsize=CONNECTIONS,
            max_retries=0,  # `_answer` asks again; the library then only sees that another node is asked
            retry_on_timeout=True,  # or nodes that hang would be asked for ever
        )
        self._most_asked = max(2, len(connection.urls)) + 1

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | str | bytes | None = None,
        *,
        timeout_s: float = REQUEST_S,
        **parameters: str | int | bool,
    ) -> Answer:
        """Send a request and give the answer. Raises a `ClusterError`; `Refused` where none says it better.

        A node may take `timeout_s`. What it leaves unanswered is sent again to another, and may still be done, late: a
        request must do no harm by that.
        """
        parameters_sent = {name: str(value).lower() for name, value in parameters.items()}
        try:
            answer = self._answer(timeout_s, method, path, parameters_sent, body)
        except self._errors.ConnectionError as error:  # a time-out, too
            raise ClusterUnreachable(self.connection.urls, str(error.error)) from error
        except self._errors.TransportError as error:
            raise _explained(error, path) from error
        return answer

    def _answer(self, timeout_s: float, method: str, path: str, parameters: Mapping[str, str], body: object) -> Answer:
        """What a node answers: another, where one fails. Raises what the last one failed with."""
        ends = time.monotonic() + NODES_WAITED_FOR * timeout_s
        asked = 0
        while True:
            asked += 1
            try:
                answer: Answer = self._client.transport.perform_request(
                    method, path, params=parameters, body=body, timeout=timeout_s
                )
            except self._errors.TransportError as error:
                may_pass = isinstance(error, self._errors.ConnectionError) or error.status_code in _BUSY
                if not may_pass or asked == self._most_asked or time.monotonic() >= ends:
                    raise
            else:
                return answer

    def close(self) -> None:
        """Let go of the connections. May be called twice."""
        self._client.transport.close()


def _explained(error: Any, path: str) -> ClusterError:  # noqa: ANN401 - a library that may not be there
    """What an answer of the cluster that is an error means."""
    status = error.status_code
    kind, reason = cause_of(error.info)
    if FULL_DISK in reason:
        return ClusterFull(_index_of(path), reason)
    if _TOO_OLD in reason:
        return ClusterTooOld()
    if kind == "index_not_found_exception":
        return NoClusterIndex(_index_of(path))
    if status == _UNAUTHORISED:
        return ClusterRefused("it does not know this user with this password (401)")
    if status == _FORBIDDEN:
        return ClusterRefused(reason or f"{kind or 'this user may not do this'} (403)")
    if kind == TOO_MANY_BUCKETS:
        return Refused(status, kind, reason)  # whatever its status says: it will not be otherwise
    if status == TOO_MANY_REQUESTS:
        return ClusterOverloaded(f"{kind}: {reason}")
    if status in _BUSY:
        return ClusterBusy(f"{kind}: {reason}" if kind else f"it says {status}")
    return Refused(status, kind, reason)


def cause_of(info: object) -> tuple[str, str]:
    """The type and the reason of an error, the innermost that the cluster tells; empty where it doesn't."""
    error = info.get("error", info) if isinstance(info, dict) else info
    if not isinstance(error, dict):
        return "", str(error or "")
    inner = [*(shard.get("reason") for shard in error.get("failed_shards", ())), *error.get("root_cause", ())]
    told = next((cause for cause in inner if isinstance(cause, dict) and cause.get("type")), error)
    while isinstance(told.get("caused_by"), dict):
        told = told["caused_by"]
    return str(told.get("type", "")), str(told.get("reason", ""))


def _index_of(path: str) -> str:
    """The index that a path of a request names."""
    return path.strip("/").partition("/")[0]
