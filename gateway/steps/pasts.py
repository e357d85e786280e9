"""What documents have been: each version with its content and its cause, read once for many questions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.documents import Document
from gateway.fields import Fields
from gateway.steps.kept import to_document
from gateway.store import DocumentRow, HistoryRow, Unit


@dataclass(frozen=True, slots=True)
class Past:
    """What one document has been.

    Attributes:
        row: The document as it is now.
        history: Its changes by version.
        contents: Its contents by the version that brought each.
    """

    row: DocumentRow
    history: dict[int, HistoryRow]
    contents: dict[int, Fields]

    @property
    def newest(self) -> int:
        """The newest version."""
        return max(self.history, default=1)

    def content(self, version: int) -> Fields:
        """Return the content as of a version; empty before the first."""
        known = max((each for each in self.contents if each <= version), default=0)
        return self.contents.get(known, {})

    def sent_at(self, moment: datetime) -> int:
        """Return the version from which a message to customs was made at a moment."""
        same = [change.version for change in self.history.values() if change.at == moment]
        return max(same or [change.version for change in self.history.values() if change.at <= moment] or [1])

    def before(self, change: HistoryRow) -> int:
        """Return the version that it had before a change of another document."""
        return max((each.version for each in self.history.values() if each.id < change.id), default=1)

    def caused_by(self, change: HistoryRow) -> int | None:
        """Return the version that has the same cause as a change of another document."""
        cause = change.cause_kind, change.cause_id
        found = (each.version for each in self.history.values() if (each.cause_kind, each.cause_id) == cause)
        return next(found, None)

    def as_of(self, version: int) -> Document:
        """Return the document with the content of a version."""
        return replace(to_document(self.row), content=self.content(version))


@dataclass
class Pasts:
    """The pasts of documents, as they stand in one transaction."""

    unit: Unit
    _known: dict[str, Past] = field(default_factory=dict)

    def of(self, number: str) -> Past:
        """Return the past of a document that is there."""
        if number not in self._known:
            row = self.unit.documents.get(number)
            assert row is not None, f"{number} is not there"
            history = {each.version: each for each in self.unit.documents.history(number)}
            contents = {each.version: each.content for each in self.unit.documents.versions(number)}
            self._known[number] = Past(row, history, contents)
        return self._known[number]
