"""To which submission a receipt belongs; a receipt that contradicts what was sent belongs to none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.customs.receipts import Said
from gateway.errors import refuse


class Sent(Protocol):
    """What correlation needs to know of a submission."""

    @property
    def id(self) -> str:
        """The message id under which it was sent."""

    @property
    def number(self) -> str:
        """The unified number of its document."""

    @property
    def message_type(self) -> str:
        """The type of its message."""

    @property
    def client_number(self) -> str:
        """The client's own number."""

    @property
    def signed_digest(self) -> str | None:
        """SHA-256 of the message as it was signed, once it was."""


class Known(Protocol):
    """Where submissions are found, newest first."""

    def by_message_id(self, message_id: str) -> Sent | None:
        """Return the submission sent under the id."""

    def latest_of_number(self, number: str) -> Sent | None:
        """Return the document's newest submission."""

    def latest_of_client_number(self, message_type: str, client_number: str) -> Sequence[Sent]:
        """Return each partner's newest submission of that type under the client's number."""

    def latest_of_customs_number(self, customs_number: str) -> Sent | None:
        """Return the newest submission of the document that carries the customs number."""


def correlate(said: Said, known: Known) -> Sent | None:
    """Find the submission that a receipt answers, or None when nothing fits yet (CU-03).

    The reference to our message id decides; where it is absent, the unified number, then the
    customs number, then the client's number.

    Raises:
        RejectedError: `receipt.contradicts`: a number in the receipt, or the digest, is not that of the
            submission, or `receipt.ambiguous`: all that it names is a number that several clients use; an
            answer to one document can never move another.
    """
    sent = _find(said, known)
    if sent is None:
        return None
    for name, theirs, ours in (
        ("DocumentType", said.document_type, sent.message_type),
        ("SeqNo", said.number, sent.number),
        ("ClientSeqNo", said.client_number, sent.client_number),
        ("RefDigest", said.digest, sent.signed_digest or "-"),
    ):
        if theirs and theirs != ours:
            raise refuse("receipt.contradicts", f"Receipt/{name}", field=name, given=theirs, sent=ours)
    return sent


def _find(said: Said, known: Known) -> Sent | None:
    if said.refers_to:
        return known.by_message_id(said.refers_to)
    sent = known.latest_of_number(said.number) if said.number else None
    if sent is None and said.customs_number:
        sent = known.latest_of_customs_number(said.customs_number)
    if sent is None and said.client_number:
        return _only(said, known.latest_of_client_number(said.document_type, said.client_number))
    return sent


def _only(said: Said, found: Sequence[Sent]) -> Sent | None:
    if len(found) > 1:
        numbers = ", ".join(sorted(each.number for each in found))
        raise refuse("receipt.ambiguous", "Receipt/ClientSeqNo", given=said.client_number, numbers=numbers)
    return found[0] if found else None
