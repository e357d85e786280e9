"""Refusals with pointers that a client number asks for: what they point at, in which notations, how often."""

from __future__ import annotations

import pytest
from lxml import etree

from customs_stub.choosing import by_number
from customs_stub.judgement import Examined, judge
from customs_stub.pointing import Aim, aimed
from customs_stub.submission import Kind
from customs_stub.xmltree import DEC, JB
from tests.unit.customs_stub.messages import manifest
from tests.unit.customs_stub.records_for_tests import PlainRecords, submitted
from tests.unit.customs_stub.test_scenarios import BODIES
from tests.unit.customs_stub.trial import SCHEMAS

XS = {"xs": "http://www.w3.org/2001/XMLSchema"}


def names(kind: Kind) -> set[str]:
    """Return every name in the schemas of a kind's namespace."""
    folder, namespace = ("dec/3.1", DEC) if kind is Kind.DECLARATION else ("jb/1.0", JB)
    found = set()
    for file in (SCHEMAS / folder).glob("*.xsd"):
        root = etree.parse(str(file)).getroot()
        if root.get("targetNamespace") in {None, namespace}:
            found |= set(root.xpath("//xs:element/@name", namespaces=XS))
    return found


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("aim", [Aim.HEAD, Aim.ITEM])
def test_a_pointer_leads_to_a_field_of_the_message(kind: Kind, aim: Aim) -> None:
    """By the names of its schema, at the last item where it has any."""
    (fault,) = aimed(aim, kind, submitted(kind, BODIES[kind]).body)
    steps = [step.partition("[")[0] for step in fault.path.split("/")]
    assert steps[0] == kind
    assert set(steps[1:]) <= names(kind)
    assert aim is Aim.ITEM or "[" not in fault.path


def test_several_notations_mean_the_same_item() -> None:
    """A path from the root, one with prefixes, the item's number, words, one that leads nowhere, the text."""
    body = submitted(Kind.MANIFEST, manifest("J53016000001")).body
    count = len(body.all("Item"))
    faults = aimed(Aim.NOTATIONS, Kind.MANIFEST, body)
    assert [fault.path for fault in faults] == [
        f"/Message/Manifest/Item[{count}]/GQty",
        f"c:Manifest/c:Item[{count}]/c:GQty",
        f"GNo={count}",
        f"第{count}项商品",
        "Manifest/Item[99999]/GQty",
        "",
        "",
    ]
    assert f"第{count}项商品有误" in faults[-2].text


@pytest.mark.parametrize("letter", "HLD")
def test_only_the_first_try_is_refused(letter: str) -> None:
    """Another one is judged by the checks, so that a correction can be shown to pass."""
    body = BODIES[Kind.QUALIFICATION]
    examined = Examined(submitted(Kind.QUALIFICATION, body, client_number=f"{letter}0-1"))
    assert not judge(examined, PlainRecords(), by_number(f"{letter}0-1"), claimed=False).approved
    tried = PlainRecords(tried={f"{letter}0-1"})
    assert judge(examined, tried, by_number(f"{letter}0-1"), claimed=False).approved
