"""Commands of keys, and of tokens made from them: keys create, keys list, keys revoke, token."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from service.access.keys import Scope, find_key_id, make_key
from service.access.last_use import find_last_use, forget
from service.access.register import FILE, changing_register, read_register
from service.access.tokens import LONGEST, is_token, make_token
from service.commands.frame import NotDone, data_option
from service.commands.restricting import checked_filters, errors_as_messages, filter_option, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from service.access.keys import Key

_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_NEVER: Final = "never"
_SCOPES: Final = tuple(scope.value for scope in Scope)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def _expiry(text: str, now: dt.datetime) -> dt.datetime:
    """When `90d`, `12h`, `30m` from now is, or the first instant of a day (UTC). Raises `ValueError`."""
    duration = _DURATION.fullmatch(text)
    if duration:
        return now + dt.timedelta(seconds=int(duration[1]) * _UNITS[duration[2]])
    try:
        expires = dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), dt.UTC)
    except ValueError:
        raise ValueError(f"--expires {text}: say how long, as in 90d, 12h or 30m, or a day as in 2030-01-31") from None
    if expires <= now:
        raise ValueError(f"--expires {text} is past")
    return expires


@click.group("keys")
def keys_group() -> None:
    """Make, list and revoke keys: who may write, delete, or read what is not public.

    \b
    Example:
      dateline keys create --scope write --name intake --expires 90d
    """


@keys_group.command("create")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(_SCOPES), help="May be repeated.")
@click.option("--name", default="", help="What it is for, to be known by in the list.")
@click.option("--expires", default=_NEVER, show_default=True, metavar="90d|DAY", help="When it ends.")
@filter_option
@data_option
def create_key_command(scopes: tuple[str, ...], name: str, expires: str, filters: tuple[str, ...], data: Path) -> None:
    """Make a key and print it. It is shown this once: what is kept cannot be turned back into it.

    \b
    Examples:
      dateline keys create --scope write --scope delete --name intake
      dateline keys create --scope read --filter source:daily-nk
    """
    if filters and scopes != (Scope.READ,):
        raise NotDone("--filter binds what a key reads, not what it writes: make a key with --scope read alone for it")
    now = _now()
    with errors_as_messages():
        text, key = make_key(
            scopes=tuple(dict.fromkeys(map(Scope, scopes))),
            now=now,
            name=name,
            expires=None if expires == _NEVER else _expiry(expires, now),
            filters=checked_filters(filters, data),
        )
        with changing_register(data) as change:
            change.register = msgspec.structs.replace(change.before, keys=(*change.before.keys, key))
    click.echo(text)
    click.echo(f"This key is shown once: keep it now. Kept in {data / FILE} as {key.id}.", err=True)


@keys_group.command("list")
@data_option
def list_keys_command(data: Path) -> None:
    """List the keys: id, name, what for, until when, and when used last.

    \b
    Example:
      dateline keys list
    """
    with errors_as_messages():
        register = read_register(data)
    if not register.keys:
        click.echo("There are no keys. Make one with: dateline keys create --scope write", err=True)
    now = _now()
    print_table(
        ("ID", "NAME", "FOR", "UNTIL", "LAST USED", "ONLY"), [_key_row(key, data, now) for key in register.keys]
    )


def _key_row(key: Key, data: Path, now: dt.datetime) -> tuple[str, ...]:
    until = f"{key.expires:%Y-%m-%d %H:%M}" if key.expires else _NEVER
    used = find_last_use(data, key.id)
    return (
        key.id,
        key.name or "-",
        ",".join(key.scopes),
        f"{until} (expired)" if key.has_expired(now) else until,
        f"{used:%Y-%m-%d %H:%M}" if used else "not yet",
        "; ".join(key.filters) or "everything",
    )


@keys_group.command("revoke")
@click.argument("key_id", metavar="ID")
@data_option
def revoke_key_command(key_id: str, data: Path) -> None:
    """End a key, and every token made from it, within a second.

    \b
    Example:
      dateline keys revoke 1f0a93c4
    """
    with errors_as_messages(), changing_register(data) as change:
        key = change.before.find_key(find_key_id(key_id) or key_id)
        if key is None:
            raise NotDone(f"there is no key {key_id[:16]!r}; `dateline keys list` shows their ids")
        kept = tuple(other for other in change.before.keys if other.id != key.id)
        change.register = msgspec.structs.replace(change.before, keys=kept)
    forget(data, key.id)
    click.echo(f"Revoked {key.id}{f' ({key.name})' if key.name else ''}.", err=True)


@click.command("token")
@click.option("--key-file", type=click.File(), required=True, help="A file with a key of scope read; - is stdin.")
@click.option(
    "--expires", default="1h", show_default=True, metavar="1h|DAY", help=f"At most {LONGEST.days} days ahead."
)
@filter_option
def token_command(key_file: Any, expires: str, filters: tuple[str, ...]) -> None:  # noqa: ANN401 - an open file
    """Make a token from a read key and print it: leave to read for a while, for whoever holds it.

    Needs neither the archive nor the service: a site's own server does the same (docs/access.md).

    \b
    Example:
      dateline token --key-file read.key --expires 1h --filter source:daily-nk
    """
    key_text = key_file.read().strip()
    if is_token(key_text):
        raise NotDone("tokens are made from keys, not from other tokens")
    if find_key_id(key_text) is None:
        raise NotDone("the key file must hold one key, as `dateline keys create` printed it, and nothing else")
    now = _now()
    with errors_as_messages():
        until = _expiry(expires, now)
        if until - now > LONGEST:
            raise NotDone(f"a token lasts {LONGEST.days} days at most; --expires {expires} is longer")
        click.echo(make_token(key_text, expires=until, filters=checked_filters(filters)))
