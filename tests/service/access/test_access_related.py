"""Who sees part of an archive learns of no related article, and no version, outside of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.document import Label
from index.layout import DataFolder
from service.access.keys import Scope
from service.settings import Settings
from service.wiring import archives_of
from tests.service.access.conftest import SEEN, site
from tests.service.conftest import LogLines, found
from tests.service.made_up import made_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from falcon import testing

    from index.document import Document
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.access.conftest import Admission
    from tests.service.conftest import Api

BODY = (
    "Copper smelting furnaces were found behind the warehouse of the factory, and nobody could say who had built them "
    "or what had become of the workers who had been seen there every night of that long and very cold winter."
)
HIDDEN = ("hidden-version", "hidden-kin", "Secret Press", "Zinc")


@pytest.fixture(scope="module")
def kin_archives(
    documents: Sequence[Document], tmp_path_factory: pytest.TempPathFactory, publish_documents: Callable[..., Any]
) -> Iterator[Reloading[Archive]]:
    """Articles of which one has a version and a relative that another source published."""
    seen, secret = found(Label("daily-nk", "Daily NK")), found(Label("secret-press", "Secret Press"))
    shown = made_up("shown", "Furnaces found", BODY, source=seen)
    version = replace(shown, id="hidden-version", source=secret)
    kin = made_up(
        "hidden-kin", "Zinc furnaces", "Smelting zinc in furnaces behind a warehouse, not copper.", source=secret
    )
    data = DataFolder(tmp_path_factory.mktemp("kin"))
    publish_documents(data, (*documents, shown, version, kin))
    archives = archives_of(Settings(data=data.path), LogLines())
    yield archives
    archives.close()


PATHS = ("/v1/articles/shown/related", "/articles/shown")


def whispers(result: testing.Result) -> list[str]:
    """What an answer says of the hidden articles."""
    return [word for word in HIDDEN if word in result.text]


def test_to_whom_all_is_open_they_are_told(
    kin_archives: Reloading[Archive], api_of: Callable[..., Api], admission: Admission
) -> None:
    """Both routes do tell of both articles: so what follows proves something."""
    api = api_of(kin_archives, access=admission.access())
    for path in PATHS:
        assert {"hidden-version", "hidden-kin"} <= set(whispers(api.client.simulate_get(path)))


@pytest.mark.parametrize("by", ["site", "token"])
def test_nothing_outside_is_related(
    by: str, kin_archives: Reloading[Archive], api_of: Callable[..., Api], admission: Admission
) -> None:
    """Neither hits nor versions, though somebody who sees everything has asked before; links stay at the site."""
    admission.add(site(filters=(SEEN,)))
    whole = api_of(kin_archives, access=admission.access())
    for path in PATHS:
        whole.client.simulate_get(path)
    if by == "site":
        api, query, headers = whole, "site=newsroom", {}
    else:
        key = admission.key(Scope.READ)
        api = api_of(kin_archives, access=admission.access(is_public=False))
        query, headers = "", {"Authorization": f"Bearer {admission.token(key, SEEN)}"}
    for path in PATHS:
        result = api.client.simulate_get(path, query_string=query, headers=headers)
        assert result.status_code == 200
        assert whispers(result) == []
    hidden = api.client.simulate_get("/v1/articles/hidden-kin/related", query_string=query, headers=headers)
    assert hidden.status_code == 404
    answer = api.client.simulate_get("/v1/articles/report-2/related", query_string=query, headers=headers).json
    assert answer["hits"]
    if by == "site":
        assert all("site=newsroom" in link for hit in answer["hits"] for link in hit["links"].values())
