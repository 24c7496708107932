"""docs/sbom.json: what is in Dateline besides Dateline, by name, version and licence."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
SBOM = json.loads((ROOT / "docs" / "sbom.json").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_it_lists_what_is_locked() -> None:
    """Every package of requirements.lock in the version that is locked, and no other: `make sbom` after `make lock`."""
    locked = {(normal(name), version) for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.MULTILINE)}
    assert len(locked) > 30
    assert {(entry["name"], entry["version"]) for entry in SBOM["components"]} == locked
    assert all(entry["purl"] == f"pkg:pypi/{entry['name']}@{entry['version']}" for entry in SBOM["components"])


def test_it_is_of_this_version() -> None:
    """Name, version and direct dependencies are those of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    root = SBOM["metadata"]["component"]
    assert (root["name"], root["version"]) == (project["name"], project["version"])
    wanted = {normal(re.match(r"[\w.-]+", text)[0]) for text in project["dependencies"]}  # type: ignore[index] # each has a name
    needed = {row["ref"]: row["dependsOn"] for row in SBOM["dependencies"]}
    assert {ref.partition("==")[0] for ref in needed[root["bom-ref"]]} == wanted


def test_everything_has_a_licence() -> None:
    """Each package says what it may be used under."""
    assert [entry["name"] for entry in SBOM["components"] if not entry["licenses"]] == []


def test_references_lead_somewhere() -> None:
    """Who needs whom is said of what is listed, and it names no address that would have to be believed."""
    listed = {entry["bom-ref"] for entry in SBOM["components"]} | {SBOM["metadata"]["component"]["bom-ref"]}
    assert {row["ref"] for row in SBOM["dependencies"]} == listed
    assert {ref for row in SBOM["dependencies"] for ref in row["dependsOn"]} <= listed
    assert "://" not in json.dumps(SBOM["components"])
