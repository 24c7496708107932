"""The served OpenAPI document against the service itself, by schemathesis: all of its checks, good requests and bad.

What is sent follows from the document: parameters and bodies as described, and others that are not; by who has a key
for everything, so that what writes is tried as well. What is checked: no error of ours; statuses, media types, headers
and bodies as described; what is described done, what is not refused; what is deleted gone. No check is turned off;
`described_hooks` names what JSON Schema has no words for, and what the tool takes for wrong though it is described.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.torture.described_hooks import BEYOND_SCHEMAS, is_beyond_schemas, is_blank, is_called_good
from tests.torture.flooding import tell
from tests.torture.serving import archive, articles, served

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from tests.torture.conftest import Rounds

ROOT = Path(__file__).parents[2]
SUMMARY = 1_500
"""How many characters the end of what the tool prints has."""


def dateline(*arguments: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "service", *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def followed(data: Path) -> Iterator[None]:
    """An archive whose changes are published as they are made."""
    indexer = subprocess.Popen(
        [sys.executable, "-m", "service", "index", "--follow", "--data", str(data)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    try:
        yield
    finally:
        indexer.terminate()
        indexer.wait()


@pytest.fixture
def hold_to_its_word(tmp_path: Path, rng: random.Random, rounds: Rounds) -> Iterator[Callable[[str], str]]:
    """Hold a service to its description, in the phases that are named: what came of it. Whatever is found fails."""
    data = archive(tmp_path, articles(100))
    dateline("searches", "add", "border-trade", "--data", str(data), "--q", "border trader")
    printed = dateline("keys", "create", "--data", str(data), "--scope", "admin")
    key = next(word for word in printed.split() if word.startswith("dl_"))
    with served(data, DATELINE_RATE="0", DATELINE_WORKERS="1") as service, followed(data):

        def hold(phases: str) -> str:
            done = subprocess.run(
                [
                    sys.executable, "-m", "schemathesis.cli", "run",
                    f"http://{service.host}:{service.port}/openapi.json", "--header", f"Authorization: Bearer {key}",
                    "--checks", "all", "--mode", "all", "--max-examples", str(rounds(3, 1_000)), "--phases", phases,
                    "--seed", str(rng.randrange(2**32)), "--no-color", "--warnings", "off",
                ],
                capture_output=True, text=True, check=False, cwd=tmp_path,
                env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.torture.described_hooks", "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        yield hold


def test_the_service_is_as_it_describes_itself(hold_to_its_word: Callable[[str], str], rounds: Rounds) -> None:
    """Whatever the document allows is answered as it says, and whatever it does not allow is refused."""
    tell(hold_to_its_word("examples,coverage,fuzzing" if rounds(0, 1) else "examples,fuzzing")[-SUMMARY:])


def test_it_is_so_amid_scenarios(hold_to_its_word: Callable[[str], str], rounds: Rounds) -> None:
    """And where one request follows from the answer to another: the tool ends early, so it is begun again and again."""
    done = 0
    while done < rounds(1, 1_000):
        told = re.search(r"Scenarios:\s+([1-9]\d*)", hold_to_its_word("stateful"))
        assert told, "no scenario was tried"
        done += int(told[1])
    tell(f"{done} scenarios")


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(("q", "must not hold control characters or lone surrogates: U+0000"), id="a pattern"),
        pytest.param(("per_page", "is 51; at most 50 is allowed"), id="a maximum"),
        pytest.param(("date_from", "'2018-13' is not a date: month must be in 1..12"), id="a format"),
        pytest.param(("colour", "is not a parameter"), id="another name"),
        pytest.param(("line 3", "url is not a web address (http or https): 'x'"), id="a pattern of an article's field"),
    ],
)
def test_what_a_schema_can_say_is_never_excused(reason: tuple[str, str]) -> None:
    """What is dropped is what JSON Schema cannot express, and nothing that it can."""
    assert BEYOND_SCHEMAS
    assert not is_beyond_schemas(reason)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [("facet=&op=", True), ("facet=%20&op=", True), ("facet=x&op=", False), ("op=", False), ("facet=&op=%00", False)],
)
def test_only_what_is_blank_is_taken_for_blank(query: str, wanted: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """All parameters that are said to be wrong must be there, and blank; of a body nothing is excused."""
    said = "Invalid component: parameters `facet`, `op` in query\n  - violates `type`"
    assert is_blank(said, f"http://localhost/v1/feed.json?{query}") == wanted
    assert not is_blank("Invalid component: in body - violates `enum`", f"http://localhost/?{query}")


def test_only_what_has_nothing_wrong_is_called_good() -> None:
    """One part that is named is one part too many."""
    assert is_called_good("Invalid data should have been rejected\nInvalid component: positive test case")
    assert not is_called_good("Invalid component: parameter `q` in query - violates `type`")
    assert not is_called_good("Invalid component:\n  - in body - violates `type`")
