"""Whatever a month holds, its declarations say the same as its manifests, and the merge keys are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import Aggregation, DeclarationForm
from gateway.documents import amounts
from gateway.documents.balance import prove_whole
from gateway.documents.core import Document
from gateway.documents.declaration import Frame, compose
from gateway.documents.merging import Goods, Line, items_of, text_of
from gateway.errors import ParkedError
from gateway.fields import Fields
from tests.unit.documents.month import cut, lines_of, prove
from tests.unit.documents.rolled import BASE, random_month
from tests.unit.documents.world import World

# A month is rolled from a seed: drawing it field by field would cost most of the time of these tests.
months = st.integers(0, 2**32).map(random_month)


@dataclass(frozen=True)
class Aggregated:
    """A month, spread, merged and composed.

    Attributes:
        parts: The goods of each declaration.
        contents: What each declaration says.
    """

    month: list[Document]
    lines: list[Line]
    parts: list[tuple[Goods, ...]]
    contents: list[Fields]

    def prove(self) -> None:
        """Prove it as a run does."""
        prove("R1", self.month, self.contents, self.lines, self.parts)

    def manifests(self, piece: tuple[Goods, ...]) -> list[Document]:
        """Return the manifests that are in a declaration."""
        items = {goods.item for goods in piece}
        numbers = {line.manifest for line in self.lines if line.item in items}
        return [manifest for manifest in self.month if manifest.number in numbers]

    def relations(self) -> set[tuple[str, int, int, int]]:
        """Return where each line went."""
        places = {
            goods.item: (index, position)
            for index, piece in enumerate(self.parts)
            for position, goods in enumerate(piece)
        }
        return {(line.manifest, line.position, *places[line.item]) for line in self.lines}


def _aggregate(month: list[Document], keys: Aggregation) -> Aggregated:
    profile = World().settings.enterprise[0]
    frame = Frame(profile, (profile.code, profile.name), {}, DeclarationForm())
    parts = cut(month, keys)
    by_number = {manifest.number: manifest for manifest in month}
    contents = [compose(piece, by_number, frame) for piece in parts]
    return Aggregated(month, lines_of(month, keys), parts, contents)


def _group(content: Fields, name: str) -> Fields:
    value = content[name]
    assert isinstance(value, dict)
    return value


def _declared_items(content: Fields) -> list[Fields]:
    value = _group(content, "DecLists")["DecList"]
    assert isinstance(value, list)
    return value


def _count(sums: dict[str, Fraction], key: str, text: object) -> None:
    if isinstance(text, str):
        sums[key] = sums.get(key, Fraction(0)) + Fraction(text)


@pytest.mark.requirement("AG-06", "AG-07", "AG-09")
@given(months, st.integers(1, 5))
def test_nothing_is_lost_and_nothing_said_twice(month: list[Document], limit: int) -> None:
    """The proof holds, and so do totals by unit and currency and all weights, counted in another way."""
    made = _aggregate(month, Aggregation(max_items=limit))
    made.prove()
    for name, by in (("GQty", "GUnit"), ("DeclTotal", "TradeCurr"), ("FirstQty", "FirstUnit")):
        ours: dict[str, Fraction] = {}
        theirs: dict[str, Fraction] = {}
        for manifest in month:
            for item in items_of(manifest.content):
                _count(ours, text_of(item, by), item.get(name))
        for content in made.contents:
            for item in _declared_items(content):
                _count(theirs, text_of(item, by), item.get(name))
        assert ours == theirs
    heads = [_group(content, "DecHead") for content in made.contents]
    for name in ("NetWt", "GrossWet"):
        ours, theirs = {}, {}
        for manifest in month:
            _count(ours, name, manifest.content[name])
        for head in heads:
            _count(theirs, name, head[name])
        assert ours == theirs
    assert all(1 <= len(piece) <= limit for piece in made.parts)
    for head in heads:
        assert Decimal(text_of(head, "GrossWet")) >= Decimal(text_of(head, "NetWt"))


@pytest.mark.requirement("AG-10")
@given(months, st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_result_does_not_depend_on_the_order(month: list[Document], random: Random, limit: int) -> None:
    """Any order of arrival gives the same declarations and the same relations."""
    shuffled = list(month)
    random.shuffle(shuffled)
    keys = Aggregation(max_items=limit)
    made, again = _aggregate(month, keys), _aggregate(shuffled, keys)
    assert (made.parts, made.contents) == (again.parts, again.contents)
    assert made.relations() == again.relations()


@pytest.mark.requirement("AG-06")
@given(months)
def test_header_and_item_keys_are_kept(month: list[Document]) -> None:
    """In one declaration headers agree, in one item all key fields agree; equal items are one."""
    keys = Aggregation()
    made = _aggregate(month, keys)
    items = {(m.number, text_of(item, "GNo")): item for m in month for item in items_of(m.content)}
    for piece in made.parts:
        headers = {
            tuple(text_of(manifest.content, name) for name in keys.header_keys)
            for manifest in made.manifests(piece)
        }
        assert len(headers) == 1
        seen: list[tuple[object, ...]] = []
        for goods in piece:
            found = {
                tuple(
                    Decimal(text_of(item, name)) if name == "DeclPrice" else text_of(item, name)
                    for name in keys.item_keys
                )
                for line in made.lines
                if line.item == goods.item
                for item in (items[line.manifest, str(line.position)],)
            }
            assert len(found) == 1
            seen += found
        assert len(set(seen)) == len(seen)


@pytest.mark.requirement("AG-08")
@given(months)
def test_the_bill_number_spans_the_manifests(month: list[Document]) -> None:
    """First and last declaration date of those that are in it."""
    made = _aggregate(month, Aggregation())
    for piece, content in zip(made.parts, made.contents, strict=True):
        days = sorted(text_of(manifest.content, "DeclDate") for manifest in made.manifests(piece))
        assert _group(content, "DecHead")["BillNo"] == days[0] + days[-1]


@pytest.mark.requirement("AG-06", "AG-09")
@given(months, st.integers(1, 3))
def test_freight_is_neither_lost_nor_doubled(month: list[Document], limit: int) -> None:
    """Amounts add up over the declarations; different rates are never merged."""
    made = _aggregate(month, Aggregation(max_items=limit))
    heads = [_group(content, "DecHead") for content in made.contents]
    ours = amounts.total(
        amounts.value(m.content.get("FeeRate")) for m in month if m.content.get("FeeMark") == "3"
    )
    theirs = amounts.total(amounts.value(h.get("FeeRate")) for h in heads if h.get("FeeMark") == "3")
    assert ours == theirs
    for piece, head in zip(made.parts, heads, strict=True):
        if head.get("FeeMark") == "1":
            assert {each.content["FeeRate"] for each in made.manifests(piece)} == {head["FeeRate"]}


@pytest.mark.requirement("AG-09")
@given(months, st.integers(1, 3))
def test_packages_are_shared_out_and_each_declaration_has_one(month: list[Document], limit: int) -> None:
    """They add up to those of the manifests, and to one more for each declaration that got none."""
    made = _aggregate(month, Aggregation(max_items=limit))
    ours = sum(int(text_of(manifest.content, "PackNo")) for manifest in month)
    theirs = [int(text_of(_group(content, "DecHead"), "PackNo")) for content in made.contents]
    without = sum(sum(goods.packages for goods in piece) == 0 for piece in made.parts)
    assert sum(theirs) == ours + without
    assert min(theirs) >= 1


@pytest.mark.requirement("AG-06", "AG-09")
@pytest.mark.parametrize(
    ("currencies", "quantities", "nets"),
    [
        (("USD", "USD"), ("1", "1"), (25, 75)),
        (("USD", "EUR"), ("40", "60"), (40, 60)),
        (("USD", "EUR"), ("40", ""), (80, 20)),
    ],
)
def test_a_weight_is_shared_by_what_can_be_compared(
    currencies: tuple[str, str], quantities: tuple[str, str], nets: tuple[int, int]
) -> None:
    """By total price in one currency, else by the first legal quantity, else by the quantity."""
    rows = zip(currencies, quantities, ("100", "300"), ("8", "2"), strict=True)
    items: list[Fields] = [
        {"GNo": str(n), "GUnit": "011", "GQty": sold, "TradeCurr": currency, "DeclTotal": total}
        | {"FirstUnit": "035", "FirstQty": quantity}
        for n, (currency, quantity, total, sold) in enumerate(rows, 1)
    ]
    content: Fields = {"DeclDate": "20261020", "NetWt": "100", "GrossWet": "100", "Item": items}
    lines = lines_of([replace(BASE, number="M" * 18, content=content)], Aggregation())
    assert [amounts.of_units(line.net) for line in lines] == [Decimal(net) for net in nets]


@pytest.mark.requirement("AG-06")
@given(months)
def test_the_keys_are_configuration(month: list[Document]) -> None:
    """With fewer header keys more manifests meet; with fewer item keys the proof stops what mixes goods."""
    made = _aggregate(month, Aggregation(header_keys=("IEFlag",)))
    made.prove()
    assert len(made.parts) <= len(_aggregate(month, Aggregation()).parts)
    loose = _aggregate(month, Aggregation(item_keys=("CodeTS", "GUnit", "TradeCurr", "FirstUnit")))
    items = {(m.number, text_of(item, "GNo")): item for m in month for item in items_of(m.content)}
    names: dict[str, set[str]] = {}
    for line in loose.lines:
        names.setdefault(line.item, set()).add(text_of(items[line.manifest, str(line.position)], "GName"))
    if any(len(each) > 1 for each in names.values()):
        with pytest.raises(ParkedError):
            loose.prove()


@pytest.mark.requirement("AG-09")
@pytest.mark.parametrize(
    "damage", ["drop", "twice", "line", "words", "quantity", "unit", "weight", "packages", "item", "net"]
)
@settings(max_examples=30)
@given(months)
def test_each_kind_of_damage_is_found(damage: str, month: list[Document]) -> None:
    """A lost or doubled line, a changed figure, unit or weight on either side, an item out of nothing."""
    made = _aggregate(month, Aggregation())
    head, item = _group(made.contents[0], "DecHead"), _declared_items(made.contents[0])[0]
    line = made.lines[0]
    if damage == "drop":
        made.lines.pop(0)
    elif damage == "twice":
        made.lines.append(line)
    elif damage == "line":
        made.lines[0] = replace(line, quantity=line.quantity + 1)
    elif damage == "net":
        made.lines[0] = replace(line, net=line.net + 1)
    elif damage == "words":
        made.lines[0] = replace(line, words="")
    elif damage == "quantity":
        item["GQty"] = str(Decimal(str(item["GQty"])) + Decimal("0.00001"))
    elif damage == "unit":
        item["GUnit"] = "001"
    elif damage == "weight":
        head["GrossWet"] = "0"
    elif damage == "packages":
        head["PackNo"] = str(int(text_of(head, "PackNo")) + 1)
    else:
        _declared_items(made.contents[0]).append({**item, "GNo": "99"})
    with pytest.raises(ParkedError) as fault:
        made.prove()
    assert fault.value.code == "aggregation.invariant"


@pytest.mark.requirement("AG-09")
def test_a_manifest_that_no_declaration_took_is_found() -> None:
    """Each half of the proof may hold, and the whole does not."""
    with pytest.raises(ParkedError) as fault:
        prove_whole("R1", lines=3, proved=2)
    assert fault.value.code == "aggregation.invariant"
