"""Counting who asks how often, exactly, for all processes and threads of one server, with no other server to ask.

`Limiter.allow` says whether something may happen now and counts it if so; `look` says it without counting. Made before
workers are forked, a limiter is one table for all of them. It keeps no name: who is counted is known by a keyed hash,
the key being random and gone with the server.

The rule is GCRA (ITU-T I.371, annex A): a slot holds one number, the time at which all that was counted will have been
"used up" at the rate's steady pace. Something is allowed if that time, moved on by one interval, is not further away
than the burst. So a count needs no clean-up: a slot whose time has passed is free.

The table: `_BUCKETS` buckets of `_SLOTS` slots of two 64-bit numbers (who, until when); who hashes to one bucket. A
bucket is changed under a lock that threads share and a lock on its stripe's byte of an empty file, which the kernel
keeps per process and drops when a process dies. Of a change cut short, at worst one of the two numbers is written: the
next reader sees a stranger's slot or an own time that is a burst away at most, never a block that stays.

When a bucket is full of slots that still count, the newcomer takes over the slot that ends first *with its count*: so
no flood of made-up addresses ever gets anybody a fresh allowance. It costs a newcomer what that slot had used, and who
was pushed out the little that was left of theirs.

Times are CLOCK_MONOTONIC, which is one clock for all processes and never set back.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
import secrets
import struct
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.limiting.rates import Rate

_SLOT: Final = struct.Struct("=QQ")
_SLOTS: Final = 8
_BUCKET_BYTES: Final = _SLOT.size * _SLOTS
_BUCKETS: Final = 32_768
"""Room for 262,144 who are counted at a time, in 4 MiB of which only what was used is ever taken."""
_STRIPES: Final = 256
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the file is unlinked as soon as it is made
_FREE: Final = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may happen; if not, in how many seconds. `remaining` are allowed now; all are after `reset_s`."""

    allowed: bool
    retry_after_s: float
    remaining: int
    reset_s: float


class Limiter:
    """Counts in memory that forked processes share. `clock` gives nanoseconds, the same in all of them.

    `buckets` bounds how many can be counted at a time (eight in each); a power of two.
    """

    def __init__(self, *, buckets: int = _BUCKETS, clock: Callable[[], int] = time.monotonic_ns) -> None:
        with tempfile.TemporaryFile(dir=_SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None) as file:
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        # Not of the file: where its disk is full, who touches a page of it for the first time is ended by SIGBUS
        self._table = mmap.mmap(-1, buckets * _BUCKET_BYTES)
        self._buckets = buckets
        self._key = secrets.token_bytes(16)
        self._stripes = tuple(threading.Lock() for _ in range(min(_STRIPES, buckets)))
        self._clock = clock

    def allow(self, kind: str, who: str, rate: Rate) -> Verdict:
        """Whether it may happen now; if so it is counted. Counts of each `kind` are apart."""
        return self._judge(kind, who, rate, counts=True)

    def look(self, kind: str, who: str, rate: Rate) -> Verdict:
        """Whether it may happen now. Nothing is counted; `remaining` is after it, as `allow` would say."""
        return self._judge(kind, who, rate, counts=False)

    def counting(self) -> int:
        """How many are being counted now. Reads the whole table: for metrics, not for each request."""
        now = self._clock()
        return sum(name != _FREE and until > now for name, until in _SLOT.iter_unpack(self._table[:]))

    def _judge(self, kind: str, who: str, rate: Rate, *, counts: bool) -> Verdict:
        """The verdict, reached while nobody else sees or changes the bucket.

        No thread does, by the stripe's lock; no process, by the lock on the stripe's byte of the file.
        """
        text = f"{kind}\0{who}".encode(errors="surrogatepass")
        number, name = _SLOT.unpack(hashlib.blake2b(text, key=self._key, digest_size=_SLOT.size).digest())
        bucket = number % self._buckets
        stripe = bucket % len(self._stripes)
        with self._stripes[stripe]:
            self._lock(stripe)
            try:
                now = self._clock()
                at, until, is_own = self._find(bucket, name or 1, now)
                verdict, after = _judged(until, now, rate)
                if counts and (verdict.allowed or (is_own and after < until)):
                    _SLOT.pack_into(self._table, at, name or 1, after)
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, stripe)
        return verdict

    def _lock(self, stripe: int) -> None:
        """Wait for the lock on a stripe's byte of the file.

        The kernel takes processes for what waits, not their threads: where two processes each wait, in one thread, for
        a byte that the other holds in another thread, it says that they would wait for ever. They would not, as no
        thread holds more than one.
        """
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX, 1, stripe)
            except OSError as error:
                if error.errno != errno.EDEADLK:
                    raise
                time.sleep(0)  # let the thread go on that holds a byte
            else:
                return

    def _find(self, bucket: int, name: int, now: int) -> tuple[int, int, bool]:
        """Where to count, until when what was counted there lasts, and whether it is their own slot.

        Who has none gets a free one, or else the next to be free, with its count: see above.
        """
        start = bucket * _BUCKET_BYTES
        slots = self._table[start : start + _BUCKET_BYTES]
        next_free, earliest = start, -1
        for offset, (known, until) in zip(range(0, _BUCKET_BYTES, _SLOT.size), _SLOT.iter_unpack(slots), strict=True):
            if known == name:
                return start + offset, until, True
            if earliest < 0 or until < earliest:
                next_free, earliest = start + offset, until
        return next_free, max(earliest, now), False


def _judged(until: int, now: int, rate: Rate) -> tuple[Verdict, int]:
    """The verdict, and until when the count lasts after it.

    What lasts longer than a burst of this rate was counted by another, or is damaged; it is as good as a burst.
    """
    burst_ns = rate.at_once * rate.interval_ns
    used = min(max(until - now, 0), burst_ns)
    after = used + rate.interval_ns
    if after <= burst_ns:
        return Verdict(True, 0.0, (burst_ns - after) // rate.interval_ns, after / 1e9), now + after
    return Verdict(False, (after - burst_ns) / 1e9, 0, used / 1e9), now + used
