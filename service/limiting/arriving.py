"""Whether a request has arrived as far as it must before anybody works on it: head and, if it is short, body.

`Arrival.takes_all(received)` is asked whenever more bytes have come; it never looks at a byte twice. It decides nothing
about the request but where it ends: what is wrong with one is for gunicorn's parser to say, which reads it afterwards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MOST_HEAD_BYTES: Final = 65_536
"""How long a request's head may be in all, whatever single headers may be."""

_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\r\nexpect:", re.IGNORECASE)
_HEX: Final = re.compile(rb"[0-9a-fA-F]{1,8}")


class HeadTooLong(Exception):
    """More came than a head may be long, and it has not ended."""


@dataclass(slots=True)
class Arrival:
    """How far one request has come. `short_bytes` is the longest body that is waited for."""

    short_bytes: int
    _searched: int = 0
    _body: int | None = None
    _chunk: int | None = None
    _ends: int | None = None

    def takes_all(self, received: bytearray) -> bool:
        """Whether nothing more has to come before the request is worked on. Raises `HeadTooLong`."""
        if self._body is None and not self._find_body(received):
            return False
        if self._chunk is not None:
            self._follow_chunks(received)
        return self._ends is not None and len(received) >= self._ends

    def _find_body(self, received: bytearray) -> bool:
        """Find out where the body begins and ends, as soon as the head is whole."""
        end = received.find(_END, max(0, self._searched - len(_END)))
        self._searched = len(received)
        if (end if end >= 0 else len(received)) > MOST_HEAD_BYTES:
            raise HeadTooLong
        if end < 0:
            return False
        self._body = end + len(_END)
        head = bytes(received[: self._body])
        length = _LENGTH.search(head)
        if _EXPECTS.search(head):
            self._ends = self._body  # nothing more comes before somebody says "100 Continue"
        elif _CHUNKED.search(head):
            self._chunk = self._body
        else:
            whole = self._body + (int(length[1]) if length else 0)
            self._ends = whole if whole <= self._body + self.short_bytes else self._body
        return True

    def _follow_chunks(self, received: bytearray) -> None:
        """Go from chunk to chunk as far as they have come; what isn't a chunk, or too much, ends the waiting."""
        while self._chunk is not None:
            line_end = received.find(b"\r\n", self._chunk, self._chunk + MOST_HEAD_BYTES)
            size = _HEX.match(received, self._chunk)
            if (line_end >= 0 and not size) or len(received) - (self._body or 0) > self.short_bytes + MOST_HEAD_BYTES:
                self._chunk, self._ends = None, len(received)
            elif line_end < 0 or size is None:
                return
            elif int(size.group(), 16) == 0:
                last = received.find(_END, line_end)
                if last < 0:
                    return
                self._chunk, self._ends = None, last + len(_END)
            elif (following := line_end + 2 + int(size.group(), 16) + 2) > len(received):
                return
            else:
                self._chunk = following
