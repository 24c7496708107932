"""Keys, sites and tokens for an archive of which a part must not be seen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from index.document import Basis, Label, Precision, PublishedOn, Region, Role
from index.layout import DataFolder
from service.access.access import Access
from service.access.keys import Scope, make_key
from service.access.register import Register
from service.access.rules import Rules
from service.access.sites import Site
from service.access.tokens import make_token
from service.saved.file import KeptSearches, Searches
from service.saved.searches import SavedSearch
from service.settings import Settings
from service.wiring import archives_of
from tests.service.conftest import LogLines, found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.document import Document
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)

HIDDEN = ("xylophone", "Secret Press", "Zeppelins", "Zzyzx", "Tibet", "1950-06", "German")
"""What nobody may learn who sees only what Daily NK reported: each is said of one article of another source."""

SEEN = "source:daily-nk"


SAVED = SavedSearch(id="saved", name="Lessons", typed="xylo*", query="xylo*", options={}, created=NOW)


class FixedSearches(KeptSearches):
    """Saved searches that are what they are said to be."""

    def __init__(self, *searches: SavedSearch) -> None:
        super().__init__()
        self.said = Searches(searches=searches)

    @property
    def current(self) -> Searches:
        """What was said."""
        return self.said


class FixedRules(Rules):
    """Rules that are what they are said to be."""

    def __init__(self, register: Register) -> None:
        super().__init__(None)
        self.said = register

    @property
    def register(self) -> Register:
        """What was said."""
        return self.said


@dataclass(slots=True)
class Clock:
    """A clock that stands until it is moved."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        """The time."""
        return self.now


def site(name: str = "newsroom", **options: Any) -> Site:
    """A site with one origin, unless said otherwise."""
    return Site(**{"id": name, "origins": ("https://news.example",), "created": NOW, **options})


@dataclass(slots=True)
class Admission:
    """Access that a test decides on: its register, and the texts of its keys."""

    rules: FixedRules = field(default_factory=lambda: FixedRules(Register()))
    clock: Clock = field(default_factory=Clock)

    def key(self, *scopes: Scope, **options: Any) -> str:
        """Add a key, and give its text."""
        text, key = make_key(scopes=scopes, now=NOW, **options)
        self.rules.said = Register(keys=(*self.rules.said.keys, key), sites=self.rules.said.sites)
        return text

    def add(self, *sites: Site) -> None:
        """Add sites."""
        self.rules.said = Register(keys=self.rules.said.keys, sites=(*self.rules.said.sites, *sites))

    def revoke(self, text: str) -> None:
        """Remove a key."""
        kept = tuple(key for key in self.rules.said.keys if not key.is_of(text))
        self.rules.said = Register(keys=kept, sites=self.rules.said.sites)

    def token(self, key: str, *filters: str, hours: float = 1) -> str:
        """A token made from a key's text."""
        return make_token(key, expires=self.clock.now + dt.timedelta(hours=hours), filters=filters)

    def access(self, **options: Any) -> Access:
        """What decides by it."""
        return Access(self.rules, now=self.clock, **options)


@pytest.fixture
def admission() -> Admission:
    """No key and no site yet."""
    return Admission()


@pytest.fixture(scope="session")
def split_documents(documents: tuple[Document, ...]) -> tuple[Document, ...]:
    """The archive's articles, and one of a source of its own with values of its own, which nothing else has."""
    tibet = Region((Label("cn", "China"), Label("cn-tibet", "Tibet")), Role.EVENT)
    secret = replace(
        documents[1],
        id="report-hidden",
        title=found("Xylophone lessons end"),
        text="The xylophone was sold.",
        blocks=(replace(documents[1].blocks[1], start=0, end=len("The xylophone was sold.")),),
        url="https://example.org/xylophone",
        published=found(PublishedOn(dt.date(1950, 6, 25), dt.date(1950, 6, 25), Precision.DAY, Basis.DECLARED)),
        regions=(found(tibet),),
        source=found(Label("secret-press", "Secret Press")),
        topics=(found(Label("zeppelins", "Zeppelins")),),
        authors=(found("Zzyzx"),),
        language=found("de"),
    )
    return (*documents, secret)


@pytest.fixture(scope="session")
def split_archives(
    split_documents: Sequence[Document], tmp_path_factory: pytest.TempPathFactory, publish_documents: Callable[..., Any]
) -> Iterator[Reloading[Archive]]:
    """These articles, published."""
    data = DataFolder(tmp_path_factory.mktemp("split"))
    publish_documents(data, split_documents)
    archives = archives_of(Settings(data=data.path), LogLines())
    yield archives
    archives.close()


@pytest.fixture
def split_api(
    split_archives: Reloading[Archive], api_of: Callable[..., Api], admission: Admission
) -> Callable[..., Api]:
    """Make the API of that archive, with the test's own access."""

    def make(*, is_public: bool = True, access: dict[str, Any] | None = None, **options: Any) -> Api:
        decided = admission.access(is_public=is_public, **(access or {}))
        return api_of(split_archives, access=decided, **{"searches": FixedSearches(SAVED), **options})

    return make
