"""The standard XML: its names, schemas and fields, building, reading, checking and explaining.

catalogue = Catalogue.load(Path("schemas/xsd"))
root = build(catalogue, head, body)
violations = catalogue.check(root)
data = serialize(root)
head, body = read(parse(data))
"""

from gateway.messages.builder import Head, build, build_declaration, serialize
from gateway.messages.catalogue import Catalogue
from gateway.messages.dxp import Envelope, Response, open_parcel, wrap
from gateway.messages.message_id import new_message_id
from gateway.messages.names import DECLARATION
from gateway.messages.reader import read

__all__ = [
    "DECLARATION",
    "Catalogue",
    "Envelope",
    "Head",
    "Response",
    "build",
    "build_declaration",
    "new_message_id",
    "open_parcel",
    "read",
    "serialize",
    "wrap",
]
