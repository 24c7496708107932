"""Keys: who may write, delete, or read what is private.

A key's text is `dl_`, its id, `_`, and 32 random bytes in base64url. It is shown once, to whoever makes it; kept is a
`Key`: the id, what it allows, and the SHA-256 of the text. So nobody who reads the archive's files can use its keys
(but see `service.access.tokens` for what else a key's SHA-256 is good for).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
import secrets
from enum import StrEnum
from typing import Annotated, Final

import msgspec

SECRET_BYTES: Final = 32
_ID_BYTES: Final = 4
_TEXT: Final = re.compile(r"dl_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")

Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}$")]
Name = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\u0000-\u001f\u007f-\u009f]*$")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Instant = Annotated[dt.datetime, msgspec.Meta(tz=True)]
Filters = Annotated[tuple[str, ...], msgspec.Meta(max_length=16)]


class Scope(StrEnum):
    """What a key allows."""

    READ = "read"
    """Reading an archive that is not public, and making tokens for it."""
    WRITE = "write"
    """Adding and changing articles."""
    DELETE = "delete"
    """Deleting articles."""
    METRICS = "metrics"
    """Reading what the service counts of itself."""
    ADMIN = "admin"
    """All of these."""


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept of a key. `sha256` is of its text; `expires` None is never; `filters` bind whatever it reads."""

    id: Id
    name: Name = ""
    scopes: tuple[Scope, ...]
    sha256: Digest
    created: Instant
    expires: Instant | None = None
    filters: Filters = ()

    def allows(self, scope: Scope) -> bool:
        """Whether it is for this."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def is_of(self, text: str) -> bool:
        """Whether this is the key's text; takes the same time whatever is wrong with it."""
        return hmac.compare_digest(self.sha256, digest_of(text))

    def has_expired(self, now: dt.datetime) -> bool:
        """Whether it may be used no more."""
        return self.expires is not None and now >= self.expires


def make_key(
    *,
    scopes: tuple[Scope, ...],
    now: dt.datetime,
    name: str = "",
    expires: dt.datetime | None = None,
    filters: tuple[str, ...] = (),
) -> tuple[str, Key]:
    """A new key: its text, to be shown once, and what is to be kept of it."""
    key_id = secrets.token_hex(_ID_BYTES)
    random = base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES)).rstrip(b"=").decode()
    text = f"dl_{key_id}_{random}"
    kept = Key(
        id=key_id,
        name=name,
        scopes=scopes,
        sha256=digest_of(text),
        created=now,
        expires=expires,
        filters=filters,
    )
    return text, kept


def find_key_id(text: str) -> str | None:
    """The id in a key's text; None if it is not a key's text at all."""
    match = _TEXT.fullmatch(text)
    return match[1] if match else None


def digest_of(text: str) -> str:
    """The SHA-256 of a key's text in hexadecimal. The text is random enough to need no slower hash."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()
