"""The file of keys and sites, `access.json` in the data folder: read, and replaced as a whole.

`Register` is what it says. `read_register` reads it, `changing_register` lets a command change it: one at a time, the
new file beside the old and synced before it takes its place, readable by its owner alone. A file that cannot be
understood is an error (`AccessError`), never an empty one: nobody is let in by what nobody can read.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from service.access.filters import read_filter
from service.access.keys import Key, Scope
from service.access.sites import Site  # noqa: TC001 - msgspec reads the types of fields
from service.kept_file import replace_privately, take_lock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION: Final = 1
FILE: Final = "access.json"
LOCK: Final = "access.lock"


class AccessError(Exception):
    """The file of keys and sites cannot be used: which file, what is wrong, what to do."""


class Register(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every key and every site of an archive."""

    version: Literal[1] = VERSION
    keys: tuple[Key, ...] = ()
    sites: tuple[Site, ...] = ()

    def find_key(self, key_id: str) -> Key | None:
        """The key of that id."""
        return next((key for key in self.keys if key.id == key_id), None)

    def find_site(self, site_id: str) -> Site | None:
        """The site of that id."""
        return next((site for site in self.sites if site.id == site_id), None)


_REGISTER: Final = msgspec.json.Decoder(Register)


def read_register(data: Path) -> Register:
    """The register of a data folder; an empty one where there is no file. Raises `AccessError`."""
    path = data / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Register()
    except OSError as error:
        raise AccessError(f"{path} cannot be read: {error.strerror}. {_REMEDY}") from error
    try:
        register = _REGISTER.decode(content)
        _check(register)
    except (ValueError, UnicodeDecodeError) as error:  # msgspec's errors are ValueErrors
        raise AccessError(f"{path} cannot be used: {error}. {_REMEDY}") from error
    return register


_REMEDY: Final = (
    "Until that is mended no key, token or site is known. Put back the file of a backup, or move it away and make keys "
    "and sites anew: dateline keys create, dateline sites add"
)


def _check(register: Register) -> None:
    """See to what types cannot say. Raises `ValueError`."""
    for ids in ([key.id for key in register.keys], [site.id for site in register.sites]):
        if len(set(ids)) < len(ids):
            raise ValueError("it has two entries of one id")
    if any(key.filters and key.scopes != (Scope.READ,) for key in register.keys):
        raise ValueError("it has a filter on a key that is not for reading alone")
    for text in (text for filters in _filters(register) for text in filters):
        read_filter(text)
    if any(site.rate and site.rate.count < 1 for site in register.sites):
        raise ValueError("it has a rate below 1")


def _filters(register: Register) -> Iterator[tuple[str, ...]]:
    yield from (key.filters for key in register.keys)
    yield from (site.filters for site in register.sites)


@contextmanager
def changing_register(data: Path) -> Iterator[RegisterChange]:
    """Read the register, and write what the block makes of it once the block ends well.

    Others who would change it wait; readers see the old file or the new one. Raises `AccessError`.
    """
    try:
        lock = take_lock(data / LOCK)
    except OSError as error:
        raise AccessError(
            f"{data} cannot be written: {error.strerror}. Say with --data where the archive is"
        ) from error
    try:
        change = RegisterChange(read_register(data))
        yield change
        if change.register is not change.before:
            _write(data, change.register)
    finally:
        os.close(lock)


class RegisterChange:
    """A register on its way from `before` to `register`, which whoever changes it sets."""

    def __init__(self, before: Register) -> None:
        self.before = before
        self.register = before


def _write(data: Path, register: Register) -> None:
    path = data / FILE
    _check(register)
    try:
        replace_privately(path, msgspec.json.format(msgspec.json.encode(register), indent=2) + b"\n")
    except OSError as error:
        raise AccessError(f"{path} cannot be written: {error.strerror}. Nothing was changed") from error
