"""Kernels are compiled once and loaded from then on, wherever that can be; and compiled in memory where it can't."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
from index.compiled import compilations, keep_compiled_in, kernel, load_compiled
keep_compiled_in(Path(sys.argv[1]))
from index.codec.packing import bits_needed
@kernel
def once_more(number: int) -> int:
    return number + number
@kernel
def doubled(number: int) -> int:
    return once_more(number)
if "beforehand" in sys.argv:
    load_compiled(Path(sys.argv[1]))
ready = compilations().loaded
said = [bits_needed(5), doubled(4)]
print(json.dumps({"said": said, "ready": ready, "loaded": compilations().loaded, "compiled": compilations().compiled}))
"""


def run(program: Path, folder: Path, *options: str) -> dict[str, list[str]]:
    """What a fresh process that calls two kernels says became of them."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, str(program), str(folder), *options],
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said: dict[str, Any] = json.loads(done.stdout)
    assert said.pop("said") == [3, 8]
    return said


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program with a kernel of its own."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def test_what_one_process_compiled_the_next_one_loads(program: Path, tmp_path: Path) -> None:
    """By Numba's own statistics; and nobody else may write to the folder."""
    first = run(program, tmp_path / "compiled")
    assert (first["loaded"], len(first["compiled"])) == ([], 3)
    second = run(program, tmp_path / "compiled")
    assert (len(second["loaded"]), second["compiled"]) == (2, [])
    assert not any(path.stat().st_mode & 0o022 for path in (tmp_path / "compiled").iterdir())


def test_what_is_loaded_beforehand_is_not_loaded_when_it_is_called(tmp_path: Path) -> None:
    """A kernel called from Python is ready by then, with those that it calls, which are not loaded by themselves."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("bits_needed(5)", "3"), encoding="utf-8")
    run(program, tmp_path / "compiled")
    loaded = run(program, tmp_path / "compiled", "beforehand")
    assert [name.partition("(")[0] for name in loaded["ready"]] == ["doubled"]
    assert (loaded["loaded"], loaded["compiled"]) == (loaded["ready"], [])


def test_nothing_is_loaded_or_compiled_where_nothing_is_kept(tmp_path: Path) -> None:
    """Nor where what is kept cannot be read."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("[bits_needed(5), doubled(4)]", "[3, 8]"), encoding="utf-8")
    assert run(program, tmp_path / "compiled", "beforehand") == {"ready": [], "loaded": [], "compiled": []}
    damaged = tmp_path / "damaged.py"
    damaged.write_text(PROGRAM.replace("bits_needed(5)", "3"), encoding="utf-8")
    run(damaged, tmp_path / "compiled")
    for path in (tmp_path / "compiled").rglob("*.nbi"):
        path.write_bytes(b"")
    assert run(program, tmp_path / "compiled", "beforehand") == {"ready": [], "loaded": [], "compiled": []}


def test_damaged_machine_code_is_compiled_anew(program: Path, tmp_path: Path) -> None:
    """A file cut short is as good as none."""
    run(program, tmp_path / "compiled")
    for path in (tmp_path / "compiled").rglob("*.nb*"):
        path.write_bytes(path.read_bytes()[:20])
    assert len(run(program, tmp_path / "compiled")["compiled"]) == 3


def test_where_nothing_can_be_kept_kernels_are_compiled_in_memory(program: Path, tmp_path: Path) -> None:
    """A folder that can't be made is no error."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert len(run(program, tmp_path / "file" / "compiled")["compiled"]) == 3


def test_compiling_is_not_counted_as_work(tmp_path: Path) -> None:
    """A thread's working time goes on while it works and stands still while it compiles, nested kernels included."""
    program = tmp_path / "program.py"
    program.write_text(WORKING, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    compiling_s, counted_s, worked_s = json.loads(done.stdout)
    assert counted_s < compiling_s / 4
    assert worked_s > 0


WORKING = """
import json, time
from index.compiled import kernel, working_time

@kernel
def halved(number):
    return number // 2

@kernel
def steps(number):
    count = 0
    while number > 1:
        number = halved(number)
        count += 1
    return count

began, worked = time.thread_time(), working_time()
steps(9)
compiling, counted = time.thread_time() - began, working_time() - worked
worked = working_time()
sum(range(1_000_000))
print(json.dumps([compiling, counted, working_time() - worked]))
"""
