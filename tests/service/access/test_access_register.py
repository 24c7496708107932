"""The file of keys and sites: replaced whole, by one command at a time, and never taken for what it is not."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service.access.keys import Scope, make_key
from service.access.last_use import LastUse, find_last_use, forget
from service.access.register import FILE, AccessError, Register, changing_register, read_register
from service.access.rules import Rules
from service.limiting.rates import Rate
from tests.service.access.conftest import NOW, site

KEY = make_key(scopes=(Scope.READ,), now=NOW, name="a key", filters=("source:daily-nk",))[1]
SITE = site(filters=("region:신의주",), facets=("region",), rate=Rate(120), frame_ancestors=("https://cms.example",))


def put(data: Path, *keys: Any) -> None:
    """Keep these keys, and a site."""
    with changing_register(data) as change:
        change.register = Register(keys=keys, sites=(SITE,))


def test_what_was_kept_is_read(tmp_path: Path) -> None:
    """Every field comes back; where there is no file, there are no keys and no sites."""
    assert read_register(tmp_path) == Register()
    put(tmp_path, KEY)
    assert read_register(tmp_path) == Register(keys=(KEY,), sites=(SITE,))


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """Whatever mask the command runs under, and however open the file was before."""
    before = os.umask(0)
    try:
        put(tmp_path)
        (tmp_path / FILE).chmod(0o666)
        put(tmp_path, KEY)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Neither an error on the way nor a value that cannot be kept leaves anything but the old file."""
    put(tmp_path, KEY)
    before = (tmp_path / FILE).read_bytes()
    with suppress(LookupError), changing_register(tmp_path) as change:
        change.register = Register()
        raise LookupError
    with pytest.raises(ValueError, match="two entries"), changing_register(tmp_path) as change:
        change.register = Register(keys=(KEY, KEY))
    assert (tmp_path / FILE).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {FILE, "access.lock"}


def test_a_crash_before_the_swap_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new one is complete and on disk beside it before it takes its place; what a crash left is no hindrance."""
    put(tmp_path, KEY)
    synced: list[str] = []
    real = os.fsync

    def note(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        real(handle)

    monkeypatch.setattr(os, "fsync", note)
    (tmp_path / f".{FILE}.new").write_text("half of a f")
    put(tmp_path)
    assert synced == [f".{FILE}.new", tmp_path.name]
    assert read_register(tmp_path).keys == ()


def _add(data: Path, number: int) -> None:
    for turn in range(5):
        _, key = make_key(scopes=(Scope.READ,), now=NOW, name=f"{number}-{turn}")
        with changing_register(data) as change:
            change.register = msgspec.structs.replace(change.before, keys=(*change.before.keys, key))


def test_commands_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    """Four processes add five keys each; all twenty are there."""
    processes = [multiprocessing.get_context("fork").Process(target=_add, args=(tmp_path, n)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert {key.name for key in read_register(tmp_path).keys} == {f"{n}-{turn}" for n in range(4) for turn in range(5)}


def kept(**changes: Any) -> dict[str, Any]:
    """What is in a file, with changes to the key."""
    said: dict[str, Any] = json.loads(msgspec.json.encode(Register(keys=(KEY,), sites=(SITE,))))
    said["keys"][0] |= changes
    return said


DAMAGE = {
    "empty": b"",
    "cut": msgspec.json.encode(Register(keys=(KEY,)))[:-20],
    "not text": b"\xff\xfe\x00",
    "another file": b"[]",
    "a later version": json.dumps(kept() | {"version": 2}).encode(),
    "no version that is one": json.dumps(kept() | {"version": "1"}).encode(),
    "a field of a later version": json.dumps(kept(networks=["10.0.0.0/8"])).encode(),
    "a hash that is none": json.dumps(kept(sha256="x")).encode(),
    "an id that is a path": json.dumps(kept(id="../../etc")).encode(),
    "a scope that is none": json.dumps(kept(scopes=["everything"])).encode(),
    "a time without a zone": json.dumps(kept(created="2026-01-01T00:00:00")).encode(),
    "a filter that cannot be read": json.dumps(kept(filters=["rice"])).encode(),
    "a filter with a minus behind its field": json.dumps(kept(filters=["source:-kcna"])).encode(),
    "a filter on what is written": json.dumps(kept(scopes=["read", "write"])).encode(),
    "an empty filter": json.dumps(kept(filters=[""])).encode(),
    "one id twice": json.dumps(kept() | {"keys": kept()["keys"] * 2}).encode(),
    "an origin with a line after it": json.dumps(
        kept() | {"sites": [kept()["sites"][0] | {"origins": ["https://a.example\n"]}]}
    ).encode(),
    "a rate of nothing": json.dumps(kept() | {"sites": [kept()["sites"][0] | {"rate": {"count": 0}}]}).encode(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_cannot_be_understood_is_an_error(tmp_path: Path, damage: bytes) -> None:
    """It names the file, what is wrong and what to do; no command replaces it by an empty one."""
    (tmp_path / FILE).write_bytes(damage)
    with pytest.raises(AccessError, match=rf"{FILE} cannot be used: .*keys create"):
        read_register(tmp_path)
    with pytest.raises(AccessError), changing_register(tmp_path):
        pass
    assert (tmp_path / FILE).read_bytes() == damage


def names(rules: Rules) -> list[str]:
    """The names of the keys that are known now."""
    return [key.name for key in rules.register.keys]


def test_a_process_follows_the_file(tmp_path: Path) -> None:
    """Written, replaced, damaged, mended, removed: each is known at the next look; damage is told once."""
    told: list[AccessError] = []
    rules = Rules(tmp_path, look_every_s=0, report=told.append)
    assert rules.register == Register()
    put(tmp_path, KEY)
    assert names(rules) == [KEY.name]
    put(tmp_path)
    assert names(rules) == []
    (tmp_path / FILE).write_text("{")
    for _ in range(3):
        with pytest.raises(AccessError):
            _ = rules.register
    assert len(told) == 1
    (tmp_path / FILE).unlink()
    put(tmp_path, KEY)
    assert names(rules) == [KEY.name]
    (tmp_path / FILE).unlink()
    assert rules.register == Register()


def test_a_process_looks_a_few_times_a_second(tmp_path: Path) -> None:
    """Between two looks it goes by what it knows, so that no request waits for the disk."""
    seconds = [0.0]
    rules = Rules(tmp_path, look_every_s=0.25, clock=lambda: seconds[0])
    assert names(rules) == []
    put(tmp_path, KEY)
    seconds[0] = 0.24
    assert names(rules) == []
    seconds[0] = 0.25
    assert names(rules) == [KEY.name]


def test_last_use_is_noted_once_a_minute(tmp_path: Path) -> None:
    """A key that was never used has none; noting it writes the time of a file, or nothing at all."""
    seconds = [0.0]
    last_use = LastUse(tmp_path, clock=lambda: seconds[0])
    assert find_last_use(tmp_path, KEY.id) is None
    last_use.note(KEY.id)
    noted = find_last_use(tmp_path, KEY.id)
    assert noted is not None
    file = tmp_path / "access" / KEY.id
    os.utime(file, (1, 1))
    seconds[0] = 59
    last_use.note(KEY.id)
    assert file.stat().st_mtime == 1
    seconds[0] = 60
    last_use.note(KEY.id)
    assert file.stat().st_mtime > 1
    forget(tmp_path, KEY.id)
    assert find_last_use(tmp_path, KEY.id) is None
    LastUse(tmp_path / "nowhere").note(KEY.id)
    LastUse(None).note(KEY.id)
    assert not (tmp_path / "nowhere").exists()
