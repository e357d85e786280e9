"""What an aggregated declaration says, 集报报关单, and its declaring (AG-08, DC-01, DC-02)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from gateway.config import DeclarationForm, Enterprise
from gateway.documents import amounts
from gateway.documents.core import Change, Decision, Document, Facts, Outgoing
from gateway.documents.draft import copy
from gateway.documents.lives import after
from gateway.documents.merging import CHARGES, Goods, added, items_of, text_of
from gateway.documents.states import Event
from gateway.fields import Fields

MESSAGE: Final = "DecMessage"
MEANS_OF_TRANSPORT: Final = "集中申报"
EXPORT: Final = "E"
CHINA: Final = "CHN"
MIXED_PACKING: Final = "99"
# An item without an inspection code stands as the table's "other".
OTHER_INSPECTION_CODE: Final = "999"

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
_CHARGE: Final = ("Mark", "Rate", "Curr")
# The number of an import or export licence as the header takes it; any other goes to the documents.
_HEADER_LICENCE: Final = re.compile(r"[0-9]{2}-.{2}-.+")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a declaration says beside its goods.

    Attributes:
        profile: The enterprise that trades.
        agent: Code and name of who declares.
        inspection_codes: The filed inspection code by item of the volume.
        form: What every declaration says, by configuration.
    """

    profile: Enterprise
    agent: tuple[str, str]
    inspection_codes: Mapping[str, str]
    form: DeclarationForm


def compose(piece: Sequence[Goods], manifests: Mapping[str, Document], frame: Frame) -> Fields:
    """Write the body of a `DecMessage`, but for numbers and dates, which `issue` puts in.

    Args:
        piece: The goods of the declaration, the oldest first.
        manifests: The manifests of the oldest line of each.
        frame: What it says beside its goods.
    """
    first = manifests[piece[0].manifest]
    licence_head, licence_documents = _licence(text_of(first.content, "LicenseNo"))
    head: dict[str, str] = {**_head(piece, first, frame), **licence_head, **_charges(piece, first.content)}
    items = [
        _item(goods, manifests[goods.manifest].content, count, frame) for count, goods in enumerate(piece, 1)
    ]
    return {
        "DecHead": _clean(head),
        "DecLists": {"DecList": items},
        "DecContainers": {},
        "DecLicenseDocus": licence_documents,
        "DecFreeTxt": {},
        "DecSign": _sign(first, frame),
    }


