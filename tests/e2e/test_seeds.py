"""The main job on the real input: five plain reports become an archive that answers what its keeper asks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from click.testing import CliRunner
from falcon import testing

from index.gazetteer import load_gazetteer
from search.thesaurus import Lexicon
from service.app import create_app
from service.caching import CachePolicy
from service.cli import main
from service.serving import Serving
from service.settings import Settings
from service.wiring import archives_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[testing.TestClient]:
    """A client of an archive of the seeds, made by the commands a newcomer runs."""
    data = tmp_path_factory.mktemp("seeds") / "data"
    for command in (["ingest", str(SEEDS)], ["build"]):
        result = CliRunner().invoke(main, [*command, "--data", str(data)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    settings = Settings(data=data)
    log = structlog.get_logger()
    archives = archives_of(settings, log)
    serving = Serving(
        archives=archives,
        lexicon=Lexicon.of(load_gazetteer()),
        cache=CachePolicy.from_settings(settings),
        max_body_bytes=settings.max_body_bytes,
    )
    yield testing.TestClient(create_app(serving, log))
    archives.close()


def _search(client: testing.TestClient, query: str) -> Any:
    response = client.simulate_get("/v1/search", query_string=query)
    assert response.status_code == 200, response.text
    return response.json


def _found(answer: Any) -> set[str]:
    return {hit["id"][:3] for hit in answer["hits"]}


def _counts(values: list[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts |= {value["id"]: value["count"]} | _counts(value["children"])
    return counts


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("q=", {"000", "001", "002", "003", "004"}, id="everything"),
        pytest.param("q=smuggl*", {"002", "003", "004"}, id="prefix"),
        pytest.param("q=counterfeit", {"003"}, id="word"),
        pytest.param("q=%22solar+panels%22", {"000"}, id="phrase"),
        pytest.param("q=Chosun", {"004"}, id="a word of one article"),
        pytest.param("q=grasshopper", {"001"}, id="a word under a picture"),
        pytest.param("q=%22read+in+korean%22", set(), id="boilerplate is not text"),
        pytest.param("q=dailynkenglish", set(), id="mail addresses are not text"),
        pytest.param("q=crackdown&region=kp-north-pyongan", {"001", "002", "004"}, id="region"),
        pytest.param("region=%EC%8B%A0%EC%9D%98%EC%A3%BC", {"002", "004"}, id="region in hangul"),
        pytest.param("region=Rason&role=caption", {"001"}, id="a caption counts if asked for"),
        pytest.param("topic=covid-19", {"002", "004"}, id="topic"),
        pytest.param("source=Daily+NK&topic=electronics", {"000", "004"}, id="source and topic"),
        pytest.param("date_from=2020", {"000", "002", "004"}, id="dates"),
        pytest.param("date_from=2018-10&date_to=2019", {"001", "003"}, id="range of dates"),
        pytest.param("q=author:beaver", {"002"}, id="translator"),
    ],
)
def test_questions(client: testing.TestClient, query: str, found: set[str]) -> None:
    """Each question finds exactly the reports it should."""
    answer = _search(client, query)
    assert _found(answer) == found
    assert answer["total"] == len(found)


def test_regions_of_everything(client: testing.TestClient) -> None:
    """The region facet counts the places the reports are about, not those under their pictures."""
    facet = _search(client, "facet=region")["facets"]["region"]
    counts = _counts(facet["values"])
    assert {place: counts.get(place, 0) for place in counts if place.startswith("kp-")} == {
        "kp-north-pyongan": 3,
        "kp-sinuiju": 2,
        "kp-north-hamgyong": 1,
        "kp-chongjin": 1,
        "kp-south-pyongan": 1,
        "kp-ryanggang": 1,
    }
    assert counts["cn-dandong"] == 2
    assert counts["kp"] == 5
    assert facet["missing"] == 0


def test_a_chosen_region_leaves_the_others_in_view(client: testing.TestClient) -> None:
    """The region facet ignores the region filter and obeys the question."""
    facet = _search(client, "q=crackdown&region=kp-north-pyongan&facet=region")["facets"]["region"]
    counts = _counts(facet["values"])
    assert counts["kp-north-hamgyong"] == 1
    assert counts["kp-ryanggang"] == 1
    assert counts["kp-north-pyongan"] == 3


@pytest.mark.parametrize(
    ("seed", "months", "title_basis"),
    [
        pytest.param("000", ("2022-03", "2022-03"), "lead", id="000"),
        pytest.param("001", ("2018-10", "2018-10"), "text", id="001"),
        pytest.param("002", ("2020-03", "2020-03"), "lead", id="002"),
        pytest.param("003", ("2019-06", "2019-06"), "text", id="003"),
        pytest.param("004", ("2020-10", "2020-10"), "lead", id="004"),
    ],
)
def test_when_and_what(client: testing.TestClient, seed: str, months: tuple[str, str], title_basis: str) -> None:
    """Dates are inferred to the month and say so; a title that is only the lead says so."""
    (hit,) = (hit for hit in _search(client, "")["hits"] if hit["id"].startswith(seed))
    published = hit["published"]
    assert (published["start"][:7], published["end"][:7]) == months
    assert published["basis"] == "inferred"
    assert hit["title_basis"] == title_basis
    assert hit["source"] == "Daily NK"
    assert hit["language"] == "en"


def test_evidence_stands_in_the_text(client: testing.TestClient) -> None:
    """Every offset the service gives points at the quoted words of the text it serves."""
    for hit in _search(client, "")["hits"]:
        text = client.simulate_get(hit["links"]["self"]).json["text"]
        evidence = client.simulate_get(hit["links"]["evidence"]).json
        single = [evidence[name] for name in ("title", "published", "source", "language")]
        several = [evidence[name] for name in ("regions", "topics", "authors", "translators")]
        for value in [*single, *(value for values in several for value in values)]:
            assert value["evidence"]
            for reason in value["evidence"]:
                assert text[reason["start"] : reason["end"]] == reason["quote"]


def _is_part_of(shown: Any, answer: Any) -> bool:
    """Whether everything shown is in the answer: keys of objects, items of arrays in their order."""
    if isinstance(shown, dict):
        return isinstance(answer, dict) and all(key in answer and _is_part_of(shown[key], answer[key]) for key in shown)
    if isinstance(shown, list):
        rest = iter(answer)
        return all(any(_is_part_of(item, other) for other in rest) for item in shown)
    return bool(shown == answer)


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_documents_show_real_answers(client: testing.TestClient, page: str) -> None:
    """The answer in a document is the service's own to the question above it, only shortened."""
    text = (SEEDS.parent / page).read_text(encoding="utf-8")
    asked = re.search(r"curl 'http://127.0.0.1:8000/v1/search\?(.+?)'", text)
    shown = re.search(r"```json\n(.+?)```", text, re.DOTALL)
    assert asked
    assert shown
    assert _is_part_of(json.loads(shown[1]), _search(client, asked[1]))


def test_readme_shows_real_evidence(tmp_path: Path) -> None:
    """What README.md shows of the terminal is what the command prints, only shortened."""
    data = ["--data", str(tmp_path)]
    for command in (["ingest", str(SEEDS)], ["build"]):
        assert CliRunner().invoke(main, [*command, *data]).exit_code == 0
    readme = (SEEDS.parent / "README.md").read_text(encoding="utf-8")
    session = re.search(r"```console\n\$ .venv/bin/dateline (show \S+)\n(.+?)```", readme, re.DOTALL)
    assert session
    printed = CliRunner().invoke(main, [*session[1].split(), *data]).stdout
    for line in session[2].splitlines():
        assert re.search(".*".join(map(re.escape, line.split("…"))), printed), line
