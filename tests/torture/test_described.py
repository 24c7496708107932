"""The served OpenAPI document against the service itself, by schemathesis: all of its checks, good requests and bad.

What is sent follows from the document: parameters and bodies as described, and others that are not. What is checked: no
error of ours; statuses, media types, headers and bodies as described; what is not described refused.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.torture.flooding import tell
from tests.torture.serving import archive, articles, served

if TYPE_CHECKING:
    import random

    from tests.torture.conftest import Rounds

SETTINGS = """
[checks.positive_data_acceptance]
# 400 and 410: what no schema can say: days of the calendar, ends before beginnings, cursors that we made
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 410, 412, 422, 429, 503]
[checks.negative_data_rejection]
# 413, 414, 431: what is not as described may be too long, too
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 414, 415, 422, 429, 431, 503]
"""
NOT_UNDERSTOOD = "/v1/suggest/browser"
"""Its answer is an array whose items differ (`prefixItems`), which schemathesis 4 takes for no schema; other tests hold
that route against the document."""


def test_the_service_is_as_it_describes_itself(tmp_path: Path, rng: random.Random, rounds: Rounds) -> None:
    """Whatever the document allows is answered as it says, and whatever it does not allow is refused."""
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS)
    with served(archive(tmp_path, articles(100)), DATELINE_RATE="0") as service:
        done = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "run",
                f"http://{service.host}:{service.port}/openapi.json", "--exclude-path", NOT_UNDERSTOOD,
                "--checks", "all", "--mode", "all", "--max-examples", str(rounds(5, 1_000)),
                "--phases", "coverage,fuzzing" if rounds(0, 1) else "fuzzing",
                "--seed", str(rng.randrange(2**32)), "--no-color", "--warnings", "off",
            ],
            capture_output=True, text=True, check=False, cwd=tmp_path,
            env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.torture.described_hooks", "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
    tell(done.stdout[-600:])
    assert done.returncode == 0, done.stdout + done.stderr
