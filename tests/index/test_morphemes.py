"""Korean words taken apart by a dictionary: what is kept, where it stands, and that an index knows how it was made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Final

import pytest

from index import morphemes
from index.analysis import Korean, analyse_korean, analysis_version, terms, tokens
from index.errors import AnalyserMissing, GenerationVersion
from index.generation.publish import create_data_folder, publish, write_lock
from index.layout import DataFolder, Reflects, current, index_format, index_path
from index.morphemes import content_morphemes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Morpheme:
    form: str
    tag: str
    start: int
    len: int


WORDS: Final = {
    "신의주에서": (_Morpheme("신의주", "NNP", 0, 3), _Morpheme("에서", "JKB", 3, 2)),
    "판다": (_Morpheme("팔", "VV", 0, 1), _Morpheme("ᆫ다", "EF", 0, 2)),
    "상무가": (_Morpheme("상무", "NNG", 0, 2), _Morpheme("가", "JKS", 2, 1)),
    "여성들이": (_Morpheme("여성", "NNG", 0, 2), _Morpheme("들", "XSN", 2, 1), _Morpheme("이", "JKS", 3, 1)),
    "은": (_Morpheme("은", "JX", 0, 1),),
}


class _Dictionary:
    """Knows a few words, as kiwipiepy takes them apart."""

    def tokenize(self, run: str) -> tuple[_Morpheme, ...]:
        """The morphemes of a word."""
        return WORDS[run]


@pytest.fixture
def dictionary(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process takes Korean words apart by that dictionary."""
    monkeypatch.setattr(morphemes, "_loaded", _Dictionary)
    monkeypatch.setattr(morphemes, "version", lambda: "kiwi-1-2")
    content_morphemes.cache_clear()
    analyse_korean(Korean.MORPHEMES)
    yield
    analyse_korean(Korean.PAIRS)
    content_morphemes.cache_clear()


@pytest.mark.usefixtures("dictionary")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("신의주에서", ["신의주"], id="without a particle"),
        pytest.param("판다", ["팔다"], id="a verb as dictionaries have it"),
        pytest.param("여성들이", ["여성"], id="without the plural"),
        pytest.param("109상무가", ["109", "상무"], id="behind digits"),
        pytest.param("은", ["은"], id="what is nothing else stays"),
        pytest.param("新義州 rice", ["新義", "義州", "rice"], id="other scripts as ever"),
    ],
)
def test_terms(text: str, found: list[str]) -> None:
    """Terms are what says something, and tokens stand where that is in the text."""
    assert terms(text) == found
    assert [token.term for token in tokens(text)] == found


@pytest.mark.usefixtures("dictionary")
def test_tokens_stand_in_the_text() -> None:
    """Each token has the characters it was made from."""
    text = "Rice, 신의주에서 판다"
    assert [text[token.start : token.end] for token in tokens(text)] == ["Rice", "신의주", "판"]


@pytest.mark.usefixtures("dictionary")
def test_pairs_are_back_when_told() -> None:
    """What was analysed by one rule is not remembered under the other."""
    assert terms("신의주에서") == ["신의주"]
    analyse_korean(Korean.PAIRS)
    assert terms("신의주에서") == ["신의", "의주", "주에", "에서"]


def test_an_index_made_by_other_rules_is_refused(dictionary: None, tmp_path: Path) -> None:  # noqa: ARG001 - until told
    """An index says which rules it was made by; a process with others asks for a new build."""
    data = DataFolder(tmp_path)
    create_data_folder(data)

    def write(draft: Path) -> int:
        index_path(draft).mkdir()
        return 0

    with write_lock(data) as lock:
        publish(lock, write, lambda _draft: None, reflects=Reflects(archive="a", change=0, rules=""))
    assert "kiwi-1-2" in analysis_version()
    by_morphemes = index_format()
    assert current(data).manifest.format == by_morphemes
    analyse_korean(Korean.PAIRS)
    with pytest.raises(GenerationVersion, match="dateline build --from-store") as refused:
        current(data)
    assert (refused.value.found, refused.value.expected) == (by_morphemes, index_format())


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the error says what to install, and pairs stay."""
    monkeypatch.setattr(morphemes, "version_of", _missing)
    with pytest.raises(AnalyserMissing, match=r"pip install 'dateline\[korean\]'"):
        analyse_korean(Korean.MORPHEMES)
    assert terms("신의주") == ["신의", "의주"]


def _missing(package: str) -> str:
    raise PackageNotFoundError(package)
