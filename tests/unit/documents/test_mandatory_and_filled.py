"""Of every filing, change and extension: each missing field is told, each grey one is filled or compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from gateway.clock import CHINA
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import World, approved_world, codes_of, goods, qualification, volume

QF, GF = "QualificationFiling", "GoodsFiling"
QC, GC, QE = "QualificationChange", "GoodsFilingChange", "QualificationExtension"


@dataclass(frozen=True)
class Case:
    """A message that may be declared.

    Attributes:
        message: Its name.
        body: Its body without what is back-filled.
        alternatives: Fields whose place another one may take.
    """

    message: str
    body: Callable[[], Fields]
    alternatives: frozenset[str] = frozenset()


CASES = [
    Case(QF, lambda: qualification(CustomMaster="5304")),
    Case(GF, volume, frozenset({"QualificationSeqNo"})),
    Case(QC, lambda: {"QualificationClientNo": "QF-1", "IEBatches": "20"}),
    Case(GC, lambda: {"VolumeClientNo": "GF-1", "Item": [goods()]}, frozenset({"VolumeSeqNo"})),
    Case(QE, lambda: {"QualificationClientNo": "QB-1"}),
]
BY_NAME = [pytest.param(case, id=case.message) for case in CASES]


def _world() -> World:
    """Return a world in which each of the cases may be declared."""
    world = approved_world()
    bonded: Fields = {
        name: value for name, value in qualification(GoodsNature="2").items() if "Guarantee" not in name
    }
    number = world.do(QF, "save-declare", "QB-1", bonded).document.number
    world.answer(number, "A", valid_until="20261025", customs_number="Q53016000002")
    world.now = datetime(2026, 10, 20, 9, 30, tzinfo=CHINA)
    return world


def _faults(case: Case, body: Fields) -> RejectedError:
    with pytest.raises(RejectedError) as fault:
        _world().do(case.message, "save-declare", "N-1", body)
    return fault.value


def _items(body: Fields) -> list[Fields]:
    items = body.get("Item", [])
    return items if isinstance(items, list) else []


@pytest.mark.requirement("EN-01", "QF-03")
@pytest.mark.parametrize("case", BY_NAME)
def test_every_missing_field_is_told_at_once_with_both_names(case: Case) -> None:
    """Of the head and of each item; and nothing is told that is not missing."""
    world = _world()
    assert world.do(case.message, "save-declare", "N-0", case.body()).outgoing
    body = case.body()
    expected: list[str] = []
    for prefix, group, path in (
        (case.message, body, case.message),
        *(
            (f"{case.message}/Item", item, f"{case.message}/Item[{n}]")
            for n, item in enumerate(_items(body), 1)
        ),
    ):
        for spec in world.dictionary.below(prefix):
            mandatory = (spec.save or spec.declare) and not spec.filled and spec.name != "Item"
            if mandatory and spec.name not in case.alternatives:
                del group[spec.name]
                expected.append(f"rule.mandatory {path}/{spec.name}")
    if not expected:
        assert case.message in {QC, QE}
        return
    fault = _faults(case, body)
    assert sorted(codes_of(fault)) == sorted(expected)
    for violation in fault.violations:
        name = violation.path.rpartition("/")[2]
        assert f"中文{name}" in violation.text("zh")
        assert f"name of {name}" in violation.text("en")


@pytest.mark.requirement("EN-02", "QF-02")
@pytest.mark.parametrize("case", BY_NAME)
def test_every_grey_field_is_filled_and_may_be_repeated(case: Case) -> None:
    """What the reply tells as filled in is in the content, and sent with the next message changes nothing."""
    world = _world()
    decision = world.do(case.message, "save-declare", "N-0", case.body())
    content = decision.document.content
    body = case.body()
    for path, value in decision.filled.items():
        name = path.rpartition("/")[2]
        if name == "SeqNo":
            continue
        if "/Item[" in path:
            position = int(path.partition("[")[2].partition("]")[0])
            _items(body)[position - 1][name] = value
        else:
            assert content[name] == value
            body[name] = value
    again = _world().do(case.message, "save-declare", "N-0", body)
    assert again.document.content == content
    assert set(again.filled) == {f"{case.message}/SeqNo"}


@pytest.mark.requirement("EN-02")
@pytest.mark.parametrize("case", BY_NAME)
def test_no_grey_field_is_silently_overwritten(case: Case) -> None:
    """Another value is refused at that field; of an item, at the item."""
    world = _world()
    for group, prefix in ((None, case.message), (0, f"{case.message}/Item")):
        for spec in world.dictionary.below(prefix):
            body = case.body()
            if not spec.filled or (group == 0 and not _items(body)):
                continue
            target = body if group is None else _items(body)[0]
            target[spec.name] = {"customs_district": "5729", "goods_nature": "4"}.get(spec.table, "9" * 10)
            if spec.name.endswith("Date"):
                target[spec.name] = "20300101"
            path = f"{case.message}/{spec.name}" if group is None else f"{case.message}/Item[1]/{spec.name}"
            paths = {each.partition(" ")[2] for each in codes_of(_faults(case, body))}
            # A number that names another filing is refused at the ERP's own number, too.
            assert path in paths or paths == {f"{case.message}/QualificationClientNo"}
