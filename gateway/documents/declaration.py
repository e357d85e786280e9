"""What an aggregated declaration says, 集报报关单, and its declaring (AG-08, DC-01, DC-02)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from gateway.config import Enterprise
from gateway.documents import amounts
from gateway.documents.core import Change, Decision, Document, Facts, Outgoing
from gateway.documents.draft import copy
from gateway.documents.lives import after
from gateway.documents.merging import Line, Part, text_of
from gateway.documents.states import Event
from gateway.fields import Fields

MESSAGE: Final = "DecMessage"
MEANS_OF_TRANSPORT: Final = "集中申报"
EXPORT: Final = "E"
CHINA: Final = "CHN"
MIXED_PACKING: Final = "99"
# An item without an inspection code stands as the table's "other".
OTHER_INSPECTION_CODE: Final = "999"
DECLARE: Final = "C"

# Header fields that a merged group shares: each is equal by the header key, or stands in the first manifest.
_SHARED: Final = (
    "IEFlag",
    "CustomMaster",
    "IEPort",
    "ManualNo",
    "TradeCode",
    "TradeName",
    "OwnerCode",
    "OwnerName",
    "TradeMode",
    "CutMode",
    "TrafMode",
    "TradeCountry",
    "DistinatePort",
    "TransMode",
)
_ITEM_FIELDS: Final = (
    "CodeTS",
    "ContrItem",
    "DeclPrice",
    "DutyMode",
    "GModel",
    "GName",
    "TradeCurr",
    "GUnit",
    "FirstUnit",
    "SecondUnit",
)
_ITEM_SUMS: Final = ("GQty", "DeclTotal", "FirstQty", "SecondQty")
# The number of an import or export licence as the header takes it; any other goes to the documents.
_HEADER_LICENCE: Final = re.compile(r"[0-9]{2}-.{2}-.+")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a declaration says beside its goods.

    Attributes:
        number: Its unified number, empty in a rehearsal.
        client_number: Its client number.
        profile: The enterprise that trades.
        agent: Code and name of who declares.
        now: When it is made.
        inspection_codes: The filed inspection code by item of the volume.
    """

    number: str
    client_number: str
    profile: Enterprise
    agent: tuple[str, str]
    now: datetime
    inspection_codes: Mapping[str, str]


def compose(part: Part, frame: Frame) -> Fields:
    """Write the body of a `DecMessage`; every required field that a manifest can give is there."""
    first = part.manifests[0].content
    licence_head, licence_documents = _licence(text_of(first, "LicenseNo"))
    return {
        "DecHead": _clean({**_head(part, frame), **licence_head, **part.charges}),
        "DecLists": {"DecList": [_item(lines, count, frame) for count, lines in enumerate(part.items, 1)]},
        "DecContainers": {},
        "DecLicenseDocus": licence_documents,
        "DecFreeTxt": {},
        "DecSign": _sign(part, frame),
    }


def declare_declaration(document: Document, facts: Facts) -> Decision:
    """Declare a saved declaration, or once more one that was not accepted (DC-01).

    Raises:
        RejectedError: `state.not-allowed`.
    """
    state = after(document, Event.DECLARE)
    content = copy(document.content)
    head, sign = content["DecHead"], content["DecSign"]
    assert isinstance(head, dict)
    assert isinstance(sign, dict)
    head["IEDate"] = f"{facts.now:%Y%m%d}"
    sign["SignDate"] = _moment(facts.now)
    changed = replace(document, state=state, version=document.version + 1, content=content)
    return Decision(
        changes=(Change(changed, document.state, document.version, Event.DECLARE),),
        outgoing=((document.number, Outgoing(MESSAGE, content)),),
    )


def _head(part: Part, frame: Frame) -> Fields:
    first, profile = part.manifests[0].content, frame.profile
    days = [text_of(manifest.content, "DeclDate") for manifest in part.manifests]
    packings = {text_of(manifest.content, "WrapType") for manifest in part.manifests}
    contracts = {text_of(manifest.content, "ContrNo") for manifest in part.manifests}
    credit_code = profile.social_credit_code
    return {
        "SeqNo": frame.number,
        **{name: text_of(first, name) for name in _SHARED},
        "AgentCode": frame.agent[0],
        "AgentName": frame.agent[1],
        "BillNo": min(days) + max(days),
        "ContrNo": contracts.pop() if len(contracts) == 1 else "",
        "GrossWet": amounts.show(part.gross),
        "NetWt": amounts.show(part.net),
        "PackNo": amounts.show(part.packages),
        "WrapType": packings.pop() if len(packings) == 1 else MIXED_PACKING,
        "TrafName": MEANS_OF_TRANSPORT,
        # By the regulation the day on which customs accepts the declaration, so the day of declaring.
        "IEDate": f"{frame.now:%Y%m%d}",
        "PDate": f"{frame.now:%Y%m%d}",
        "EdiId": "1",
        "EntryType": "L",
        "DeclTrnRel": "0",
        "ChkSurety": "0",
        "PromiseItmes": "000",
        "NoOtherPack": "1",
        "CopName": profile.name[:70],
        # The organisation code is a part of the unified social credit code.
        "CopCode": credit_code[8:17],
        "CopCodeScc": credit_code,
        "TradeCoScc": credit_code,
        "TypistNo": profile.typist_card,
        "DeclareName": frame.agent[1][:50],
        "TradeAreaCode": text_of(first, "TradeAreaCode") or text_of(first, "TradeCountry"),
        "DespPortCode": text_of(first, "DistinatePort"),
        # EntyPortCode wants a six-digit port, which no manifest tells; the structure lets it be empty.
        "GoodsPlace": "集中申报货物已按清单验放",
    }


def _item(lines: tuple[Line, ...], count: int, frame: Frame) -> Fields:
    item = lines[0].item
    content = lines[0].manifest.content
    origin, destination = text_of(item, "OriginCountry"), text_of(item, "DestinationCountry")
    if content.get("IEFlag") == EXPORT:
        # The public structure has the two swapped for exports.
        origin, destination = destination or text_of(content, "TradeCountry"), origin
    sums = {
        name: amounts.show(amounts.total(amounts.value(line.item.get(name)) for line in lines))
        for name in _ITEM_SUMS
        if any(name in line.item for line in lines)
    }
    return _clean(
        {
            "GNo": str(count),
            **{name: text_of(item, name) for name in _ITEM_FIELDS},
            **sums,
            "OriginCountry": origin,
            "DestinationCountry": destination or CHINA,
            "CiqCode": frame.inspection_codes.get(text_of(item, "ContrItem")) or OTHER_INSPECTION_CODE,
        }
    )


def _licence(text: str) -> tuple[Fields, Fields]:
    code, _, number = text.partition(":")
    if not number:
        return {}, {}
    if _HEADER_LICENCE.fullmatch(number) and len(number) <= 20:
        return {"LicenseNo": number}, {}
    return {}, {"LicenseDocu": [{"DocuCode": code, "CertCode": number}]}


def _sign(part: Part, frame: Frame) -> Fields:
    return _clean(
        {
            "OperType": DECLARE,
            "ICCode": frame.profile.typist_card,
            "CopCode": frame.profile.social_credit_code,
            "ClientSeqNo": frame.client_number,
            "SignDate": _moment(frame.now),
            "HostId": frame.profile.code,
            "BillSeqNo": part.manifests[0].number,
            "DomainId": "2",
        }
    )


def _moment(now: datetime) -> str:
    return f"{now:%Y%m%d%H%M%S}{now.microsecond // 10000:02}"


def _clean(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if value}
