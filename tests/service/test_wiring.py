"""What is put together: an extractor with its topics, an archive from a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from index.document import RawDocument
from index.errors import DataFileError, NoGeneration
from index.layout import DataFolder
from service.settings import Settings
from service.wiring import extractor_of, lexicon_for_good, open_archive, prepare_rules

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


_DIGEST = "import sys; from service.wiring import *; print(lexicon_for_good(DataFolder(Path(sys.argv[1]))).digest)"


def test_a_lexicons_digest_is_of_what_its_files_say(tmp_path: Path) -> None:
    """Whoever reads the same synonyms has the same digest, in whatever process; other synonyms have another."""
    synonyms = tmp_path / "synonyms.toml"
    digests = []
    for said in (
        None,
        'words = ["zloty", "rice"]',
        'words = ["zloty", "maize"]',
        'words = ["zloty"]\nalso = ["maize"]',
    ):
        if said:
            synonyms.write_text(f"[[synonym]]\n{said}\n", encoding="utf-8")
        lexicon_for_good.cache_clear()
        digests.append(lexicon_for_good(DataFolder(tmp_path)).digest)
    lexicon_for_good.cache_clear()
    assert len(set(digests)) == len(digests)
    synonyms.write_text(f"# The same.\n\n{synonyms.read_text(encoding='utf-8')}", encoding="utf-8")
    command = [sys.executable, "-c", f"from pathlib import Path; {_DIGEST}", str(tmp_path)]
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == digests[-1]


@pytest.mark.parametrize(("korean", "is_kept"), [("pairs", True), ("morphemes", False)])
def test_rules_are_read_before_a_fork_where_they_survive_it(tmp_path: Path, korean: str, is_kept: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """What an analyser of Korean words makes of names is made in each worker; a fault is told in either case."""
    lexicon_for_good.cache_clear()
    settings = Settings(data=tmp_path, korean=korean)
    prepare_rules(settings)
    assert lexicon_for_good.cache_info().currsize == is_kept
    lexicon_for_good.cache_clear()
    (tmp_path / "synonyms.toml").write_text("[[synonym]\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"synonyms\.toml"):
        prepare_rules(settings)
