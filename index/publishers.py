"""Publishers by every name they are known by: Radio Free Asia, RFA and 자유아시아방송 are one.

The names are those of `extract/data/sources.toml`, by which articles are told their publisher. So whoever asks for a
publisher by any of them means the one id that its articles are filed under.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from index.analysis import slug
from index.extract.rules import read_rules

if TYPE_CHECKING:
    from collections.abc import Mapping


@functools.cache
def publisher_ids() -> Mapping[str, str]:
    """The id of every known publisher by its names, folded to ids. Raises `DataFileError`."""
    rows = read_rules("sources.toml")["source"]
    return {slug(name): slug(row["name"]) for row in rows for name in (row["name"], *row.get("names", ()))}
