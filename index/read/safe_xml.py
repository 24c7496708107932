"""XML that may be hostile, as events, in bounded memory and time.

`parse` feeds a stream to a SAX handler piece by piece: decoded by `index.read.encoding`'s rules, by defusedxml, which
expands no entities of the file's own and fetches nothing. On top of that depth, and the length of any one tag or
comment, are limited. What is wrong is a `Refused`, `NotWellFormed` if it is but damage. Handlers derive from
`TextHandler`.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, BinaryIO, Final
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from index.read.encoding import codec_of, find_declared
from index.read.reading import Refused
from index.read.text import UTF8_MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from xml.sax.xmlreader import AttributesNSImpl, Locator

MAX_DEPTH: Final = 200
MAX_TAG_CHARACTERS: Final = 4 * 1024 * 1024
"""Of a tag or a comment. The time to find its end grows with the square of its length."""

_PIECE_BYTES: Final = 64 * 1024
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f]")
"""XML allows none of these, and WordPress exports hold them all the same. A NUL is left to be refused."""

_BLANK = re.compile(r"[^\S ]")


class NotWellFormed(Refused):
    """The XML is damaged, but not hostile as far as it could be read."""


class TextHandler(ContentHandler):
    """Hears of elements by (namespace, name) and of their text; keeps to the limits."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.is_heard = False
        self._locator: Locator | None = None

    @property
    def line(self) -> int:
        """The line that is being read."""
        return (self._locator.getLineNumber() or 1) if self._locator else 1

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802 - SAX
        """Take what tells the line."""
        self._locator = locator

    def startElementNS(  # noqa: N802 - SAX
        self, name: tuple[str | None, str], qname: str | None, attrs: AttributesNSImpl
    ) -> None:
        """Begin an element."""
        del qname, attrs
        self.is_heard = True
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused(f"nests its tags more than {MAX_DEPTH} deep")
        self.begin(*name)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802 - SAX
        """End an element."""
        del qname
        self.is_heard = True
        self.end(*name)
        self.depth -= 1

    def characters(self, content: str) -> None:
        """Take a piece of text."""
        self.is_heard = True
        self.write(content)

    def begin(self, namespace: str | None, name: str) -> None:
        """An element begins, `depth` levels deep. To be overridden."""

    def end(self, namespace: str | None, name: str) -> None:
        """An element ends. To be overridden."""

    def write(self, text: str) -> None:
        """A piece of an element's text. To be overridden."""


class _Parser(DefusedExpatParser):
    """Has namespaces without blanks: Python takes any blank for the space that parts them from names, and trips."""

    def start_element_ns(self, name: str, attrs: Mapping[str, str]) -> None:
        """Begin an element."""
        super().start_element_ns(_BLANK.sub("_", name), attrs)

    def end_element_ns(self, name: str) -> None:
        """End an element."""
        super().end_element_ns(_BLANK.sub("_", name))


def parse(file: BinaryIO, handler: TextHandler) -> Iterator[None]:
    """Parse a file, with a pause after each piece of it for whatever the handler has gathered. Raises `Refused`."""
    parser = _Parser()
    parser.forbid_external = False  # an external DTD is passed over unread; entities are refused wherever they are from
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(handler)
    handler.setDocumentLocator(parser)
    unheard = 0
    try:
        for text in _decoded(file):
            handler.is_heard = False
            parser.feed(text)
            yield
            unheard = 0 if handler.is_heard else unheard + len(text)
            if unheard > MAX_TAG_CHARACTERS:
                raise Refused(f"holds a tag or a comment of more than {MAX_TAG_CHARACTERS // 1024**2} MiB")
        parser.close()
    except DefusedXmlException as error:
        raise Refused(
            "defines entities of its own, which may be an attack; replace them by what they stand for"
        ) from error
    except SAXParseException as error:
        raise NotWellFormed(f"is not well-formed XML (line {error.getLineNumber()}): {error.getMessage()}") from error
    except SAXException as error:
        raise Refused(f"cannot be read as XML: {error.getMessage()}") from error


def _decoded(file: BinaryIO) -> Iterator[str]:
    """A file's text, piece by piece, without control characters."""
    data = file.read(_PIECE_BYTES).removeprefix(UTF8_MARK)
    declared = find_declared(data[:200])
    decoder: codecs.IncrementalDecoder | None = None
    while True:
        if decoder is None and not data.isascii():
            decoder = codecs.getincrementaldecoder(codec_of(data, declared, is_all=False))()
        try:
            text = decoder.decode(data, final=not data) if decoder else data.decode("ascii")
        except UnicodeDecodeError as error:
            raise Refused("is not in one encoding throughout; save it as UTF-8") from error
        if text:
            yield _CONTROL.sub("", text)
        if not data:
            return
        data = file.read(_PIECE_BYTES)
