"""The command that looks for what is wrong around an archive: doctor."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from index.layout import DataFolder
from service.commands.frame import SOMETHING_WRONG, NotDone, data_option
from service.doctoring.address import check_address
from service.doctoring.examination import examine
from service.doctoring.findings import Finding
from service.doctoring.patient import Patient
from service.phrasing import counted
from service.terminal import say

if TYPE_CHECKING:
    from service.doctoring.findings import Examined

_INDENT: Final = 20


@click.command("doctor")
@click.option("--url", default=None, help="Ask at this address, as readers do, and tell what a proxy does wrong.")
@click.option(
    "--environment",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file of NAME=value lines that the service is started with, as systemd and docker read it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@data_option
def doctor_command(url: str | None, environment: Path | None, data: Path, *, as_json: bool) -> None:
    """Look for what is wrong with settings, permissions, disk, index and machine, and say what to do.

    Changes nothing. The exit code is 0 if all is well, 1 if something was found.

    \b
    Examples:
      dateline doctor --data /srv/archive
      dateline doctor --url https://search.example.org
    """
    variables = dict(os.environ) if environment is None else _variables(environment)
    patient = Patient(data=DataFolder(data), environment=variables)
    examined = list(examine(patient))
    if url is not None:
        _refuse_other_schemes(url)
        examined += check_address(url, patient.now)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(_report(examined))).decode())
    else:
        _print(examined)
    if any(isinstance(each, Finding) for each in examined):
        sys.exit(SOMETHING_WRONG)


def _refuse_other_schemes(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise NotDone(f"--url must be an address like https://search.example.org, not {url!r}")


def _variables(path: Path) -> dict[str, str]:
    """The variables of a file as systemd and docker read it: a NAME=value on each line, # before remarks."""
    variables = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith(("#", ";")):
            continue
        name, separator, value = text.partition("=")
        if not separator:
            raise NotDone(f"{path}:{number}: write NAME=value")
        variables[name.strip()] = value.strip().strip("'\"")
    return variables


def _report(examined: list[Examined]) -> dict[str, Any]:
    return {
        "findings": [asdict(each) for each in examined if isinstance(each, Finding)],
        "sound": [asdict(each) for each in examined if not isinstance(each, Finding)],
    }


def _print(examined: list[Examined]) -> None:
    for each in examined:
        if isinstance(each, Finding):
            say(f"FOUND  {each.area:<12} {each.what}", style="bold")
            say(f"why: {each.why}", indent=_INDENT)
            say(f"do:  {each.mend}", indent=_INDENT)
        else:
            say(f"ok     {each.area:<12} {each.said}")
    found = sum(isinstance(each, Finding) for each in examined)
    if found:
        say(f"\n{counted(found, 'thing')} to mend")
