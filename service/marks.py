"""Marks: how far an archive had come when an answer was given, so that a later question is for what was added since.

A mark stands for the serial of the article that was added last. Serials are never given twice and articles never change
theirs, so what was added since is exact, whatever was changed, deleted or built anew meanwhile. It holds for as long as
the archive lives and for no other one. A serial would tell how many articles there ever were, to those as well who may
see a part of them; so it is veiled, by the archive's own identity, which never leaves the service.

A mark is base64url of: a seal (8 bytes of the HMAC-SHA-256 of the serial), the serial (8 bytes, big-endian) veiled by 8
bytes of the HMAC of the seal. One serial has one mark.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final

PATTERN: Final = r"^[A-Za-z0-9_-]{22}$"
MALFORMED: Final = "is not a mark of this archive: pass on the mark that an answer gave"

_HALF: Final = 8


def mark_from_serial(serial: int, *, identity: str) -> str:
    """The mark of an archive whose last article has this serial; 0 is of an empty one."""
    number = serial.to_bytes(_HALF, "big")
    seal = _keyed(identity, b"seal", number)
    return base64.urlsafe_b64encode(seal + _veiled(number, seal, identity)).rstrip(b"=").decode()


def serial_from_mark(mark: str, *, identity: str) -> int:
    """The serial that a mark stands for. Raises `ValueError` for what is no mark of this archive."""
    try:
        data = base64.urlsafe_b64decode(mark + "==")
    except ValueError:
        raise ValueError(MALFORMED) from None
    serial = int.from_bytes(_veiled(data[_HALF:], data[:_HALF], identity), "big")
    if len(data) != 2 * _HALF or mark_from_serial(serial, identity=identity) != mark:
        raise ValueError(MALFORMED)
    return serial


def _veiled(number: bytes, seal: bytes, identity: str) -> bytes:
    """A number veiled, or a veiled one unveiled."""
    veil = _keyed(identity, b"veil", seal)
    return bytes(one ^ other for one, other in zip(number, veil, strict=False))


def _keyed(identity: str, use: bytes, data: bytes) -> bytes:
    return hmac.digest(identity.encode(), b"mark " + use + data, "sha256")[:_HALF]
