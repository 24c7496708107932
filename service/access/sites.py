"""Sites: pages of others that the search is embedded in, and what each of them gets.

A `Site` has a public id, which stands in the page's HTML for everybody to see: it is no secret and opens nothing. It
says which part of the archive that page shows, not who may read the rest. That is for keys.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from service.access.keys import Filters, Instant  # noqa: TC001 - msgspec reads the types of fields
from service.limiting.rates import Rate  # noqa: TC001 - msgspec reads the types of fields

ORIGIN: Final = r"https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:[0-9]{1,5})?"
"""An origin as browsers send it."""

ID: Final = r"^[a-z0-9][a-z0-9-]{0,63}\Z"

SiteId = Annotated[str, msgspec.Meta(pattern=ID)]
Origins = Annotated[tuple[Annotated[str, msgspec.Meta(pattern=rf"^{ORIGIN}\Z")], ...], msgspec.Meta(max_length=32)]


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a site may show.

    `origins` are those whose pages may read its answers; `facets` the fields it may have counted, None being all;
    `filters` hold for every article it gets; `rate` is how often its pages may ask, None being as often as anybody;
    `frame_ancestors` are the origins that may show `/embed` in a frame, those of `origins` if none are given.
    """

    id: SiteId
    origins: Origins
    facets: tuple[str, ...] | None = None
    filters: Filters = ()
    rate: Rate | None = None
    frame_ancestors: Origins = ()
    created: Instant

    @property
    def framed_by(self) -> tuple[str, ...]:
        """The origins that may show `/embed` in a frame."""
        return self.frame_ancestors or self.origins
