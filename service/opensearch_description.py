"""`/opensearch.xml`: how a browser adds the archive to its searches (OpenSearch 1.1), suggestions included."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from lxml import etree

from service.asking import read_site
from service.base_address import base_address
from service.feeds import ATOM_MEDIA_TYPE, ATOM_PATH
from service.params import arguments_from_query_string
from service.suggesting import BROWSERS_MEDIA_TYPE, BROWSERS_PATH

if TYPE_CHECKING:
    import falcon

    from service.serving import Serving

PATH: Final = "/opensearch.xml"
MEDIA_TYPE: Final = "application/opensearchdescription+xml"
NAMESPACE: Final = "http://a9.com/-/spec/opensearch/1.1/"
LONGEST_SHORT_NAME: Final = 16
LONGEST_LONG_NAME: Final = 48
"""Characters that the specification allows."""


class DescriptionResource:
    """The description, with the addresses of this service."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with it."""
        site = read_site(arguments_from_query_string(req.query_string))
        body = description(self._serving.name, base_address(req, self._serving.public_url), site)
        if not self._serving.cache.answers_unchanged(req, resp, hashlib.sha256(body).hexdigest()[:32]):
            resp.data = body
            resp.content_type = f"{MEDIA_TYPE}; charset=utf-8"

    on_head = on_get


def description(name: str, base: str, site: str = "") -> bytes:
    """The description of an archive of this name whose addresses begin so, as a site's readers search it."""
    terms = f"?site={site}&q={{searchTerms}}" if site else "?q={searchTerms}"
    spaces = {None: NAMESPACE}
    root = etree.Element(f"{{{NAMESPACE}}}OpenSearchDescription", nsmap=spaces)  # type: ignore[arg-type] # stubs lack None
    for element, text in (
        ("ShortName", _within(LONGEST_SHORT_NAME, name)),
        ("LongName", _within(LONGEST_LONG_NAME, name)),
        ("Description", f"Search the news archive {name}: words, places, topics, dates."),
        ("InputEncoding", "UTF-8"),
        ("OutputEncoding", "UTF-8"),
        ("Language", "*"),
    ):
        etree.SubElement(root, f"{{{NAMESPACE}}}{element}").text = text
    for media_type, path, relation in (
        ("text/html", f"/{terms}", "results"),
        (ATOM_MEDIA_TYPE, ATOM_PATH + terms, "results"),
        (BROWSERS_MEDIA_TYPE, BROWSERS_PATH + terms, "suggestions"),
        (MEDIA_TYPE, f"{PATH}?site={site}" if site else PATH, "self"),
    ):
        address = {"type": media_type, "method": "get", "rel": relation, "template": base + path}
        etree.SubElement(root, f"{{{NAMESPACE}}}Url", address)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _within(longest: int, name: str) -> str:
    """A name of at most so many characters, cut behind a word where that is possible."""
    if len(name) <= longest:
        return name
    return (name[: longest + 1].rpartition(" ")[0] or name)[:longest]
