"""The limiter: exact for many threads and processes, kind to nobody who floods it, whole whatever is killed."""

from __future__ import annotations

import os
import resource
import signal
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.limiting.limiter import Limiter
from service.limiting.rates import Rate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECOND_NS = 1_000_000_000


@dataclass
class Clock:
    """A clock that stands until it is set forward."""

    now: int = 5 * SECOND_NS

    def __call__(self) -> int:
        """Nanoseconds."""
        return self.now


@dataclass
class Obvious:
    """The same by a plain dictionary: for each, the moment at which all that was counted will be used up (GCRA)."""

    until: dict[tuple[str, str], int] = field(default_factory=dict)

    def allow(self, kind: str, who: str, rate: Rate, now: int) -> bool:
        """Whether it may happen; if so it is counted."""
        begins = max(self.until.get((kind, who), now), now)
        begins = min(begins, now + rate.at_once * rate.interval_ns)
        if begins + rate.interval_ns - now > rate.at_once * rate.interval_ns:
            self.until[kind, who] = begins
            return False
        self.until[kind, who] = begins + rate.interval_ns
        return True


RATES = st.builds(Rate, st.integers(1, 20), st.sampled_from([1, 60]), st.integers(0, 5))
STEPS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), RATES, st.integers(0, 3 * SECOND_NS)), max_size=60
)


@given(STEPS)
def test_it_agrees_with_the_obvious(steps: list[tuple[str, str, Rate, int]]) -> None:
    """Whoever asks whenever by whatever rate, the same is allowed as by a dictionary."""
    clock, obvious = Clock(), Obvious()
    limiter = Limiter(clock=clock)
    for kind, who, rate, wait in steps:
        clock.now += wait
        looked = limiter.look(kind, who, rate)
        verdict = limiter.allow(kind, who, rate)
        assert verdict == looked
        assert verdict.allowed == obvious.allow(kind, who, rate, clock.now)
        if not verdict.allowed:
            clock.now += int(verdict.retry_after_s * 1e9) + 1
            assert limiter.look(kind, who, rate).allowed


def test_a_burst_then_a_pace() -> None:
    """As many as the burst at once, then one each interval; the verdict says how many are left and when all are."""
    clock = Clock()
    limiter, rate = Limiter(clock=clock), Rate(60, 60, burst=3)
    assert [limiter.allow("address", "a", rate).remaining for _ in range(3)] == [2, 1, 0]
    refused = limiter.allow("address", "a", rate)
    assert (refused.allowed, refused.retry_after_s, refused.remaining, refused.reset_s) == (False, 1.0, 0, 3.0)
    assert limiter.allow("address", "b", rate).allowed
    clock.now += SECOND_NS
    assert limiter.allow("address", "a", rate).allowed
    assert not limiter.allow("address", "a", rate).allowed
    clock.now += 3 * SECOND_NS
    assert limiter.counting() == 0


def in_processes(number: int, act: Callable[[int], int]) -> list[int]:
    """What an act gives in so many processes at once, each a fork of this one."""
    reading, writing = os.pipe()
    children = []
    for place in range(number):
        child = os.fork()
        if child == 0:
            try:
                os.write(writing, struct.pack("=I", act(place)))
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        return [value for (value,) in struct.iter_unpack("=I", pipe.read())]


def test_threads_of_two_processes_are_never_taken_to_wait_for_ever() -> None:
    """Each locks many bytes, one at a time, as the other does: the kernel sees processes that wait for one another."""
    limiter, rate, names = Limiter(), Rate(1, 86_400, burst=100), [str(number) for number in range(40)]

    def act(_place: int) -> int:
        done: list[int] = []

        def ask() -> None:
            done.extend(len(names) for _ in range(600) if all(limiter.allow("x", name, rate) for name in names))

        running = [threading.Thread(target=ask) for _ in range(4)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return sum(done)

    assert in_processes(2, act) == [4 * 600 * 40] * 2


@pytest.mark.parametrize(("processes", "threads"), [(2, 1), (2, 4), (4, 2)])
def test_processes_and_threads_together_allow_exactly_the_limit(processes: int, threads: int) -> None:
    """Of ten times as many as are allowed, exactly those that are allowed are, for each who asks."""
    limiter, rate, names = Limiter(), Rate(1, 86_400, burst=100), ("a", "b", "c")

    def act(_place: int) -> int:
        counts: list[int] = []

        def ask() -> None:
            times = 3_000 // (processes * threads)
            counts.append(sum(limiter.allow("address", names[n % 3], rate).allowed for n in range(times)))

        running = [threading.Thread(target=ask) for _ in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return sum(counts)

    assert sum(in_processes(processes, act)) == 3 * 100


def test_a_process_killed_at_any_moment_blocks_nobody() -> None:
    """After the death of one that was counting as fast as it could, everybody goes on at once, counted as before."""
    limiter, rate = Limiter(buckets=1), Rate(1_000_000, 1)
    limiter.allow("address", "exhausted", exhausted := Rate(1, 86_400))
    for pause in range(20):
        child = os.fork()
        if child == 0:
            while True:
                limiter.allow("address", "a", rate)
        time.sleep(0.001 * pause)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert limiter.allow("address", "b", rate).allowed
        assert not limiter.allow("address", "exhausted", exhausted).allowed


@pytest.mark.parametrize(
    "until", [0, 1, 2**64 - 1, 7 * 2**56], ids=["never", "long ago", "the end of time", "half of it"]
)
def test_a_slot_that_was_written_in_part_ends(until: int) -> None:
    """Whatever stands in a slot, who it is for has waited no longer than a burst takes."""
    clock = Clock()
    limiter, rate = Limiter(buckets=1, clock=clock), Rate(10, 1)
    limiter.allow("address", "a", rate)
    (name,) = {name for name, _ in struct.iter_unpack("=QQ", limiter._table[:]) if name}  # noqa: SLF001 - as a torn write would
    struct.pack_into("=QQ", limiter._table, 0, name, until)  # noqa: SLF001 - likewise
    verdict = limiter.allow("address", "a", rate)
    clock.now += int(verdict.retry_after_s * 1e9)
    assert limiter.allow("address", "a", rate).allowed


def test_a_flood_of_names_gives_nobody_a_fresh_allowance() -> None:
    """In a full table newcomers share what the least busy has left, and who had used up all still has."""
    clock = Clock()
    limiter, rate = Limiter(buckets=1, clock=clock), Rate(1, 60, burst=3)
    for _ in range(3):
        assert limiter.allow("address", "used up", rate).allowed
    allowed = sum(limiter.allow("address", f"made up {number}", rate).allowed for number in range(1_000))
    assert allowed == 7 * 3
    assert not limiter.allow("address", "used up", rate).allowed
    clock.now += 60 * 3 * SECOND_NS
    assert limiter.allow("address", "a newcomer", rate).remaining == 2


def test_it_needs_no_room_on_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted lies in memory, which no disk that fills up can take away."""
    monkeypatch.setattr("service.limiting.limiter._SHARED_MEMORY", tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        limiter = Limiter()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert limiter.allow("address", "192.0.2.1", Rate(1)).allowed
