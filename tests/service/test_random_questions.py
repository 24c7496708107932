"""Two thousand questions nobody would ask: none breaks the service, and every refusal names its parameter."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from tests.service.conftest import Api

WORDS = (
    "smuggl*",
    "winter",
    '"solar panels"',
    "신의주",
    "the",
    "a*",
    "title:report",
    "region:sinuiju",
    "date:2018..",
    "é́",
)
SYMBOLS = (
    '"',
    "(",
    ")",
    "-",
    "*",
    "~",
    ":",
    " OR ",
    " AND ",
    "NOT ",
    "..",
    "\\",
    "&",
    "=",
    "%",
    "#",
    "\u202e",
    "\u0000",
)
NAMES = (
    "q",
    "op",
    "region",
    "source",
    "topic",
    "role",
    "date_from",
    "date_to",
    "date_match",
    "facet",
    "facet_interval",
)
MORE_NAMES = (
    "facet_size", "sort", "page", "per_page", "cursor", "highlight", "explain", "recency", "language", "nonsense", "",
)  # fmt: skip
VALUES = (
    "",
    "1",
    "0",
    "-1",
    "999999999999",
    "kp",
    "and",
    "or",
    "newest",
    "2018-02-30",
    "2019",
    "certain",
    "region",
    "date",
)


def random_question(chance: random.Random) -> str:
    """Words, symbols and characters of any script, in any order."""
    pieces = []
    for _ in range(chance.randint(0, 14)):
        kind = chance.random()
        if kind < 0.4:
            pieces.append(chance.choice(WORDS))
        elif kind < 0.8:
            pieces.append(chance.choice(SYMBOLS))
        else:
            pieces.append(chr(chance.choice([chance.randint(32, 0x2FF), chance.randint(0xE000, 0x10FFFF)])))
    return chance.choice(["", " "]).join(pieces)


def random_query_string(chance: random.Random) -> str:
    """Mostly a question alone; often other parameters, good and bad; sometimes bytes that are no text."""
    kind = chance.random()
    if kind < 0.1:
        return "".join(chance.choice("q=&%+;ÿé0aF") for _ in range(chance.randint(0, 30)))
    pairs = [("q", random_question(chance))]
    if kind > 0.5:
        names = NAMES + MORE_NAMES
        pairs += [(chance.choice(names), chance.choice(VALUES)) for _ in range(chance.randint(1, 4))]
    return "&".join(f"{name}={quote(value)}" for name, value in pairs)


def test_no_question_breaks_the_service(api: Api) -> None:
    """Each of 2,000 is answered, as described, or refused with a 400 that names its parameters."""
    chance = random.Random(20180327)  # noqa: S311 - repeatable, not secret
    seen = set()
    for _ in range(2000):
        query_string = random_query_string(chance)
        result = api.request("GET", "/v1/search", query_string=query_string)
        seen.add(result.status_code)
        assert result.status_code in {200, 400}, query_string
        if result.status_code == 400:
            assert result.json["errors"], query_string
            assert all(error["param"] and error["detail"] for error in result.json["errors"])
        else:
            parsed = result.json["query"]["parsed"]
            assert "\u0000" not in parsed
    assert seen == {200, 400}
