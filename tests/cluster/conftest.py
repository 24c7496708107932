"""A cluster of three nodes for all tests of this folder that ask for one: started once, which takes half a minute.

Tests that need it run by `make test-cluster`. Where the server cannot be had they are skipped, and say why; in CI they
fail.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cluster import nodes
from tests.cluster.server import PLAIN, SECURE, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def has_server() -> None:
    """There is a server to start."""
    if not os.environ.get("DATELINE_TEST_CLUSTER"):
        pytest.skip("tests over a cluster of OpenSearch run by: make test-cluster")
    try:
        for edition in (PLAIN, SECURE):
            edition.home()
            edition.java()
    except Unavailable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def cluster(has_server: None) -> Iterator[nodes.Cluster]:  # noqa: ARG001 - to be skipped with it
    """Three nodes, green. Whoever harms one mends it."""
    with nodes.cluster("dateline-tests") as started:
        yield started


@pytest.fixture(scope="session")
def secure_cluster(has_server: None) -> Iterator[nodes.Cluster]:  # noqa: ARG001 - to be skipped with it
    """One node as docs/deploy/cluster describes it: with certificates, users and roles."""
    with nodes.cluster("dateline-secure", nodes=1, heap_mb=384, is_secure=True) as started:
        yield started
