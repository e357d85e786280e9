"""What an approved application does to the document that it was made against."""

from __future__ import annotations

from dataclasses import replace

from customs_stub.amendment import amended
from customs_stub.checks.qualification_change import differing
from customs_stub.checks.volume_change import DISABLED
from customs_stub.facts import Filed, State
from customs_stub.submission import Kind
from customs_stub.xmltree import Record


def granted(application: Filed, parent: Filed) -> Filed:
    """Return the parent as it is from the approval on; a new last day stands with the application."""
    body = application.content
    match application.kind:
        case Kind.QUALIFICATION_CHANGE:
            parent = _with(parent, parent.content.values | differing(body, parent))
        case Kind.VOLUME_CHANGE:
            parent = _with(parent, parent.content.values, _items(body, parent.content))
        case Kind.MODIFICATION:
            parent = replace(parent, content=amended(parent.content, body.all("Change")))
        case Kind.WITHDRAWAL:
            parent = replace(parent, state=State.WITHDRAWN)
    return replace(parent, valid_until=application.valid_until or parent.valid_until)


def _with(parent: Filed, values: dict[str, str], items: list[Record] | None = None) -> Filed:
    groups = parent.content.groups if items is None else {"Item": items}
    return replace(parent, content=Record(values, groups))


def _items(change: Record, volume: Record) -> list[Record]:
    disabled = {item.get("GNo") for item in change.all("DisabledItem")}
    marked = [
        Record({**item.values, "Disabled": DISABLED}) if item.get("GNo") in disabled else item
        for item in volume.all("Item")
    ]
    return marked + change.all("Item")
