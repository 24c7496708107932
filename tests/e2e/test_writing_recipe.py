"""What docs/api.md shows of writing: the commands are sent as they stand, and the answers are as shown."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import structlog
from click.testing import CliRunner
from falcon import testing

from index.archive.store import Store
from index.gazetteer import load_gazetteer
from index.layout import DataFolder
from search.thesaurus import Lexicon
from service.access.access import Access
from service.access.keys import Scope, make_key
from service.access.register import Register, changing_register
from service.access.rules import Rules
from service.app import create_app
from service.caching import CachePolicy
from service.cli import main
from service.serving import Serving
from service.settings import Settings
from service.wiring import archives_of, publish_archive
from service.writing.intake import intake_from_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """An archive of the seeds, as the page has it."""
    for command in (["ingest", str(ROOT / "seeds")], ["build"]):
        assert CliRunner().invoke(main, [*command, "--data", str(tmp_path)]).exit_code == 0
    return DataFolder(tmp_path)


@pytest.fixture
def key(data: DataFolder) -> str:
    """A key to write and delete with."""
    text, kept = make_key(scopes=(Scope.WRITE, Scope.DELETE), now=dt.datetime.now(dt.UTC))
    with changing_register(data.path) as change:
        change.register = Register(keys=(kept,))
    return text


@pytest.fixture
def client(data: DataFolder, key: str) -> Iterator[testing.TestClient]:  # noqa: ARG001 - the key must be there
    """A client of the service over that archive."""
    settings = Settings(data=data.path, reload_check_ms=0)
    log = structlog.get_logger()
    archives, intake = archives_of(settings, log), intake_from_settings(settings, log)
    serving = Serving(
        archives=archives,
        lexicon=Lexicon.of(load_gazetteer()),
        cache=CachePolicy.from_settings(settings),
        max_body_bytes=settings.max_body_bytes,
        access=Access(Rules(data.path)),
        intake=intake,
    )
    yield testing.TestClient(create_app(serving, log))
    intake.close()
    archives.close()


def sent(client: testing.TestClient, command: list[str], key: str) -> testing.Result:
    """What a curl command sends."""
    headers, options = {}, iter(command[1:])
    method, path, body = "GET", "", None
    for word in options:
        match word:
            case "-X":
                method = next(options)
            case "-H":
                name, _, value = next(options).partition(": ")
                headers[name] = value.replace("$KEY", key)
            case "-d":
                body = next(options)
            case _:
                path = urlsplit(word).path
    return client.simulate_request(method, path, body=body, headers=headers)


def test_the_commands_answer_what_is_shown(client: testing.TestClient, key: str) -> None:
    """Each command of the section is answered by the JSON shown, to the letter."""
    (section,) = re.findall(r"\n## Writing\n(.+?)\n## ", (ROOT / "docs/api.md").read_text(encoding="utf-8"), re.DOTALL)
    (shell,) = re.findall(r"```sh\n(.+?)```", section, re.DOTALL)
    commands = [shlex.split(line) for line in shell.replace("\\\n", "").splitlines()]
    shown = [json.loads(block) for block in re.findall(r"```json\n(.+?)```", section, re.DOTALL)]
    assert [sent(client, command, key).json for command in commands] == shown


def test_what_is_sent_is_found_once_readyz_tells_its_change(
    client: testing.TestClient, key: str, data: DataFolder
) -> None:
    """Published, an article that was sent is found by what was understood of it; deleted and published, it is gone."""
    headers = {"Authorization": f"Bearer {key}"}

    def publish() -> int:
        with Store.open(data.archive) as store:
            publish_archive(data, store, from_store=False, progress=lambda _progress: None)
        change: int = client.simulate_get("/readyz").json["change"]
        return change

    def found() -> list[str]:
        hits: list[Any] = client.simulate_get("/v1/search", query_string="q=hailstorm&region=Sinuiju").json["hits"]
        return [hit["id"] for hit in hits]

    body = {"body": "A hailstorm broke windows in Sinuiju, a source in the city said."}
    put = client.simulate_put("/v1/articles/hail-1", json=body, headers=headers)
    assert found() == []
    assert publish() >= put.json["change"]
    assert found() == ["hail-1"]
    deleted = client.simulate_delete("/v1/articles/hail-1", headers=headers)
    assert publish() >= deleted.json["change"]
    assert found() == []
