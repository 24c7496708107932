"""Cursors: where in one sequence of hits to go on, signed so that nobody can make one up.

A cursor is an offset, bound to a generation as it was asked (by which synonyms, say) and to the question whose hits it
counts (the `sequence`); for both see `service.asking`. It is base64url of: version (1 byte), generation (8 bytes of its
SHA-256), sequence (16 bytes), offset (8 bytes, big-endian), HMAC-SHA-256 of all that (cut to 16 bytes) under the
generation's key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from typing import Final

from service.problems import CursorExpired

_VERSION: Final = 1
_PAYLOAD: Final = struct.Struct(">B8s16sQ")
_SIGNATURE_BYTES: Final = 16
_SIZE: Final = _PAYLOAD.size + _SIGNATURE_BYTES

MALFORMED: Final = "is not a cursor of this service: pass next_cursor on unchanged"


def cursor_from_offset(offset: int, *, key: bytes, generation: str, sequence: bytes) -> str:
    """The cursor that goes on at `offset`. `sequence` is 16 bytes that are equal for equal sequences of hits."""
    payload = _PAYLOAD.pack(_VERSION, _short(generation), sequence, offset)
    return base64.urlsafe_b64encode(payload + _signature(payload, key)).rstrip(b"=").decode()


def offset_from_cursor(cursor: str, *, key: bytes, generation: str, sequence: bytes) -> int:
    """The offset a cursor goes on at.

    Raises `CursorExpired` for one of another generation, `ValueError` for one that this service did not make for this
    sequence.
    """
    data = _decoded(cursor)
    payload, signature = data[: _PAYLOAD.size], data[_PAYLOAD.size :]
    version, short_generation, of_sequence, offset = _PAYLOAD.unpack(payload)
    if version != _VERSION or short_generation != _short(generation):
        raise CursorExpired  # before the signature: each generation has a key of its own
    if not hmac.compare_digest(signature, _signature(payload, key)):
        raise ValueError(MALFORMED)
    if of_sequence != sequence:
        raise ValueError("belongs to another question: repeat it with the very parameters it came from")
    return int(offset)


def _decoded(cursor: str) -> bytes:
    """The bytes of a cursor, of the right length and written in the one way this service writes them."""
    try:
        data = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise ValueError(MALFORMED) from None
    if len(data) != _SIZE or base64.urlsafe_b64encode(data).rstrip(b"=").decode() != cursor:
        raise ValueError(MALFORMED)
    return data


def _short(generation: str) -> bytes:
    return hashlib.sha256(generation.encode()).digest()[:8]


def _signature(payload: bytes, key: bytes) -> bytes:
    return hmac.digest(key, payload, "sha256")[:_SIGNATURE_BYTES]
