"""What holds for all tests: random examples are new on every run of one's own, and the same on every run of CI.

None of them has to be done by some time: the first may have to compile, and machines may be busy.

Compiled kernels are kept in `.compiled` from one run to the next, also those of the processes that tests start.
"""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import settings

os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parent.parent / ".compiled"))

from index.compiled import keep_compiled_in
from index.machine_code import discard_outdated

COMPILED = Path(os.environ["NUMBA_CACHE_DIR"])
keep_compiled_in(COMPILED)
discard_outdated(COMPILED)

settings.register_profile("own", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "own")
