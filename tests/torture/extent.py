"""How much torture there is to be: three variables of the environment, read once.

`DATELINE_TORTURE=full` asks for the full form of every test, which takes hours; without it there is a short one for
`make test`. `DATELINE_SEED` repeats what a failing test did. `DATELINE_SOAK_SECONDS` says how long to soak.

They are removed from the environment: the services that tests start refuse what is no setting of theirs.
"""

from __future__ import annotations

import os
from typing import Final

FULL: Final = os.environ.pop("DATELINE_TORTURE", "") == "full"

SEED: Final = os.environ.pop("DATELINE_SEED", "")

SOAK_SECONDS: Final = float(os.environ.pop("DATELINE_SOAK_SECONDS", "3600" if FULL else "20"))
