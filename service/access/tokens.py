"""Tokens: leave to read for a while, made from a read key by whoever holds it, with no word to the service.

A token's text is `dlt_`, a payload, `.`, a signature; both in base64url without padding. The payload is JSON:

    {"key": "1f0a93c4", "expires": 1767225600, "filters": ["source:daily-nk"]}

`key` is the id of the key it is made from, `expires` is in seconds since 1970 (UTC), `filters` may be left out. The
signature is HMAC-SHA-256 of `dateline-token-v1.` and the payload as written, under the 32 bytes of the SHA-256 of the
key's text. That is what the archive keeps of a key, so its file of keys is as secret as its read keys are.

A token allows reading, whatever else its key allows; its filters are added to the key's. It dies with its key.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
from typing import Annotated, Final

import msgspec

from service.access.keys import Id  # noqa: TC001 - msgspec reads the types of fields

LONGEST: Final = dt.timedelta(days=31)
"""How far ahead a token may expire: it cannot be revoked but with its key, and with all others made from that."""

LONGEST_TEXT: Final = 4096
_TEXT: Final = re.compile(r"dlt_([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})")
_SIGNED: Final = "dateline-token-v1."

Filter = Annotated[str, msgspec.Meta(max_length=256)]


class Payload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a token says. `expires` is in seconds since 1970."""

    key: Id
    expires: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    filters: Annotated[tuple[Filter, ...], msgspec.Meta(max_length=16)] = ()


_PAYLOAD: Final = msgspec.json.Decoder(Payload)


class Token(msgspec.Struct, frozen=True):
    """A token as received: what it says and, not yet believed, its signature and what that signs."""

    payload: Payload
    signed: bytes
    signature: bytes

    def is_signed_by(self, key_sha256: str) -> bool:
        """Whether it was made from the key with this SHA-256 (hexadecimal); takes the same time if not."""
        return hmac.compare_digest(self.signature, _signature(self.signed, bytes.fromhex(key_sha256)))


def make_token(key_text: str, *, expires: dt.datetime, filters: tuple[str, ...] = ()) -> str:
    """A token made from a key's text, as a site's own server makes it."""
    payload = Payload(key=key_text.split("_")[1], expires=int(expires.timestamp()), filters=filters)
    written = _base64url(msgspec.json.encode(payload))
    signature = _signature(f"{_SIGNED}{written}".encode(), hashlib.sha256(key_text.encode()).digest())
    return f"dlt_{written}.{_base64url(signature)}"


def is_token(text: str) -> bool:
    """Whether a text means to be a token."""
    return text.startswith("dlt_")


def read_token(text: str) -> Token:
    """A token taken apart. Raises `ValueError` that says what is wrong."""
    match = _TEXT.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if match is None:
        raise ValueError("is not written as a token is")
    try:
        payload = _PAYLOAD.decode(_bytes(match[1]))
    except (ValueError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"says something impossible: {error}") from None
    return Token(payload, f"{_SIGNED}{match[1]}".encode(), _bytes(match[2]))


def _signature(signed: bytes, key: bytes) -> bytes:
    return hmac.digest(key, signed, "sha256")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
