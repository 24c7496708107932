"""JSON is read by decoders made at import, because msgspec learns types unsafely: the reason, and that it is so."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.layout import DataFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.document import Document
    from index.layout import Generation

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("index", "search", "service")
READERS = 8

FIRST_READERS = f"""
import sys, threading
from pathlib import Path
from index.layout import DataFolder
from index.generation.snapshot import Snapshot
sys.setswitchinterval(1e-6)
snapshot = Snapshot.open(Path(sys.argv[1]))
together = threading.Barrier({READERS})
def read():
    together.wait()
    snapshot.documents([1, 2, 3])
readers = [threading.Thread(target=read) for _ in range({READERS})]
for reader in readers:
    reader.start()
for reader in readers:
    reader.join()
"""


def calls_in(package: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call in a package's source."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node


@pytest.mark.parametrize("package", PACKAGES)
def test_no_type_is_learned_while_reading(package: str) -> None:
    """`msgspec.json.decode` is given no type; who reads one has a `Decoder` of it."""
    learning = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call in calls_in(package)
        if ast.unparse(call.func) == "msgspec.json.decode" and any(word.arg == "type" for word in call.keywords)
    ]
    assert not learning, "make a msgspec.json.Decoder at import instead"


def test_many_may_be_the_first_to_read(
    tmp_path: Path,
    documents: tuple[Document, ...],
    publish_documents: Callable[[DataFolder, Sequence[Document]], Generation],
) -> None:
    """Fresh processes in which several threads read articles at once, before anybody did, end well."""
    generation = publish_documents(DataFolder(tmp_path / "data"), documents)
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", FIRST_READERS, str(generation.documents)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
