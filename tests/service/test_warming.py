"""What `dateline build` compiles is all that a worker needs: a fresh process searches without compiling anything."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.layout import DataFolder
from index.machine_code import code_version, is_complete, place_of
from service import warming
from service.warming import compile_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.document import Document
    from index.layout import Generation

PROGRAM = """
import json, sys
from pathlib import Path
from index.layout import DataFolder
from service.comparing import questions
from service.wiring import open_archive
archive = open_archive(DataFolder(Path(sys.argv[1])))
totals = [archive.searcher.matches(request).total for request in questions(archive.searcher, 150)]
from index.compiled import compilations
print(json.dumps({"totals": totals, "loaded": compilations().loaded, "compiled": compilations().compiled}))
"""

LOADED_FIRST = """
import json, sys
from pathlib import Path
from index.durable import link_tree
from index.fields import record_from_document
from index.layout import DataFolder, current
from index.generation.snapshot import Snapshot
from service.comparing import questions
from service.wiring import index_maker, load_engine, load_index_writer, open_archive
data = DataFolder(Path(sys.argv[2]))
def search():
    archive = open_archive(data)
    for request in questions(archive.searcher, 150):
        archive.searcher.matches(request)
def update():
    folder = data.path / "draft"
    link_tree(current(data).index, folder)
    with Snapshot.open(current(data).documents) as snapshot:
        records = [record_from_document(serial, snapshot.documents([serial])[0]) for serial in range(1, 20)]
    for record in records:
        index_maker(data).update(folder, [record], [40], most_merged=1e9)
    index_maker(data).check(folder, frozenset())
load, work = {"search": (load_engine, search), "update": (load_index_writer, update)}[sys.argv[1]]
load(data)
from index.compiled import compilations
ready = compilations().loaded
work()
later = set(compilations().loaded) - set(ready)
print(json.dumps({"ready": len(ready), "later": sorted(name.partition("(")[0] for name in later)}))
"""


@pytest.fixture(scope="module")
def compiled() -> Path:
    """The folder of this version's machine code, complete."""
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    compile_all(folder)
    assert is_complete(folder)
    return place_of(folder)


@pytest.mark.parametrize("is_writable", [True, False], ids=["writable", "read-only"])
def test_a_fresh_process_compiles_nothing(
    compiled: Path,
    tmp_path: Path,
    documents: tuple[Document, ...],
    publish_documents: Callable[[DataFolder, Sequence[Document]], Generation],
    *,
    is_writable: bool,
) -> None:
    """By Numba's own statistics, whatever is asked; and it writes nothing into the data folder."""
    data = DataFolder(tmp_path / "data")
    publish_documents(data, documents)
    shutil.copytree(compiled, data.compiled / code_version())
    before = {path: path.stat().st_mtime_ns for path in data.path.rglob("*")}
    if not is_writable:
        for path in (data.compiled, data.compiled / code_version()):
            path.chmod(0o555)
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(data.path)],
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert sum(said["totals"]) > 0
    assert said["compiled"] == []
    assert len(said["loaded"]) > 8
    assert {path: path.stat().st_mtime_ns for path in data.path.rglob("*")} == before


@pytest.mark.parametrize(
    ("work", "later"),
    [
        pytest.param("search", {"bisect_terms"}, id="search, but for what kernels call, too"),
        pytest.param("update", set(), id="update an index"),
    ],
)
@pytest.mark.usefixtures("compiled")
def test_what_is_loaded_first_is_all_that_is_needed(
    tmp_path: Path,
    documents: tuple[Document, ...],
    publish_documents: Callable[[DataFolder, Sequence[Document]], Generation],
    work: str,
    later: set[str],
) -> None:
    """Whoever waits for the first answer, or the first publish, doesn't wait for machine code to be loaded."""
    data = DataFolder(tmp_path / "data")
    publish_documents(data, documents)
    done = subprocess.run(
        [sys.executable, "-c", LOADED_FIRST, work, str(data.path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)
    assert said["ready"] > 8
    assert set(said["later"]) <= later


def test_one_process_compiles_and_others_wait_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes while another compiles for the same folder finds everything there when that is done."""
    exercised: list[int] = []

    def exercise(_folder: Path) -> None:
        exercised.append(len(exercised))
        time.sleep(0.2)

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warming, "_exercise", exercise)
    monkeypatch.setattr(warming, "keep_compiled_in", lambda _folder: None)
    compiling = [threading.Thread(target=compile_all, args=(tmp_path,)) for _ in range(3)]
    for thread in compiling:
        thread.start()
    for thread in compiling:
        thread.join()
    assert exercised == [0]
