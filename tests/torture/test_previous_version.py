"""Data folders made by older versions: they open, or it is said exactly what to run, and nothing in them is lost."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from click.testing import CliRunner

from index.archive.store import Store
from index.errors import GenerationVersion
from index.indexing.indexer import Indexer
from index.layout import DataFolder, current, index_format, read_generation
from service.cli import main
from service.wiring import extractor_of, index_maker

if TYPE_CHECKING:
    from tests.torture.conftest import Serve

OLDER: Final = sorted((Path(__file__).parent / "data").glob("archive-of-*.zip"))

TITLES: Final = {
    "salt": "Salt carts cross the bridge",
    "winter": "Hyesan prepares for winter",
    "korean": "장마당 쌀값",
}
"""What the archives of older versions say, by id; there is one more article, whose id was made for it."""


@pytest.fixture(params=OLDER, ids=[path.stem for path in OLDER])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> DataFolder:
    """A data folder that an older version made."""
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path)
    return DataFolder(tmp_path)


def test_the_store_of_an_older_version_opens_with_all_it_holds(older: DataFolder) -> None:
    """Every article is there, as received and as understood, and the change log is whole."""
    with Store.open(older.archive, must_exist=True) as store:
        assert store.problems() == ()
        documents = {document.id: document for _, document in store.documents()}
        assert len(documents) == len(TITLES) + 1
        for name, title in TITLES.items():
            found = store.find(name)
            assert found is not None
            assert found.raw.declared.title == found.document.title.value == title
        assert [change.number for change in store.changes()] == list(range(1, store.change + 1))


def test_an_index_of_another_format_is_refused_with_the_command_to_run(older: DataFolder, served: Serve) -> None:
    """An index of an older format is not opened; error, answer and `dateline check` name the command that helps."""
    if current_format(older) == index_format():
        pytest.skip("this version reads that format, and needs no command")
    with pytest.raises(GenerationVersion, match="dateline build"):
        current(older)
    answer = served(older).simulate_get("/v1/search", query_string="q=salt")
    assert answer.status_code == 503
    assert "dateline" in answer.json["detail"]
    checked = CliRunner().invoke(main, ["check", "--data", str(older.path)])
    assert checked.exit_code == 1
    assert "dateline build" in checked.output


def current_format(data: DataFolder) -> str:
    """The format of the current generation, which may be one that can't be read."""
    name = data.current.read_text().strip()
    try:
        return read_generation(data.generations / name).manifest.format
    except GenerationVersion as error:
        return error.found


def test_the_indexer_makes_an_older_index_anew_by_itself(older: DataFolder, served: Serve) -> None:
    """What is found afterwards is all that the store holds, the change that had not been published too."""
    with Indexer(older, index=index_maker(older), load_rules=lambda: extractor_of(older)) as indexer:
        indexer.step()
    client = served(older)
    assert client.simulate_get("/readyz").json["status"] == "ready"
    answer: dict[str, Any] = client.simulate_get("/v1/search", query_string="per_page=50").json
    assert answer["total"] == len(TITLES) + 1
    titles = {hit["id"]: hit["title"] for hit in answer["hits"]}
    assert {name: titles[name] for name in TITLES} == TITLES
    assert client.simulate_get("/v1/search", query_string="q=crossed").json["total"] == 1
