"""Whatever a message holds, and whatever is on file, the office judges it; nothing in it stops the office."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customs_stub.checks import CHECKS, check
from customs_stub.facts import Referred, State
from customs_stub.faults import texts
from customs_stub.grants import granted
from customs_stub.references import Reference
from customs_stub.submission import PARENTS, Kind, Submission
from customs_stub.xmltree import Record
from tests.unit.customs_stub import messages
from tests.unit.customs_stub.messages import Body, change, goods, line
from tests.unit.customs_stub.records_for_tests import NUMBERS, PlainRecords, filed, plain

VOLUME, LISTED = "J53016000001", "53012026E000000001"
BY_WATER = messages.manifest(VOLUME, TrafMode="2", VoyNo="026E", LicenseNo="1:26-AB-1")
SOUND: Mapping[Kind, Body] = {
    Kind.QUALIFICATION: messages.qualification(),
    Kind.QUALIFICATION_CHANGE: messages.qualification_change(GuaranteeValidDate="20280101"),
    Kind.EXTENSION: messages.extension(),
    Kind.VOLUME: messages.volume(),
    Kind.VOLUME_CHANGE: messages.volume_change(VOLUME, [goods(3)], ["1", "2"]),
    Kind.MANIFEST: BY_WATER,
    Kind.MODIFICATION: messages.modification(
        LISTED, [change("PackNo", "10", "12"), change("GQty", "3", "4", "2")], BY_WATER | {"PackNo": "12"}
    ),
    Kind.WITHDRAWAL: messages.withdrawal(LISTED),
    Kind.DECLARATION: messages.declaration(),
}
ON_FILE: Mapping[Kind, Body] = {
    Kind.QUALIFICATION: messages.qualification(),
    Kind.VOLUME: messages.volume(),
    Kind.MANIFEST: BY_WATER,
}
NUMBER = {Kind.QUALIFICATION: "Q53016000001", Kind.VOLUME: VOLUME, Kind.MANIFEST: LISTED}
KEPT: Mapping[Referred, Body] = {
    Referred.ACCOUNT_BOOK: {"ManualNo": VOLUME, "CustomMaster": "5301", "Item": [goods(1)]},
    Referred.LICENCE: {
        "LicenseNo": "1:26-AB-1",
        "IEFlag": "E",
        "ValidDate": "20261231",
        "Item": [{"GNo": "1", "CodeTS": "8517130000", "GUnit": "006", "GQty": "10"}, line(2)],
    },
    Referred.CARGO_MANIFEST: {"IEFlag": "E", "BillNo": "BL0001", "IEDate": "20261022", "PackNo": "10"},
}
LIKELY = [
    *("", "0", "1", "2", "3", "4", "I", "E", "-1", "1e999", "NaN", "9" * 40, "0." + "9" * 30),
    *("99999999", "00010101", "99991231", "20261020", *NUMBERS.values()),
]
TEXT = st.one_of(st.sampled_from(LIKELY), st.text(max_size=12))
ALTERATIONS = st.lists(st.tuples(st.integers(0, 500), TEXT), max_size=8)


def slots(record: Record) -> Iterator[tuple[dict[str, str], str]]:
    """Yield every place at which a record holds a value."""
    yield from ((record.values, name) for name in record.values)
    for group in chain.from_iterable(record.groups.values()):
        yield from slots(group)


@pytest.mark.parametrize("kind", CHECKS)
@given(alterations=ALTERATIONS, state=st.sampled_from(list(State)), until=TEXT)
def test_every_kind_is_judged_whatever_it_holds(
    kind: Kind, alterations: list[tuple[int, str]], state: State, until: str
) -> None:
    """Every objection is one of the catalogue; what passes can be put into force."""
    told = plain(SOUND[kind])
    on_file = {each: plain(body) for each, body in ON_FILE.items()}
    kept = {each: plain(body) for each, body in KEPT.items()}
    places = list(chain.from_iterable(map(slots, [told, *on_file.values(), *kept.values()])))
    for place, text in alterations:
        values, name = places[place % len(places)]
        values[name] = text
    parents = [
        replace(filed(each, state=state, number=NUMBER[each], valid_until=until), content=content)
        for each, content in on_file.items()
    ]
    submission = Submission("ID1", kind, "GW", "A0-1", told.get("SeqNo"), "5301", "4403180001", told)
    references = [Reference(each, body) for each, body in kept.items()]
    before = copy.deepcopy(parents)
    found = check(kind, submission, PlainRecords(parents, references=references))
    assert {fault.code for fault in found} <= texts().keys()
    assert all(fault.text for fault in found)
    if kind in PARENTS:
        for parent in parents:
            assert granted(replace(filed(kind, valid_until=""), content=told), parent).id == parent.id
    assert parents == before
