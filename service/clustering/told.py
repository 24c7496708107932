"""What readers are told of a cluster that cannot be searched: what is wrong, and nothing of where it is."""

from __future__ import annotations

from index.errors import (
    ClientMissing,
    ClusterBusy,
    ClusterError,
    ClusterIndexVersion,
    ClusterRefused,
    ClusterTooOld,
    ClusterUnreachable,
    NoClusterIndex,
    ViewGone,
)

_MIGRATE = "On the server that has the archive, run: dateline migrate --to opensearch"


class NotAsOnCluster(ClusterError):
    """What the alias stands for is not what is answered from. `told` says why, without an address of the cluster.

    `served` is the generation that is answered from instead, None if there is none.
    """

    def __init__(self, cause: ClusterError, served: str | None) -> None:
        self.cause, self.served = cause, served
        instead = f"; generation {served} is served instead" if served else ""
        self.told = f"{told(cause)}{instead}"
        super().__init__(f"{cause}{instead}")


def told(error: ClusterError) -> str:
    """What is wrong, and what is done or to be done about it."""
    match error:
        case ClusterUnreachable():
            return "the OpenSearch cluster does not answer; it is asked again and again, and the log says more"
        case ClusterBusy():
            return "the OpenSearch cluster cannot answer for all of the index now; it is asked again and again"
        case ClusterTooOld():
            return (
                "this question needs a newer OpenSearch cluster than this archive has: words asked in one field alone"
            )
        case ClusterRefused():
            return "the OpenSearch cluster refuses this service; the log says why"
        case NoClusterIndex():
            return f"the OpenSearch cluster has no index of this archive yet. {_MIGRATE}"
        case ClusterIndexVersion(expected=expected, found=found):
            made = f"is of format {found}, and this version of Dateline reads {expected}"
            return f"the index on the OpenSearch cluster {made}. {_MIGRATE}"
        case ViewGone():
            return "what was being read was replaced by something newer; ask again"
        case ClientMissing():
            return "this service was installed without the client for OpenSearch; the log says how to add it"
        case _:
            return "the OpenSearch cluster cannot be used; the log says why"
