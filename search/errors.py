"""Everything the read side can raise on purpose.

SearchError
├── QueryRefused          the question is beyond a limit: limit, allowed, found
│   ├── TooManyExpansions a prefix stands for more terms than are allowed
│   ├── TooManyBuckets    a date facet would have more buckets than are allowed
│   └── OverBudget        it takes more work than a question may
├── UnsupportedQuery      an engine cannot answer this construct exactly, so it does not answer
│   └── UnexplainedScores nor say what its scores are made of
├── StillOpening          there is nothing to search yet, but soon there will be
└── EngineClosed          the engine was closed
    └── Withdrawn         under its user, who took too long

A question that is merely odd is never an error: it is searched as words, with a warning.
"""

from __future__ import annotations


class SearchError(Exception):
    """Anything the read side refuses."""


class QueryRefused(SearchError):
    """A question beyond a limit. `limit` names it; `allowed` and `found` are counts in its unit."""

    def __init__(self, limit: str, *, allowed: int, found: int, detail: str) -> None:
        self.limit, self.allowed, self.found, self.detail = limit, allowed, found, detail
        super().__init__(detail)


class TooManyExpansions(QueryRefused):
    """A prefix that begins more terms than are allowed. Longer prefixes begin fewer."""

    def __init__(self, prefix: str, *, allowed: int, found: int) -> None:
        self.prefix = prefix
        super().__init__(
            "expansions",
            allowed=allowed,
            found=found,
            detail=f"{prefix}* begins more than {allowed} words of this archive; add a letter",
        )


class TooManyBuckets(QueryRefused):
    """A date facet of more calendar units than are allowed. Wider units are fewer."""

    def __init__(self, interval: str, *, allowed: int, found: int) -> None:
        self.interval = interval
        super().__init__(
            "buckets",
            allowed=allowed,
            found=found,
            detail=f"counting by {interval} gives {found} buckets, and at most {allowed} are allowed; use a wider unit",
        )


class OverBudget(QueryRefused):
    """A question that takes more processor time than one may. Rarer words, or fewer, take less."""

    def __init__(self, budget_ms: int) -> None:
        super().__init__(
            "budget_ms",
            allowed=budget_ms,
            found=budget_ms,
            detail=f"takes more than the {budget_ms} ms of work that a question may; use fewer or rarer words",
        )


class UnsupportedQuery(SearchError):
    """An engine cannot answer a construct exactly. `construct` is its canonical form."""

    def __init__(self, engine: str, construct: str) -> None:
        self.engine, self.construct = engine, construct
        super().__init__(f"the {engine} engine cannot answer {construct}")


class UnexplainedScores(UnsupportedQuery):
    """An engine cannot say what its scores are made of."""

    def __init__(self, engine: str) -> None:
        super().__init__(engine, "what scores are made of")


class EngineClosed(SearchError):
    """A search on an engine that was closed."""


class StillOpening(SearchError):
    """What there is to search is being opened."""

    def __init__(self) -> None:
        super().__init__("the index is still being opened")


class Withdrawn(EngineClosed):
    """What was lent was closed under its user, `after_s` seconds after something newer was published."""

    def __init__(self, after_s: float) -> None:
        self.after_s = after_s
        super().__init__(f"an index that was replaced {after_s:g} s ago was closed under those who still read it")
