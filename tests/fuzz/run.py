"""Coverage-guided fuzzing of what takes other people's bytes, by atheris: each target for so many seconds.

    python -m tests.fuzz.run [--seconds 600] [--target queries] [--findings FOLDER]

`tests.fuzz.targets` says what is fuzzed. A target runs in a process of its own, which ends at the first finding; the
bytes that made it are kept in the findings folder and printed. The exit code is 1 if there was one. Without atheris
(it is not for every Python) it says so and nothing is run.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

NAMES = ("queries", "parameters", "readers", "dates")
"""The targets, which are imported only where they are run."""

LONGEST_BYTES = 4096
SLOWEST_S = 5
"""A single input that takes longer is a finding, too."""


def fuzz_one(name: str, seconds: int, findings: Path) -> None:
    """Fuzz a target in this process, which ends with it."""
    atheris: Any = importlib.import_module("atheris")  # it is not installed with the project
    with atheris.instrument_imports(include=["index", "search", "service"], enable_loader_override=False):
        targets = importlib.import_module("tests.fuzz.targets")
    corpus = findings / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup(
        [
            sys.argv[0], str(corpus), f"-max_total_time={seconds}", f"-max_len={LONGEST_BYTES}",
            f"-timeout={SLOWEST_S}", f"-artifact_prefix={findings / name}-", "-print_final_stats=1", "-verbosity=0",
        ],
        targets.TARGETS[name],
    )  # fmt: skip
    atheris.Fuzz()


def main() -> int:
    """Fuzz each target, or one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=600, help="for each target")
    parser.add_argument("--target", choices=NAMES, action="append", help="this one alone; may be repeated")
    parser.add_argument("--findings", type=Path, default=Path(".fuzz"))
    parser.add_argument("--here", choices=NAMES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.stdout.write("atheris is not installed, so nothing was fuzzed; `make fuzz` installs it\n")
        return 0
    if given.here:
        fuzz_one(given.here, given.seconds, given.findings)
        return 0
    found = [name for name in given.target or NAMES if not _is_clean(name, given.seconds, given.findings)]
    sys.stdout.write(f"findings in: {', '.join(found)}; see {given.findings}\n" if found else "nothing was found\n")
    return int(bool(found))


def _is_clean(name: str, seconds: int, findings: Path) -> bool:
    sys.stdout.write(f"fuzzing {name} for {seconds} s\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "tests.fuzz.run", "--here", name, "--seconds", str(seconds)]
    return subprocess.run([*command, "--findings", str(findings)], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
