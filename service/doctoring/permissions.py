"""Who can write the data folder, and who can read what is secret in it.

Index, machine code and rules are as trusted as the program: whoever can change them runs code in the service. So what
others can write is found here, in the folder, in the folders it lies in, and in the file of keys.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from typing import TYPE_CHECKING, Final

from service.access.register import FILE, AccessError, read_register
from service.doctoring.findings import Examined, Finding, Sound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from service.doctoring.patient import Patient

AREA: Final = "permissions"
_CODE: Final = "whoever can write there can run code in the service, by an index or machine code of their own"
_SECRET: Final = 0o077


def check_permissions(patient: Patient) -> Iterator[Examined]:
    """Who may write what."""
    data = patient.data.path
    wrong = [*_writable_by_others(data), *_movable_by_others(data), *_of_several_owners(data), *_keys(data)]
    yield from wrong
    if not wrong:
        owner = _user(data.stat().st_uid)
        here = "" if os.access(data, os.W_OK) else "; this user may only read"
        yield Sound(AREA, f"only {owner} can write {data}{here}")


def _writable_by_others(data: Path) -> Iterator[Finding]:
    """The first place in the folder that others can write, and how many there are."""
    places = [(path, who) for path in _everything(data) if (who := _find_other_writer(path.lstat()))]
    if not places:
        return
    path, who = places[0]
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    mend = f"chmod -R go-w {data}"
    yield Finding(AREA, f"{path}{more} can be written by {who} (mode {_mode(path)})", _CODE, mend)


def _movable_by_others(data: Path) -> Iterator[Finding]:
    """A folder above that others can write: they could put a folder of their own in this one's place."""
    for folder in data.resolve().parents:
        status = folder.stat()
        who = _find_other_writer(status)
        if who and not status.st_mode & stat.S_ISVTX:
            mend = f"chmod go-w {folder}, or keep the archive elsewhere"
            yield Finding(AREA, f"{folder} can be written by {who}, who can replace {data} in it", _CODE, mend)
            return


def _of_several_owners(data: Path) -> Iterator[Finding]:
    owners = {path.lstat().st_uid for path in _everything(data)}
    if len(owners) > 1:
        owner = _user(data.stat().st_uid)
        yield Finding(
            AREA,
            f"what is in {data} belongs to {' and '.join(sorted(map(_user, owners)))}",
            "one of them cannot write what the other made, so taking in articles or building fails sooner or later",
            f"chown -R {owner} {data}, and run every command as {owner}",
        )


def _keys(data: Path) -> Iterator[Finding]:
    path = data / FILE
    try:
        status = path.stat()
    except FileNotFoundError:
        return
    except OSError as error:
        yield Finding(
            AREA, f"{path} cannot be looked at: {error.strerror}", _NO_KEYS, "run this as the archive's owner"
        )
        return
    if status.st_mode & _SECRET:
        yield Finding(
            AREA,
            f"{path} can be read by others than its owner (mode {_mode(path)})",
            "tokens for a private archive can be made from what is in it",
            f"chmod 600 {path}",
        )
    try:
        read_register(data)
    except AccessError as error:
        yield Finding(AREA, str(error), _NO_KEYS, f"dateline keys list --data {data} says when it is mended")


_NO_KEYS: Final = "while it cannot be read nobody's key, token or site is known"


def _everything(data: Path) -> Iterator[Path]:
    """The folder and all that is in it, links not followed. What vanishes meanwhile is not in it any more."""
    yield data
    for folder, folders, files in os.walk(data):
        for name in (*folders, *files):
            path = data / folder / name
            if path.exists() and not path.is_symlink():
                yield path


def _find_other_writer(status: os.stat_result) -> str | None:
    """Who besides its owner can write a file: everybody, or a group that has other members."""
    if status.st_mode & stat.S_IWOTH:
        return "everybody"
    if status.st_mode & stat.S_IWGRP and _has_other_members(status.st_gid, status.st_uid):
        return f"the group {_group(status.st_gid)}"
    return None


def _has_other_members(group: int, owner: int) -> bool:
    try:
        named = set(grp.getgrgid(group).gr_mem)
    except KeyError:
        named = set()
    users = pwd.getpwall()
    members = {user.pw_uid for user in users if user.pw_gid == group or user.pw_name in named}
    return bool(members - {owner, 0})


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.lstat().st_mode):o}"
