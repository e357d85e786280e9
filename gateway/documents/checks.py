"""The checks that every body passes: tables, forms, dates, numbering, mandatory fields (EN-01 to EN-04)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final

from gateway.documents import amounts, identifiers
from gateway.documents.draft import Draft, Group
from gateway.fields import FieldSpec, plain

DISTRICTS: Final = "customs_district"
LICENCE_DOCUMENTS: Final = "licence_doc"

_FORMS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "TradeCode": (identifiers.is_enterprise_code, "rule.enterprise-code"),
    "OwnerCode": (identifiers.is_enterprise_code, "rule.enterprise-code"),
    "AgentCode": (identifiers.is_enterprise_code, "rule.enterprise-code"),
    "CodeTS": (identifiers.is_goods_code, "rule.goods-code"),
    "ContainerNo": (identifiers.are_containers, "rule.container-number"),
    "LicenseNo": (identifiers.is_licence, "rule.licence-form"),
}


def check_values(draft: Draft) -> None:
    """Turn names of code tables into codes and check the form of every value that is there."""
    dictionary, codes = draft.facts.dictionary, draft.facts.codes
    for group in (draft.head, *draft.items()):
        specs = dictionary.named(plain(group.path))
        for name, text in group.fields.items():
            if not isinstance(text, str) or not text:
                continue
            spec = specs.get(name)
            if spec is not None and spec.table and codes.has(spec.table):
                _resolve(draft, group, spec, text)
            if name in _FORMS or name.endswith("Date"):
                _check_form(draft, group, name)


def check_mandatory(draft: Draft, besides: Collection[str] = ()) -> None:
    """Report each mandatory field that is missing (EN-01).

    Grey fields are left out: they are the gateway's to fill, and what hindered it is reported itself. So are
    those of the head that the caller names.
    """
    dictionary, declaring = draft.facts.dictionary, draft.declaring
    for group in (draft.head, *draft.items()):
        left_out = ("Item", *besides) if group is draft.head else ()
        for name in dictionary.wanted(plain(group.path), declaring=declaring):
            text = group.fields.get(name)
            if (not text or not isinstance(text, str)) and name not in left_out:
                draft.fault("rule.mandatory", group.at(name), level_en=draft.level, level_zh=draft.level.zh)


def check_items(draft: Draft, limit: int) -> None:
    """Check how many items there are and number them from 1 without gaps (GF-02, GF-03)."""
    items = draft.items()
    if draft.declaring and not items:
        draft.fault("rule.no-items", draft.head.at("Item"))
    if len(items) > limit:
        draft.fault("rule.too-many-items", draft.head.at("Item"), given=len(items), limit=limit)
    for count, item in enumerate(items, 1):
        draft.fill(item, "GNo", str(count))


def check_positive(draft: Draft, group: Group, *names: str) -> None:
    """Require that each of the numbers that are there is above 0."""
    for name in names:
        text = group.text(name)
        if text and not amounts.is_positive(text):
            draft.fault("rule.not-positive", group.at(name), given=text)


def _resolve(draft: Draft, group: Group, spec: FieldSpec, text: str) -> None:
    codes, name = draft.facts.codes, spec.name
    code = codes.code(spec.table, text)
    if code is not None:
        group.fields[name] = code
        return
    if valid := codes.validity(spec.table, text):
        draft.fault("rule.code-not-valid", group.at(name), given=text, table=spec.table, valid=valid)
        return
    near = _near(draft, spec.table, text)
    lenient = draft.facts.settings.rules.unknown_customs_district == "warn"
    if spec.table == DISTRICTS and lenient and identifiers.is_customs_district(text):
        draft.warn("rule.unknown-customs-district", group.at(name), given=text, **near)
    else:
        draft.fault("rule.unknown-code", group.at(name), given=text, table=spec.table, **near)


def _near(draft: Draft, table: str, text: str) -> dict[str, str]:
    near = ", ".join(f"{code} {label}" for code, label in draft.facts.codes.near(table, text))
    return {"near_en": near or "none", "near_zh": near or "无"}


def _check_form(draft: Draft, group: Group, name: str) -> None:
    text = group.text(name)
    if name.endswith("Date") and identifiers.parse_date(text) is None:
        draft.fault("rule.not-a-date", group.at(name), given=text)
    form = _FORMS.get(name)
    if form is not None and not form[0](text):
        draft.fault(form[1], group.at(name), given=text)
    elif name == "LicenseNo":
        _check_licence_document(draft, group, text)


def _check_licence_document(draft: Draft, group: Group, text: str) -> None:
    """Warn of a document code that the table lacks: documents were joined since it was made (GF-04)."""
    codes, code = draft.facts.codes, text.partition(":")[0]
    if codes.has(LICENCE_DOCUMENTS) and codes.code(LICENCE_DOCUMENTS, code) != code:
        near = _near(draft, LICENCE_DOCUMENTS, code)
        draft.warn("rule.unknown-licence-document", group.at("LicenseNo"), given=code, **near)
