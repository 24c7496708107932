"""The gazetteer: finding places by name and path, refusing impossible files, and the soundness of the file itself."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections import defaultdict
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from index.analysis import fold, slug
from index.document import Label
from index.errors import DataFileError
from index.gazetteer import Gazetteer, Place, load_gazetteer

GAZETTEER = load_gazetteer()
HANGUL = re.compile("[\uac00-\ud7a3·ㆍ ]+")

REUTERS_LABELS = (
    "usa uk west-germany ussr el-salvador south-korea north-korea east-germany czechoslovakia yugoslavia uae zaire "
    "yemen-arab-republic yemen-demo-republic trinidad-tobago us-virgin-islands ivory-coast burma kampuchea hong-kong "
    "taiwan antigua papua-new-guinea dominican-republic swaziland cayman-islands burkina-faso"
)


def read_file() -> dict[str, Any]:
    """The file as it stands."""
    return tomllib.loads(resources.files("index.extract").joinpath("data/places.toml").read_text(encoding="utf-8"))


FILE = read_file()


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        pytest.param("kp-sinuiju", ["kp-sinuiju"], id="its id"),
        pytest.param("Sinuiju", ["kp-sinuiju"], id="its name"),
        pytest.param("Sinŭiju", ["kp-sinuiju"], id="McCune-Reischauer"),
        pytest.param("SHINUIJU", ["kp-sinuiju"], id="a newspaper's spelling in capitals"),
        pytest.param("신의주", ["kp-sinuiju"], id="hangul"),
        pytest.param("新義州", ["kp-sinuiju"], id="hanja"),
        pytest.param("Hyesan-si", ["kp-hyesan"], id="a Korean word for city is no part of the name"),
        pytest.param("Ryanggang Province", ["kp-ryanggang"], id="nor is an English word for province"),
        pytest.param("Yanggang", ["kp-ryanggang"], id="with the initial-sound law"),
        pytest.param("양강도", ["kp-ryanggang"], id="with the initial-sound law, in hangul"),
        pytest.param("Hamgyeongbuk-do", ["kp-north-hamgyong"], id="Revised Romanisation"),
        pytest.param("N. Hamgyong", ["kp-north-hamgyong"], id="abbreviated"),
        pytest.param("함북", ["kp-north-hamgyong"], id="the short form in hangul"),
        pytest.param("Rajin-Sonbong", ["kp-rason"], id="a former name"),
        pytest.param("Nampho", ["kp-nampo"], id="North Korea's own romanisation"),
        pytest.param("Yalu", ["kp-amnok-river"], id="a river by its Chinese name"),
        pytest.param("Kangwon", ["kp-kangwon", "kr-gangwon"], id="a province on both sides of the border"),
        pytest.param("North Korea > Kangwon", ["kp-kangwon"], id="a path decides"),
        pytest.param("북한 > 강원도", ["kp-kangwon"], id="a path in hangul"),
        pytest.param("Congo", ["cd", "cg"], id="two states of one name"),
        pytest.param("Atlantis", [], id="no such place"),
        pytest.param("", [], id="nothing"),
        pytest.param(">", [], id="an empty path"),
        *[pytest.param(label, None, id=f"Reuters calls it {label}") for label in REUTERS_LABELS.split()],
    ],
)
def test_a_place_is_found_by_any_of_its_spellings(name: str, ids: list[str] | None) -> None:
    """A name in any script, case or romanisation finds its place, a shared name all of its places."""
    found = [place.id for place in GAZETTEER.find(name)]
    assert len(found) == 1 if ids is None else found == ids


def test_a_path_runs_from_the_widest_place_to_the_place_itself() -> None:
    """The path of Sinuiju is North Korea, North Pyongan, Sinuiju."""
    assert [label.name for label in GAZETTEER.path("kp-sinuiju")] == ["North Korea", "North Pyongan", "Sinuiju"]
    assert GAZETTEER.path("cn-dandong")[1] == Label("cn-liaoning", "Liaoning")


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        pytest.param([Place("a", "A", "city"), Place("a", "B", "city")], "used twice", id="an id used twice"),
        pytest.param([Place("a", "A", "city", parent="b")], "not listed", id="a parent that is missing"),
        pytest.param([Place("a", "A", "x", "b"), Place("b", "B", "x", "a")], "itself", id="places in a circle"),
    ],
)
def test_impossible_gazetteers_are_refused(places: list[Place], reason: str) -> None:
    """A gazetteer with a double id, a missing parent or a circle raises an error that says so."""
    with pytest.raises(DataFileError, match=reason):
        Gazetteer(places)


def test_north_korea_is_complete() -> None:
    """All provinces, special cities and cities of North Korea are there, each with hangul."""
    provinces = {place.name for place in GAZETTEER.places.values() if place.parent == "kp" and place.kind != "mountain"}
    assert provinces >= {
        "Pyongyang", "Nampo", "Rason", "Kaesong", "North Pyongan", "South Pyongan", "Jagang", "Ryanggang",
        "North Hamgyong", "South Hamgyong", "North Hwanghae", "South Hwanghae", "Kangwon",
    }  # fmt: skip
    cities = {place.name for place in GAZETTEER.places.values() if place.id.startswith("kp-") and place.kind == "city"}
    assert cities == {
        "Sinuiju", "Kusong", "Chongju", "Pyongsong", "Anju", "Kaechon", "Sunchon", "Tokchon", "Kanggye", "Manpo",
        "Huichon", "Hyesan", "Samjiyon", "Chongjin", "Hoeryong", "Kimchaek", "Hamhung", "Sinpo", "Tanchon", "Sariwon",
        "Songnim", "Haeju", "Wonsan", "Munchon",
    }  # fmt: skip
    for place in GAZETTEER.places.values():
        if place.id.startswith("kp-"):
            assert any(HANGUL.fullmatch(name) for name in place.names), place.id


def test_spellings_are_clean() -> None:
    """Every spelling is in Unicode NFC, without blanks around it, and written once only for its place."""
    for place in GAZETTEER.places.values():
        spellings = (place.name, *place.names)
        assert all(name == unicodedata.normalize("NFC", name).strip() for name in spellings), place.id
        assert len({fold(name) for name in spellings}) == len(spellings), place.id
        assert set(place.weak) <= set(spellings), place.id


def test_hangul_spellings_are_hangul() -> None:
    """A spelling with any hangul in it is made of whole syllables only: no stray jamo, no Latin letter among them."""
    for place in GAZETTEER.places.values():
        for name in place.names:
            if re.search("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]", name):
                assert HANGUL.fullmatch(name), (place.id, name)


def test_every_shared_spelling_is_listed_with_its_reason() -> None:
    """A spelling that several places claim stands in the table of shared names, and nothing else does."""
    claimed: dict[str, set[str]] = defaultdict(set)
    for place in GAZETTEER.places.values():
        for name in (place.name, *place.names):
            claimed[fold(name)].add(place.id)
    shared = {name: ids for name, ids in claimed.items() if len(ids) > 1}
    listed = {fold(name): set(row["places"]) for row in FILE["shared"] for name in row["names"]}
    assert shared == listed
    assert all(row["why"] for row in FILE["shared"])


def test_ids_are_hierarchical() -> None:
    """An id is a slug that starts with the code of the country its path starts with."""
    for place in GAZETTEER.places.values():
        assert slug(place.id) == place.id
        assert place.id.split("-")[0] == GAZETTEER.path(place.id)[0].id.split("-")[0], place.id


def test_rows_say_nothing_unknown() -> None:
    """Every row of the file uses known keys only, so that a misspelt key cannot hide a fact."""
    known = {"id", "name", "kind", "in", "names", "weak", "adjectives", "lat", "lon"}
    assert {key for row in FILE["place"] for key in row} == known
    assert all(-90 <= row.get("lat", 0) <= 90 and -180 <= row.get("lon", 0) <= 180 for row in FILE["place"])


TOWNS = Path(__file__).parents[3] / "shared" / "gazetteer" / "geonames_kp_cities500.json"
IS_VILLAGE = re.compile(r"-(?:ri|ni|li|tong|dong|ch.on|nodongjagu)$")
NOT_LISTED = {
    "Kangsŏn": "the old name of a part of Chollima District, known for its steelworks",
    "Paek'ak": "a village that GeoNames counts among the towns without telling its county",
}


def test_every_town_of_geonames_is_found() -> None:
    """Every North Korean town of at least 20,000 in GeoNames, villages and wards aside, is found by its main name."""
    if not TOWNS.exists():
        pytest.skip("needs ../shared/gazetteer beside the repository")
    towns = [row["name"] for row in json.loads(TOWNS.read_text(encoding="utf-8")) if row["population"] >= 20_000]
    listed = [name for name in towns if not IS_VILLAGE.search(name) and name not in NOT_LISTED]
    assert len(listed) >= 60
    assert [name for name in listed if not any(p.id.startswith("kp-") for p in GAZETTEER.find(name))] == []
