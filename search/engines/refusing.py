"""What every engine refuses in the same way, before it looks at its index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.fields import KEYWORD_FIELDS, TEXT_FIELDS
from search.engine import ValueFacet
from search.errors import UnsupportedQuery

if TYPE_CHECKING:
    from search.engine import SearchRequest


def refuse_unknown_fields(engine: str, request: SearchRequest) -> None:
    """See that filters and facets are on keyword fields and the ranking on text fields. Raises `UnsupportedQuery`."""
    for wanted in request.filters:
        if wanted.field not in KEYWORD_FIELDS:
            raise UnsupportedQuery(engine, f"a filter on {wanted.field}, which is not a keyword field")
    for facet in request.facets:
        if isinstance(facet, ValueFacet) and facet.field not in KEYWORD_FIELDS:
            raise UnsupportedQuery(engine, f"a facet of {facet.field}, which is not a keyword field")
    for field, _ in request.ranking.weights:
        if field not in TEXT_FIELDS:
            raise UnsupportedQuery(engine, f"a ranking by {field}, which is not a text field")
