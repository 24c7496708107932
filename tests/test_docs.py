"""The documents say what the code says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from index.gazetteer import load_gazetteer
from search.percolate import load_topics
from search.thesaurus import load_synonyms
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


def test_rules_of_ones_own_are_as_they_are_shown(tmp_path: Path) -> None:
    """The examples of docs/deploying.md are read as they stand, and the topic does what its sentences say."""
    examples = re.findall(r"^```toml\n# (\w+)\.toml: (?:.*?)^```", _read("docs/deploying.md"), re.MULTILINE | re.DOTALL)
    assert examples == ["topics", "synonyms"]
    for text in re.findall(r"^```toml\n(.*?)^```", _read("docs/deploying.md"), re.MULTILINE | re.DOTALL):
        (tmp_path / text.removeprefix("# ").partition(":")[0]).write_text(text, encoding="utf-8")
    assert [topic.broken_examples() for topic in load_topics(load_gazetteer(), tmp_path / "topics.toml")] == [()]
    assert [[name.text for name in names] for names, _ in load_synonyms(tmp_path / "synonyms.toml")] == [
        ["jangmadang", "market", "장마당"],
        ["Room 39"],
    ]


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
    for name in ("requirements.lock", "requirements-opensearch.lock", "requirements-dev.lock"):
        lock = _read(name)
        assert "://" not in lock
        blocks = re.split(r"\n(?=\S)", lock.strip())
        assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_containers_are_as_described() -> None:
    """The web container cannot write the data, no container has rights, and all of ours install from a lock."""
    services = yaml.safe_load(_read("docker-compose.yml"))["services"]
    assert any(volume.endswith(":/data:ro") for volume in services["web"]["volumes"])
    for name, service in services.items():
        assert service.get("read_only") or name in {"search-1", "search-2", "search-3"}
        assert service["cap_drop"] == ["ALL"]
        assert not service["user"].startswith("0")
    assert "ARG LOCK=requirements.lock" in _read("service/Dockerfile")
    assert "--require-hashes -r ${LOCK}" in _read("service/Dockerfile")


def test_the_cluster_is_as_described() -> None:
    """Three nodes that describe one cluster; web services ask it as who may only read, and have no archive to write."""
    services = yaml.safe_load(_read("docker-compose.yml"))["services"]
    described = yaml.safe_load(_read("docs/deploy/cluster/opensearch.yml"))
    names = described["cluster.initial_cluster_manager_nodes"]
    assert {
        service["environment"]["NODE_NAME"] for name, service in services.items() if name.startswith("search-")
    } == {*names}
    assert services["cluster-prepare"]["entrypoint"][3:] == names
    for name in ("cluster-web-1", "cluster-web-2"):
        assert services[name]["environment"]["DATELINE_OPENSEARCH_USER"] == "web"
        [volume] = services[name]["volumes"]
        assert (volume["read_only"], volume["volume"]["subpath"]) == (True, "web")
        assert f"{name}:8000" in _read("docs/deploy/cluster/Caddyfile")
    clustered = {name for name, service in services.items() if service.get("profiles") == ["cluster"]}
    assert len(clustered) == 8


@pytest.mark.parametrize("profile", ["", "writes", "cluster"])
def test_containers_are_understood(profile: str) -> None:
    """Docker takes every profile of the compose file as meant."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("there is no docker with compose to ask")
    command = [docker, "compose", *(["--profile", profile] if profile else []), "config", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_seeds_are_as_given() -> None:
    """There are five seeds, with the line ends and last bytes they were given with."""
    seeds = sorted((ROOT / "seeds").glob("*.txt"))
    given = ROOT.parent / "shared" / "seeds"
    assert [seed.name[:3] for seed in seeds] == ["000", "001", "002", "003", "004"]
    if given.exists():
        assert [seed.read_bytes() for seed in seeds] == [(given / seed.name).read_bytes() for seed in seeds]