def issue(content: Fields, number: str, client_number: str, moment: datetime) -> Fields:
    """Put unified number, client number and dates into what was composed and proved."""
    head, sign = content["DecHead"], content["DecSign"]
    assert isinstance(head, dict)
    assert isinstance(sign, dict)
    # By the regulation the day on which customs accepts the declaration, so the day of declaring.
    given = {"SeqNo": number, "IEDate": f"{moment:%Y%m%d}", "PDate": f"{moment:%Y%m%d}"}
    return {
        **content,
        "DecHead": {"SeqNo": number, **head, **given},
        "DecSign": {**sign, "ClientSeqNo": client_number, "SignDate": _moment(moment)},
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
    # What customs gave to an attempt that it did not accept is no longer true.
    changed = replace(
        document, state=state, version=document.version + 1, customs_number=None, content=content
    )
    return Decision(
        changes=(Change(changed, document.state, document.version, Event.DECLARE),),
        outgoing=((document.number, Outgoing(MESSAGE, content)),),
    )


def _head(piece: Sequence[Goods], manifest: Document, frame: Frame) -> dict[str, str]:
    first, profile = manifest.content, frame.profile
    credit_code = profile.social_credit_code
    net, tare = sum(goods.net for goods in piece), sum(goods.tare for goods in piece)
    days = [day for goods in piece for day in goods.days]
    return {
        **{name: text_of(first, name) for name in _SHARED},
        "AgentCode": frame.agent[0],
        "AgentName": frame.agent[1],
        "BillNo": min(days) + max(days),
        "ContrNo": _only({one for goods in piece for one in goods.contracts}),
        "GrossWet": _show(net + tare),
        "NetWt": _show(net),
        # A declaration must have one, also where its manifests have fewer than there are declarations.
        "PackNo": str(max(sum(goods.packages for goods in piece), 1)),
        "WrapType": _only({one for goods in piece for one in goods.wraps}) or MIXED_PACKING,
        "TrafName": MEANS_OF_TRANSPORT,
        "EdiId": "1",
        "EntryType": frame.form.entry_type,
        "Type": frame.form.document_type,
        "DataSource": frame.form.data_source,
        "DeclTrnRel": "0",
        "ChkSurety": "0",
        "PromiseItmes": frame.form.promises,
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
        # No manifest tells the six-digit domestic port; where none is configured it stays empty.
        "EntyPortCode": frame.form.entry_port(text_of(first, "IEPort")),
        "GoodsPlace": frame.form.goods_place,
    }


def _item(goods: Goods, content: Fields, count: int, frame: Frame) -> Fields:
    item = next(each for each in items_of(content) if text_of(each, "GNo") == str(goods.position))
    origin, destination = text_of(item, "OriginCountry"), text_of(item, "DestinationCountry")
    if content.get("IEFlag") == EXPORT:
        # The public structure has the two swapped for exports.
        origin, destination = destination or text_of(content, "TradeCountry"), origin
    sums = {
        "GQty": goods.quantity,
        "DeclTotal": goods.total,
        "FirstQty": goods.first_quantity,
        "SecondQty": goods.second_quantity,
    }
    return _clean(
        {
            "GNo": str(count),
            **{name: text_of(item, name) for name in _ITEM_FIELDS},
            **{name: _show(figure) for name, figure in sums.items() if figure is not None},
            "OriginCountry": origin,
            "DestinationCountry": destination or CHINA,
            "CiqCode": frame.inspection_codes.get(text_of(item, "ContrItem")) or OTHER_INSPECTION_CODE,
        }
    )


def _charges(piece: Sequence[Goods], first: Fields) -> dict[str, str]:
    """Return freight, insurance and other charges: amounts add up, rates stand in each manifest alike."""
    fields = {f"{charge}{part}": text_of(first, f"{charge}{part}") for charge in CHARGES for part in _CHARGE}
    amounts_due = {
        "Fee": added(goods.freight for goods in piece),
        "Insur": added(goods.insurance for goods in piece),
        "Other": added(goods.other for goods in piece),
    }
    due = {f"{charge}Rate": _show(amount) for charge, amount in amounts_due.items() if amount is not None}
    return fields | due


def _show(figure: int) -> str:
    return amounts.show(amounts.of_units(figure))


def _only(texts: Collection[str]) -> str:
    """Return the one text, empty where there are several."""
    return next(iter(texts)) if len(texts) == 1 else ""


def _licence(text: str) -> tuple[dict[str, str], Fields]:
    code, _, number = text.partition(":")
    if not number:
        return {}, {}
    if _HEADER_LICENCE.fullmatch(number) and len(number) <= 20:
        return {"LicenseNo": number}, {}
    return {}, {"LicenseDocu": [{"DocuCode": code, "CertCode": number}]}


def _sign(first: Document, frame: Frame) -> Fields:
    return _clean(
        {
            "OperType": frame.form.operation,
            "ICCode": frame.profile.typist_card,
            "CopCode": frame.profile.social_credit_code,
            "HostId": frame.profile.code,
            "BillSeqNo": first.number,
            "DomainId": frame.form.domain,
        }
    )


def _moment(now: datetime) -> str:
    return f"{now:%Y%m%d%H%M%S}{now.microsecond // 10000:02}"


def _clean(fields: Mapping[str, str]) -> Fields:
    return {name: value for name, value in fields.items() if value}
