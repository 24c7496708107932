# ruff: noqa: INP001 - a program of its own, beside what it makes
"""Makes `sbom.json` of what cyclonedx-py says of an environment (standard input) and of `requirements.lock`.

Run by `make sbom`. What is kept is what a reader needs and what does not change by itself: names, versions, licences
and who needs whom. Addresses go, and so does what the environment has that is not locked. What the lock has for
another Python is added, with its condition.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
UNSAID = {"pyahocorasick": "BSD-3-Clause"}
"""Licences that packages state in their text alone."""

ROOT_KEEPS = ("type", "bom-ref", "name", "version", "description", "licenses")


def normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[tuple[str, str], str]:
    """What is locked: name and version, with the condition under which it is installed, or nothing."""
    lines = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)(?: ; (.+?))? \\$", lock, re.MULTILINE)
    return {(normal(name), version): condition for name, version, condition in lines}


def sbom_from_environment(found: dict[str, Any], lock: dict[tuple[str, str], str]) -> dict[str, Any]:
    """The document. Raises `KeyError` if something locked is in no version there."""
    names = {name for name, _ in lock}
    there = {normal(each["name"]): each for each in found["components"] if normal(each["name"]) in names}
    root = {name: found["metadata"]["component"][name] for name in ROOT_KEEPS}
    needs = _needs(found, there)
    dependencies = [
        {"ref": f"{name}=={version}", "dependsOn": needs.get(there[name]["bom-ref"], [])}
        for name, version in sorted(lock)
    ]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": root},
        "components": [_component(name, version, lock[name, version], there[name]) for name, version in sorted(lock)],
        "dependencies": [*dependencies, {"ref": root["bom-ref"], "dependsOn": needs[root["bom-ref"]]}],
    }


def _needs(found: dict[str, Any], there: dict[str, Any]) -> dict[str, list[str]]:
    """By its name in the environment, the names here of what each package needs."""
    named = {component["bom-ref"]: f"{name}=={component['version']}" for name, component in there.items()}
    return {
        row["ref"]: sorted(named[ref] for ref in row.get("dependsOn", ()) if ref in named)
        for row in found["dependencies"]
    }


def _component(name: str, version: str, condition: str, component: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": f"{name}=={version}",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{name}@{version}",
        "description": component.get("description", ""),
        "licenses": component.get("licenses") or [{"license": {"id": UNSAID[name]}}],
    }
    if condition:
        entry["properties"] = [{"name": "dateline:installed-if", "value": condition}]
    return entry


if __name__ == "__main__":
    document = sbom_from_environment(json.load(sys.stdin), locked(LOCK.read_text(encoding="utf-8")))
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
