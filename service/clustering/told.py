"""What readers are told of a cluster that cannot be searched: what is wrong, and nothing of where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.errors import (
    ClientMissing,
    ClusterBusy,
    ClusterIndexVersion,
    ClusterRefused,
    ClusterTooOld,
    ClusterUnreachable,
    NoClusterIndex,
    ViewGone,
)

if TYPE_CHECKING:
    from index.errors import ClusterError

_MIGRATE = "On the server that has the archive, run: dateline migrate --to opensearch"


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
