"""What absolute addresses begin with, for what leaves the service: feeds, descriptions that a browser keeps.

Links within answers begin with `/` and need none of this.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from service.problems import InvalidParameters, ParamProblem

if TYPE_CHECKING:
    import falcon

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def base_address(req: falcon.Request, public_url: str) -> str:
    """`public_url` if there is one, else the scheme and host this was asked at. Links that begin with `/` follow it.

    Nothing that a proxy says of the address is believed: behind one, DATELINE_PUBLIC_URL says it. Raises
    `InvalidParameters` for a Host header that could not be one.
    """
    if public_url:
        return public_url
    if not _HOST.fullmatch(req.netloc):
        raise InvalidParameters((ParamProblem("Host", "must be a name or an address, perhaps with a port"),))
    return f"{req.scheme}://{req.netloc}"
