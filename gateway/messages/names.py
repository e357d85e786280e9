"""The names of the standard XML: namespaces, root elements, schema files, groups that repeat."""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "urn:cn:collective-declaration:1.0"
DECLARATION_NAMESPACE: Final = "http://www.chinaport.gov.cn/dec"
SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}Signature"

MESSAGE: Final = "Message"
MESSAGE_HEAD: Final = "MessageHead"
DECLARATION: Final = "DecMessage"
MESSAGE_ROOT: Final = f"{{{NAMESPACE}}}{MESSAGE}"
DECLARATION_ROOT: Final = f"{{{DECLARATION_NAMESPACE}}}{DECLARATION}"

# Where the entry of each set lies below the schemas folder. The strict set is what goes to customs; the
# command set is generated from it and asks only for what saving needs.
STRICT_SET: Final = "jb/1.0/message.xsd"
COMMAND_SET: Final = "jb-command/1.0/message.xsd"
DECLARATION_SET: Final = "dec/3.1/DecMessage.xsd"

# Reading goes by name and needs no schema, so the names of repeating groups stand here; a test compares
# them with the schemas. `Manifest` repeats inside an aggregation request.
REPEATED: Final = frozenset({"Item", "DisabledItem", "Change", "Fault", "Manifest", "Total"})
