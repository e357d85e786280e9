"""What a test lets customs say beside its usual course: receipts of any content, signed by whom it likes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from customs_stub.courses import Step
from customs_stub.faults import Fault
from customs_stub.keys import Identity, load_identity, make_identity
from customs_stub.receipts import Result, build
from customs_stub.schedule import Slot
from customs_stub.submission import Submission
from customs_stub.xmltree import Record
from tests.services.installation import FILING, Installation


@dataclass(frozen=True)
class Said:
    """A receipt to be made.

    Attributes:
        code: The result code.
        technical: A technical receipt.
        message_type: What it says that it answers.
        answers: The id of the message that it answers, or none.
        number: The unified number that it names, or none.
        client_number: The client's number that it names, or none.
        customs_number: The number that customs gives, or none.
        text: The words beside the code.
        pointers: The fields that it objects to, in any notation.
        office: The office that it is from.
        digest: The digest of the message that it answers, or none.
    """

    code: str
    technical: bool = False
    message_type: str = "Manifest"
    answers: str = ""
    number: str = ""
    client_number: str = ""
    customs_number: str = ""
    text: str = "海关审批通过"
    pointers: tuple[str, ...] = ()
    office: str = "5301"
    digest: str = ""


def deliver(installation: Installation, name: str, said: Said, identity: Identity | None = None) -> None:
    """Put a signed receipt where customs puts its answers."""
    folder = installation.folder / "var/customs"
    own = identity or load_identity(folder / "customs.key", folder / "customs.pem")
    submission = Submission(
        message_id=said.answers,
        message_type=said.message_type,
        sender="GW4403180001",
        client_number=said.client_number,
        unified_number=said.number,
        office=said.office,
        enterprise="4403180001",
        body=Record(),
        digest=said.digest,
    )
    faults = tuple(Fault("G10", pointer) for pointer in said.pointers)
    step = Step(technical=said.technical, code=said.code, text=said.text, faults=faults)
    data = build(submission, Slot(step, FILING, 0.0), Result(said.customs_number), "5301", own)
    put(installation, name, data)


def put(installation: Installation, name: str, data: bytes) -> None:
    """Put any bytes where customs puts its answers."""
    draft = installation.folder / "receipts/customs" / f"{name}.tmp"
    draft.write_bytes(data)
    draft.rename(draft.with_name(name))


def stranger(folder: Path) -> Identity:
    """Return a key and certificate that nobody has pinned."""
    key, certificate = folder / "stranger.key", folder / "stranger.pem"
    make_identity(key, certificate)
    return load_identity(key, certificate)
