"""Answers that are kept to be given again, as they were encoded, up to a number of bytes.

An `AnswerCache` belongs to one opened generation (`service.archive`) and goes with it, so nothing in it can be out of
date. Its keys are entity tags: they name generation, route, normalised request and what the service goes by besides
(`Serving.etag`), so questions that mean the same share an answer. Only what was answered with 200 is kept; what was
found there was once found valid.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

ENTRY_BYTES: Final = 256
"""What an entry costs besides its body: its key, and the objects around both (measured: 230 on CPython 3.11)."""


class AnswerCache:
    """At most `limit_bytes` of answers, the least recently used given up first. Safe to use from many threads."""

    def __init__(self, limit_bytes: int = 0) -> None:
        self.limit_bytes = limit_bytes
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """How much is kept now."""
        return self._size_bytes

    def find(self, key: str) -> bytes | None:
        """The answer kept under a key, which counts as used."""
        with self._lock:
            body = self._bodies.get(key)
            if body is not None:
                self._bodies.move_to_end(key)
            return body

    def keep(self, key: str, body: bytes) -> None:
        """Keep an answer, unless it alone is more than is kept."""
        cost = len(body) + ENTRY_BYTES
        if cost > self.limit_bytes:
            return
        with self._lock:
            if (old := self._bodies.pop(key, None)) is not None:
                self._size_bytes -= len(old) + ENTRY_BYTES
            self._bodies[key] = body
            self._size_bytes += cost
            while self._size_bytes > self.limit_bytes:
                _, given_up = self._bodies.popitem(last=False)
                self._size_bytes -= len(given_up) + ENTRY_BYTES
