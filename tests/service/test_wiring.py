"""What is put together: an extractor with its topics, an archive from a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.document import RawDocument
from index.errors import DataFileError, NoGeneration
from index.layout import DataFolder
from service.wiring import extractor_of, open_archive

if TYPE_CHECKING:
    from pathlib import Path

SMUGGLED = RawDocument(None, None, "api", "Smugglers carried rice over the river, a source told us.", "text/plain")


def topics_of(data: DataFolder) -> set[str]:
    """The topics of an article about smuggling."""
    return {found.value.id for found in extractor_of(data).understand(SMUGGLED, "a").topics}


def test_a_data_folders_own_topics_replace_those_of_dateline(tmp_path: Path) -> None:
    """Articles are told Dateline's topics, or those of the folder's `topics.toml`, and the fingerprint says which."""
    data = DataFolder(tmp_path)
    before = extractor_of(data).fingerprint
    assert "smuggling" in topics_of(data)
    topic = '[rivers]\nname = "Rivers"\nquery = "river"\nmatches = ["A river."]\nnot = ["A road."]\n'
    (tmp_path / "topics.toml").write_text(topic, encoding="utf-8")
    assert topics_of(data) == {"rivers"}
    assert extractor_of(data).fingerprint != before


def test_topics_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A fault in the folder's own file is an error that names the file."""
    (tmp_path / "topics.toml").write_text("[rivers\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"topics\.toml"):
        extractor_of(DataFolder(tmp_path))


def test_an_empty_folder_says_what_to_run(tmp_path: Path) -> None:
    """Opening where nothing was built is an error with the command that builds."""
    with pytest.raises(NoGeneration, match="dateline build"):
        open_archive(DataFolder(tmp_path))
