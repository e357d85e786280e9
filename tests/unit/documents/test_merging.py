"""Whatever a month holds, its declarations say the same as its manifests, and the merge keys are kept."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import Aggregation
from gateway.documents import amounts
from gateway.documents.balance import prove
from gateway.documents.core import Document, Kind, Relation
from gateway.documents.declaration import Frame, compose
from gateway.documents.merging import Part, items_of, merge, text_of
from gateway.errors import ParkedError
from gateway.fields import Fields
from tests.unit.documents.world import World

BASE = Document(
    number="",
    kind=Kind.MANIFEST,
    message_type="Manifest",
    state="awaiting_aggregation",
    version=1,
    enterprise="4403180001",
    partner="acme",
    office="5301",
    nature="1",
    ie_flag="I",
    client_number="",
    customs_number=None,
    parent="R1",
    period="202610",
    valid_until=None,
    content={},
)


def _decimal(dice: Random, most: int, places: int) -> Decimal:
    return Decimal(dice.randint(1, most * 10**places)).scaleb(-places)


def _item(dice: Random, count: int) -> Fields:
    """Roll one manifest item; few values, so that many merge."""
    item: Fields = {
        "GNo": str(count),
        "CodeTS": dice.choice(["4901990000", "8518290000"]),
        "GName": dice.choice(["书籍", "扬声器"]),
        "GModel": "无型号",
        "GUnit": dice.choice(["011", "035"]),
        "OriginCountry": dice.choice(["USA", "DEU"]),
        "DeclPrice": dice.choice(["1.5", "1.50", "2"]),
        "TradeCurr": dice.choice(["USD", "EUR"]),
        "ContrItem": dice.choice(["1", "2"]),
        "GQty": str(_decimal(dice, 99999, dice.randint(0, 5))),
        "DeclTotal": str(_decimal(dice, 999999, 2)),
    }
    if dice.random() < 0.5:
        item |= {"FirstUnit": "035", "FirstQty": str(_decimal(dice, 99999, 5))}
    return item


def _manifest(dice: Random, count: int) -> Document:
    net = _decimal(dice, 9999, 5)
    content: Fields = {
        "IEFlag": dice.choice(["I", "E"]),
        "CustomMaster": "5301",
        "IEPort": dice.choice(["5301", "5304"]),
        "TradeCode": "4403180001",
        "ManualNo": "J53016000001",
        "TradeMode": "0110",
        "TradeCountry": "USA",
        "DeclDate": f"202610{dice.randint(1, 31):02}",
        "PackNo": str(dice.randint(1, 500)),
        "NetWt": str(net),
        "GrossWet": str(net + dice.choice([Decimal(0), _decimal(dice, 99, 5)])),
        "Item": [_item(dice, position) for position in range(1, dice.randint(2, 7))],
    }
    if dice.random() < 0.5:
        content |= {
            "FeeMark": dice.choice(["1", "3"]),
            "FeeRate": dice.choice(["5", "12.34"]),
            "FeeCurr": "USD",
        }
    return replace(BASE, number=f"M{count:017}", ie_flag=str(content["IEFlag"]), content=content)


def _month(seed: int) -> list[Document]:
    dice = Random(seed)
    return [_manifest(dice, count) for count in range(1, dice.randint(2, 12))]


# A month is rolled from a seed: drawing it field by field would cost most of the time of these tests.
months = st.integers(0, 2**32).map(_month)


def _declare(parts: list[Part]) -> tuple[list[Document], list[Relation]]:
    world = World()
    profile = world.settings.enterprise[0]
    declarations: list[Document] = []
    relations: list[Relation] = []
    for index, part in enumerate(parts, 1):
        number = f"D{index:017}"
        frame = Frame(number, f"R{index:02}", profile, (profile.code, profile.name), world.now, {})
        first = part.manifests[0]
        declarations.append(
            replace(first, number=number, kind=Kind.DECLARATION, content=compose(part, frame))
        )
        relations += [
            Relation(line.manifest.number, line.position, number, count, line.quantity, line.total)
            for count, lines in enumerate(part.items, 1)
            for line in lines
        ]
    return declarations, relations


def _group(document: Document, name: str) -> Fields:
    value = document.content[name]
    assert isinstance(value, dict)
    return value


def _declared_items(document: Document) -> list[Fields]:
    value = _group(document, "DecLists")["DecList"]
    assert isinstance(value, list)
    return value


def _count(sums: dict[str, Fraction], key: str, text: object) -> None:
    if isinstance(text, str):
        sums[key] = sums.get(key, Fraction(0)) + Fraction(text)


@pytest.mark.requirement("AG-06", "AG-07", "AG-09")
@given(months, st.integers(1, 5))
def test_nothing_is_lost_and_nothing_said_twice(month: list[Document], limit: int) -> None:
    """The proof holds, and so do totals by unit and currency, counted in another way."""
    parts = merge(month, Aggregation(max_items=limit))
    declarations, relations = _declare(parts)
    prove("R1", month, declarations, relations)
    for name, by in (("GQty", "GUnit"), ("DeclTotal", "TradeCurr"), ("FirstQty", "FirstUnit")):
        ours: dict[str, Fraction] = {}
        theirs: dict[str, Fraction] = {}
        for manifest in month:
            for item in items_of(manifest.content):
                _count(ours, text_of(item, by), item.get(name))
        for declaration in declarations:
            for item in _declared_items(declaration):
                _count(theirs, text_of(item, by), item.get(name))
        assert ours == theirs
    assert all(1 <= len(part.items) <= limit for part in parts)
    assert all(part.packages >= 1 and 0 <= part.net <= part.gross for part in parts)


@pytest.mark.requirement("AG-10")
@given(months, st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_result_does_not_depend_on_the_order(month: list[Document], random: Random, limit: int) -> None:
    """Any order of arrival gives the same declarations and the same relations."""
    shuffled = list(month)
    random.shuffle(shuffled)
    keys = Aggregation(max_items=limit)
    assert _declare(merge(month, keys)) == _declare(merge(shuffled, keys))


@pytest.mark.requirement("AG-06")
@given(months)
def test_header_and_item_keys_are_kept(month: list[Document]) -> None:
    """In one declaration headers agree, in one item all key fields agree; equal items are one."""
    keys = Aggregation()
    for part in merge(month, keys):
        headers = {
            tuple(text_of(manifest.content, name) for name in keys.header_keys) for manifest in part.manifests
        }
        assert len(headers) == 1
        seen: list[tuple[object, ...]] = []
        for lines in part.items:
            found = {
                tuple(
                    Decimal(text_of(line.item, name)) if name == "DeclPrice" else text_of(line.item, name)
                    for name in keys.item_keys
                )
                for line in lines
            }
            assert len(found) == 1
            seen += found
        assert len(set(seen)) == len(seen)


@pytest.mark.requirement("AG-08")
@given(months)
def test_the_bill_number_spans_the_manifests(month: list[Document]) -> None:
    """First and last declaration date of those that are in it."""
    parts = merge(month, Aggregation())
    for part, declaration in zip(parts, _declare(parts)[0], strict=True):
        days = sorted(text_of(manifest.content, "DeclDate") for manifest in part.manifests)
        assert _group(declaration, "DecHead")["BillNo"] == days[0] + days[-1]


@pytest.mark.requirement("AG-06", "AG-09")
@given(months, st.integers(1, 3))
def test_freight_is_neither_lost_nor_doubled(month: list[Document], limit: int) -> None:
    """Amounts add up over the declarations; different rates are never merged."""
    parts = merge(month, Aggregation(max_items=limit))
    ours = amounts.total(
        amounts.value(m.content.get("FeeRate")) for m in month if m.content.get("FeeMark") == "3"
    )
    theirs = amounts.total(
        amounts.value(part.charges.get("FeeRate")) for part in parts if part.charges.get("FeeMark") == "3"
    )
    assert ours == theirs
    for part in parts:
        if part.charges.get("FeeMark") == "1":
            assert {manifest.content["FeeRate"] for manifest in part.manifests} == {part.charges["FeeRate"]}


@pytest.mark.requirement("AG-06")
@given(months)
def test_the_keys_are_configuration(month: list[Document]) -> None:
    """With fewer header keys more manifests meet; with fewer item keys the proof stops what mixes goods."""
    parts = merge(month, Aggregation(header_keys=("IEFlag",)))
    declarations, relations = _declare(parts)
    prove("R1", month, declarations, relations)
    assert len(parts) <= len(merge(month, Aggregation()))
    loose = Aggregation(item_keys=("CodeTS", "GUnit", "TradeCurr", "FirstUnit"))
    parts = merge(month, loose)
    declarations, relations = _declare(parts)
    names = [{line.item.get("GName") for line in lines} for part in parts for lines in part.items]
    if any(len(each) > 1 for each in names):
        with pytest.raises(ParkedError):
            prove("R1", month, declarations, relations)


@pytest.mark.requirement("AG-09")
@pytest.mark.parametrize("damage", ["drop", "twice", "quantity", "unit", "weight", "item"])
@settings(max_examples=30)
@given(months)
def test_each_kind_of_damage_is_found(damage: str, month: list[Document]) -> None:
    """A lost or doubled relation, a changed figure, unit or weight, an item out of nothing."""
    declarations, relations = _declare(merge(month, Aggregation()))
    item = _declared_items(declarations[0])[0]
    if damage == "drop":
        relations = relations[1:]
    elif damage == "twice":
        relations = [*relations, relations[0]]
    elif damage == "quantity":
        item["GQty"] = str(Decimal(str(item["GQty"])) + Decimal("0.00001"))
    elif damage == "unit":
        item["GUnit"] = "001"
    elif damage == "weight":
        _group(declarations[0], "DecHead")["GrossWet"] = "0"
    else:
        _declared_items(declarations[0]).append({**item, "GNo": "99"})
    with pytest.raises(ParkedError) as fault:
        prove("R1", month, declarations, relations)
    assert fault.value.code == "aggregation.invariant"


def test_a_large_month_is_merged() -> None:
    """Three thousand manifests of ten items make what they should."""
    item: Fields = {"CodeTS": "4901990000", "GUnit": "011", "TradeCurr": "USD", "DeclPrice": "1"}
    month = [
        replace(
            BASE,
            number=f"M{count:017}",
            content={
                "DeclDate": f"202610{count % 31 + 1:02}",
                "NetWt": "1.5",
                "GrossWet": "2",
                "PackNo": "1",
                "Item": [
                    {**item, "GNo": str(n), "ContrItem": str(n), "GQty": "1", "DeclTotal": "1"}
                    for n in range(1, 11)
                ],
            },
        )
        for count in range(3000)
    ]
    parts = merge(month, Aggregation())
    declarations, relations = _declare(parts)
    prove("R1", month, declarations, relations)
    assert len(parts) == 1
    assert len(relations) == 30000
    assert _group(declarations[0], "DecHead")["NetWt"] == "4500"
