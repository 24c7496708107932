"""A worker's threads, and which requests it turns away when it comes to them late."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from gunicorn.workers.gthread import ThreadWorker

from service.limiting.worker import Worker
from service.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS = 4


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Worker]:
    """A worker at second 10, with so many requests that are answered or wait; gunicorn's part answers `200`."""

    def answer(_worker: ThreadWorker, conn: Any) -> bool:
        conn.unsent += b"200"
        return True

    def make(busy: int) -> Worker:
        made = Worker.__new__(Worker)
        made.cfg = SimpleNamespace(threads=THREADS)
        made.__dict__.update(_busy=busy, _clock=lambda: 10.0, _metrics=Metrics())
        return made

    monkeypatch.setattr(ThreadWorker, "handle", answer)
    return make


@pytest.mark.parametrize(
    ("queued_at", "busy", "is_answered"),
    [
        pytest.param(9.5, THREADS + 8, True, id="in time"),
        pytest.param(8.5, THREADS, True, id="late, nobody waits behind it"),
        pytest.param(8.5, THREADS + 1, False, id="late, others wait behind it"),
    ],
)
def test_who_is_late_makes_way_for_those_behind(
    worker: Callable[[int], Worker], queued_at: float, busy: int, *, is_answered: bool
) -> None:
    """After a standstill the few who waited are answered; where there are more than can be, the late are told 503."""
    connection: Any = SimpleNamespace(
        queued_at=queued_at, received=bytearray(), unsent=bytearray(), finish=lambda: None
    )
    assert worker(busy).handle(connection) is is_answered
    assert connection.unsent.startswith(b"200" if is_answered else b"HTTP/1.1 503")


def test_all_threads_are_there_before_anybody_asks(worker: Callable[[int], Worker]) -> None:
    """So what a worker holds does not rise when, hours later, so many come at once as never before."""
    before = set(threading.enumerate())
    with worker(0).get_thread_pool() as pool:
        started = set(threading.enumerate()) - before
        assert len(started) == THREADS
        assert pool.submit(threading.current_thread).result(timeout=60) in started
    assert not any(thread.is_alive() for thread in started)
