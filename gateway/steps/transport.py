"""What stands between us and customs on a route: its envelopes, and the unsigned words of those who carry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.config import ImportClientPlace
from gateway.errors import RejectedError
from gateway.messages import Envelope, Response, open_parcel, wrap
from gateway.steps.records import World
from gateway.store import ReceiptContent, ReceiptRow, SubmissionRow, Unit
from gateway.xmlio import parse

REFUSED: Final = "transport.refused"
_TABLE: Final = "dxp_response"
# The import client tells by the name of a file what it could send and what not.
_CLIENT_WORD: Final = re.compile(r"(Successed|Failed)_(.+)_\d{8,17}\.xml", re.IGNORECASE | re.DOTALL)
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Word:
    """What a carrier says of one message; it is unsigned, so that it is told and never believed (CU-02).

    Attributes:
        carrier: `DxpRep`, or what the import client calls its file.
        message_id: The message that it names, or empty.
        code: The carrier's code.
        text: The carrier's own words.
        passed: Whether it says that the message was passed on.
    """

    carrier: str
    message_id: str
    code: str
    text: str
    passed: bool


def enclosed(world: World, row: SubmissionRow, file_name: str, data: bytes) -> bytes:
    """Return what leaves for a submission: its signed bytes, in an envelope where its route has one (CU-06).

    The envelope says nothing that is not in the row, so that it is the same at every attempt (CU-05).
    """
    route = world.route(row.route)
    if route is None or route.dxp is None:
        return data
    keys = {"SeqNo": row.number, "ClientSeqNo": row.client_number}
    envelope = Envelope(
        message_id=row.id,
        sender_id=route.dxp.sender_id,
        receiver_ids=route.dxp.receiver_ids,
        created_at=row.created_at,
        message_type=row.message_type,
        file_name=file_name,
        keys={name: value for name, value in keys.items() if value},
    )
    return wrap(envelope, data)


def opened(world: World, receipt: ReceiptRow, data: bytes) -> bytes | tuple[Word, ...]:
    """Return the message in what came over a route, to be verified, or what the carrier itself says.

    Raises:
        RejectedError: An envelope that cannot be opened.
    """
    route = world.route(receipt.channel)
    by_client = route is not None and isinstance(route.receipts, ImportClientPlace)
    if by_client and (found := _CLIENT_WORD.fullmatch(receipt.name)):
        return (_client_word(found[1].capitalize(), found[2], data),)
    content = open_parcel(data)
    return content if isinstance(content, bytes) else tuple(_platform_word(each) for each in content)


def note(world: World, unit: Unit, receipt: ReceiptRow, words: Sequence[Word]) -> Iterator[ReceiptContent]:
    """Tell what carriers say: a refusal opens one alert, which the message's being passed on closes.

    Yields:
        What is kept and logged of each word.
    """
    for word in words:
        sent = unit.submissions.by_message_id(word.message_id)
        # Over another route nobody can know what became of it.
        own = sent if sent is not None and sent.route == receipt.channel else None
        meaning = _meaning(world, unit, word)
        subject = word.message_id or receipt.name
        if word.passed:
            unit.alerts.close(REFUSED, subject)
        else:
            values = {"route": receipt.channel, "number": own.number if own else "-", "code": word.code}
            unit.alerts.open(REFUSED, subject, {**values, "said": word.text, **meaning})
        yield ReceiptContent(
            message_id=word.message_id or None,
            receipt_type=word.carrier,
            code=word.code,
            text=word.text or meaning["meaning_zh"],
            number=own.number if own else None,
            client_number=own.client_number if own else None,
            reason={"because": REFUSED, **meaning} if not word.passed else dict(meaning),
        )


def line(content: ReceiptContent) -> dict[str, Any]:
    """Return what the receipt log tells of a carrier's word."""
    return {
        "answers": content.message_id,
        "number": content.number,
        "client_number": content.client_number,
        "type": content.receipt_type,
        "code": content.code,
        "text": content.text,
    }


def _meaning(world: World, unit: Unit, word: Word) -> Mapping[str, str]:
    """Return what the public table says of a code, in both languages."""
    tables = world.codes.on(unit.now.date())
    zh = tables.name(_TABLE, word.code) or ""
    return {"meaning_en": tables.english(_TABLE, word.code) or zh, "meaning_zh": zh}


def _platform_word(response: Response) -> Word:
    single = "; ".join(f"{receiver}: {said}" for receiver, said in response.results.items())
    text = " ".join(filter(None, (response.info, single)))
    return Word("DxpRep", response.message_id, response.code, text[:_LONGEST], response.passed)


def _client_word(kind: str, message_id: str, data: bytes) -> Word:
    """Read the client's file as far as it can be: its name has said what matters."""
    try:
        root = parse(data)
    except RejectedError:
        code, text = "", ""
    else:
        code = (root.findtext(".//{*}ResponseCode") or "").strip()
        text = (root.findtext(".//{*}ErrorMessage") or root.findtext(".//{*}ResponseInfo") or "").strip()
    return Word(kind, message_id, code[:9], text[:_LONGEST], passed=kind == "Successed")
