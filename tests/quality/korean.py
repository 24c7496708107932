"""The Korean test set: articles, questions, and how well an archive of the one answers the other.

`load_questions` reads korean.toml, `published` makes an archive of its articles as `dateline ingest` and `build` do,
and `ask_all` puts every question as `/v1/search` does, all that is widened and corrected included. The `Answer`s are
scored by group: `mean_score` gives the means over questions, so that one with many articles counts as much as another.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Final

from index.archive.store import Store
from index.document import Declared, RawDocument
from index.generation.publish import create_data_folder
from index.layout import DataFolder
from service.asking import asked_from_params, corrected
from service.params import SearchParams
from service.wiring import extractor_of, lexicon_of, open_archive, publish_archive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from service.archive import Archive

SET_FILE: Final = Path(__file__).with_name("korean.toml")
ENGLISH: Final = "English"
"""What a question is `about` that is asked in English."""

MOST_FOUND: Final = 100


@dataclass(frozen=True, slots=True)
class Question:
    """A question, what makes it hard, the ids of the articles that answer it, and of those that count neither way."""

    text: str
    about: tuple[str, ...]
    finds: frozenset[str]
    doubtful: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The ids that a question found, but for doubtful ones."""

    question: Question
    found: frozenset[str]

    @property
    def recall(self) -> float:
        """The share of the articles that answer it that was found."""
        return len(self.found & self.question.finds) / len(self.question.finds)

    @property
    def precision(self) -> float:
        """The share of the articles found that answer it; 1 if none was found."""
        return len(self.found & self.question.finds) / len(self.found) if self.found else 1.0


def load_articles() -> tuple[RawDocument, ...]:
    """The articles of the set, as they would be ingested."""
    rows = tomllib.loads(SET_FILE.read_text(encoding="utf-8"))["article"]
    return tuple(
        RawDocument(row["id"], None, SET_FILE.name, row["body"], "text/plain", Declared(title=row["title"]))
        for row in rows
    )


def load_questions() -> tuple[Question, ...]:
    """The questions of the set."""
    rows = tomllib.loads(SET_FILE.read_text(encoding="utf-8"))["question"]
    return tuple(
        Question(
            row["text"], tuple(row["about"].split("; ")), frozenset(row["finds"]), frozenset(row.get("doubtful", ()))
        )
        for row in rows
    )


def published(folder: Path) -> Archive:
    """An archive of the articles, made in this folder. Close it."""
    data = DataFolder(folder)
    create_data_folder(data)
    extractor = extractor_of(data)
    with Store.open(data.archive) as store:
        raws = load_articles()
        store.put(((raw, extractor.understand(raw, raw.id)) for raw in raws if raw.id), rules=extractor.fingerprint)
        publish_archive(data, store, from_store=False, progress=lambda _: None)
    return open_archive(data)


def ask_all(folder: Path, archive: Archive, *, widened: bool = True) -> Iterator[Answer]:
    """Every question, with other names for what it says unless that is switched off."""
    lexicon = lexicon_of(DataFolder(folder))
    for question in load_questions():
        params = SearchParams(q=question.text, per_page=MOST_FOUND, variants=widened)
        asked = corrected(asked_from_params(params, lexicon), archive, lexicon)
        serials = [match.serial for match in archive.searcher.matches(asked.request).top]
        found = frozenset(document.id for document in archive.searcher.documents(serials))
        yield Answer(question, found - question.doubtful)


def mean_score(answers: Iterable[Answer]) -> dict[str, float]:
    """Precision and recall, the mean over questions."""
    known = tuple(answers)
    return {
        "precision": fmean(answer.precision for answer in known),
        "recall": fmean(answer.recall for answer in known),
    }


def grouped(answers: Iterable[Answer]) -> dict[str, tuple[Answer, ...]]:
    """The answers by what makes their questions hard; those in Korean all together first."""
    known = tuple(answers)
    korean = tuple(answer for answer in known if ENGLISH not in answer.question.about)
    kinds = dict.fromkeys(kind for answer in known for kind in answer.question.about)
    return {"Korean": korean} | {
        kind: tuple(answer for answer in known if kind in answer.question.about) for kind in kinds
    }


def score_table(answers: Iterable[Answer]) -> str:
    """Lines to read: a group each, then every error."""
    known = tuple(answers)
    lines = [f"{'questions about':40}{'number':>7}{'precision':>11}{'recall':>8}"]
    for kind, of_kind in grouped(known).items():
        mean = mean_score(of_kind)
        lines.append(f"{kind:40}{len(of_kind):7}{mean['precision']:11.3f}{mean['recall']:8.3f}")
    for answer in known:
        missed, wrong = answer.question.finds - answer.found, answer.found - answer.question.finds
        said = [*(f"-{article}" for article in sorted(missed)), *(f"+{article}" for article in sorted(wrong))]
        if said:
            lines.append(f"{answer.question.text}: {' '.join(said)}")
    return "\n".join(lines) + "\n"
