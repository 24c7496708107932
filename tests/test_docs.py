"""The documents say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from service.params import FACET, SEARCH
from service.settings import setting_rows

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")])


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link in the documents is to a file that exists."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_every_setting_is_documented() -> None:
    """The table of settings in docs/deploying.md is the table in the code."""
    rows = re.findall(r"^\| `(DATELINE_\w+)` \| `(.*?)` \| (.+) \|$", _read("docs/deploying.md"), re.MULTILINE)
    assert rows == [(row.variable, row.default, row.meaning) for row in setting_rows()]


def test_every_parameter_is_documented() -> None:
    """docs/api.md names every parameter of the API."""
    page = _read("docs/api.md")
    assert [row.name for row in (*SEARCH, *FACET) if f"`{row.name}`" not in page and f"{row.name}=" not in page] == []


def test_every_dependency_has_its_reason() -> None:
    """Each dependency of pyproject.toml is in a decision record."""
    required = re.findall(r'^    "([A-Za-z0-9_-]+)[><=]', _read("pyproject.toml"), re.MULTILINE)
    records = _read("docs/decisions/0001-whoosh.md") + _read("docs/decisions/0002-dependencies.md")
    assert len(required) > 9
    assert [name for name in required if name.lower() not in records.lower()] == []


def test_locks_hold_versions_and_hashes_only() -> None:
    """The lock files name no address, and every requirement is pinned with hashes."""
    for name in ("requirements.lock", "requirements-dev.lock"):
        lock = _read(name)
        assert "://" not in lock
        blocks = re.split(r"\n(?=\S)", lock.strip())
        assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_containers_are_as_described() -> None:
    """The web container cannot write the data, neither container has rights, and both install from the lock."""
    services = yaml.safe_load(_read("docker-compose.yml"))["services"]
    assert any(volume.endswith(":/data:ro") for volume in services["web"]["volumes"])
    for service in services.values():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert not service["user"].startswith("0")
    assert "--require-hashes -r requirements.lock" in _read("service/Dockerfile")


def test_seeds_are_as_given() -> None:
    """There are five seeds, with the line ends and last bytes they were given with."""
    seeds = sorted((ROOT / "seeds").glob("*.txt"))
    given = ROOT.parent / "shared" / "seeds"
    assert [seed.name[:3] for seed in seeds] == ["000", "001", "002", "003", "004"]
    if given.exists():
        assert [seed.read_bytes() for seed in seeds] == [(given / seed.name).read_bytes() for seed in seeds]
