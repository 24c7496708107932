"""What docs/access.md tells people to copy does what it says."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from service.access.keys import Scope
from service.cli import COMMANDS
from tests.service.access.conftest import SEEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.access.conftest import Admission
    from tests.service.conftest import Api

PAGE = (Path(__file__).parents[3] / "docs" / "access.md").read_text(encoding="utf-8")


def recipe(language: str) -> str:
    """The code on the page in a language."""
    [code] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(code)


def opened_by(token: str, api: Api) -> int:
    """How many articles a token shows."""
    answer = api.get("/v1/search", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    total: int = answer.json["total"]
    return total


@pytest.fixture
def private(split_api: Callable[..., Api], admission: Admission) -> tuple[Api, str]:
    """A private archive at the time of the machine's clock, and a read key."""
    admission.clock.now = dt.datetime.now(dt.UTC)
    return split_api(is_public=False), admission.key(Scope.READ)


def test_the_python_recipe_makes_tokens(private: tuple[Api, str]) -> None:
    """As it stands on the page, with filters and without, letters of any script included."""
    api, key = private
    names: dict[str, Any] = {}
    exec(recipe("python"), names)  # noqa: S102 - it is our own page
    make = names["dateline_token"]
    assert opened_by(make(key), api) == 31
    assert 0 < opened_by(make(key, 60, [SEEN, "region:신의주"]), api) < 15


def test_the_php_recipe_makes_tokens(private: tuple[Api, str]) -> None:
    """As it stands on the page."""
    php = shutil.which("php")
    if php is None:
        pytest.skip("needs PHP")
    api, key = private
    program = f"{recipe('php')} echo dateline_token($argv[1], 60, ['{SEEN}', 'region:신의주']);"
    done = subprocess.run([php, "-r", program, key], capture_output=True, text=True, check=True)
    assert 0 < opened_by(done.stdout, api) < 15


def test_recipes_are_short() -> None:
    """Fifteen lines, so that nobody needs a library."""
    for language in ("python", "php"):
        assert len(recipe(language).strip().splitlines()) <= 15


def test_the_page_names_every_scope_and_only_commands_there_are() -> None:
    """The table of scopes is the code's, and what it tells to run exists."""
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(Scope)
    assert set(re.findall(r"^dateline (\w+)", PAGE, re.MULTILINE)) <= COMMANDS.keys()
