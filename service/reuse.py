"""The routes of what is made to be taken elsewhere: suggestions, feeds, exports, other people's search interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service import feeds, opensearch_description, suggesting
from service.exporting import PATH as EXPORT
from service.exporting import ExportResource
from service.feeds import FeedResource
from service.instantsearch.resource import PATH as INSTANTSEARCH
from service.instantsearch.resource import InstantSearchResource
from service.opensearch_description import DescriptionResource
from service.pages.addresses import question_address
from service.suggesting import BrowserSuggestResource, Suggesting, SuggestResource

if TYPE_CHECKING:
    from service.params import SearchParams
    from service.serving import Serving


def reuse_links(params: SearchParams) -> dict[str, str]:
    """A question in each of the forms that it can be taken elsewhere in, as a search's answer links to them."""
    return {
        "atom": question_address(feeds.ATOM_PATH, params),
        "jsonfeed": question_address(feeds.JSON_PATH, params),
        "csv": question_address(EXPORT, params, format="csv"),
    }


def reuse_routes(serving: Serving) -> dict[str, object]:
    """Each route: its template and what answers it."""
    made = Suggesting(serving.lexicon, serving.names)
    return {
        suggesting.PATH: SuggestResource(serving, made),
        suggesting.BROWSERS_PATH: BrowserSuggestResource(serving, made),
        feeds.ATOM_PATH: FeedResource(serving, feeds.ATOM_PATH, feeds.ATOM_FORM),
        feeds.JSON_PATH: FeedResource(serving, feeds.JSON_PATH, feeds.JSON_FORM),
        EXPORT: ExportResource(serving),
        INSTANTSEARCH: InstantSearchResource(serving),
        opensearch_description.PATH: DescriptionResource(serving),
    }
