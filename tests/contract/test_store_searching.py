"""Searching documents in every store: each criterion, pages in order, a stream that fills no memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from gateway.store import NoticeRow, NoticeState, Order, RelationRow, Search, Store
from tests.services.stores import NOON, add_relations, document, new

pytest_plugins = ("tests.services.store_fixtures",)

OWN, OTHER = "4403180001", "4403180002"


def _number(letter: str, position: int) -> str:
    return f"{letter}2026{position:013d}"


def _put(store: Store, *rows: Any) -> None:
    with store.begin() as unit:
        unit.documents.put([new(row) for row in rows])


def _found(store: Store, order: Order | None = None, **asked: Any) -> list[str]:
    with store.read() as unit:
        search = Search(**{"kind": "manifest", **asked})
        page = unit.searching.page(search, order or Order(), offset=0, limit=100)
        assert unit.searching.count(search) == len(page)
        assert sorted(row.number for row in unit.searching.stream(search)) == sorted(r.number for r in page)
    return [row.client_number for row in page]


@pytest.fixture
def filled(store: Store) -> Store:
    """Manifests, declarations and a filing of two enterprises."""
    manifests = [
        ("A", {"content": {"DeclDate": "20261001", "BillNo": "B-1"}, "period": "202610"}),
        ("B", {"content": {"DeclDate": "20261031", "BillNo": "B-2"}, "period": "202610", "ie_flag": "E"}),
        (
            "C",
            {
                "content": {"DeclDate": "20261101"},
                "period": "202611",
                "customs_number": "C1",
                "office": "0708",
            },
        ),
        ("D", {"content": {"BillNo": "=1+1 '\"%_"}, "nature": "2", "state": "deleted"}),
        ("E", {"content": {"DeclDate": "20261015"}, "enterprise": OTHER, "parent": _number("R", 9)}),
    ]
    _put(
        store,
        *(
            document(_number("M", place), client_number=name, **fields)
            for place, (name, fields) in enumerate(manifests, 1)
        ),
        document(_number("Q", 1), kind="qualification", client_number="Q"),
        document(
            _number("G", 1), kind="volume", client_number="G", parent=_number("Q", 1), customs_number="J1"
        ),
        document(
            _number("D", 1),
            kind="declaration",
            client_number="AG",
            content={"DecHead": {"AgentCode": OTHER, "TradeCode": OWN, "PDate": "20261103"}},
        ),
    )
    return store


@pytest.mark.requirement("QR-02")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "ABCDE"),
        ({"without": ["deleted"]}, "ABCE"),
        ({"states": ["deleted"]}, "D"),
        ({"ie_flag": "E"}, "B"),
        ({"nature": "2"}, "D"),
        ({"office": "0708"}, "C"),
        ({"client_number": "C"}, "C"),
        ({"customs_number": "C1"}, "C"),
        ({"number": _number("M", 2)}, "B"),
        ({"content": {"BillNo": "B-2"}}, "B"),
        ({"content": {"BillNo": "=1+1 '\"%_"}}, "D"),
        ({"days": ("20261001", "20261031"), "day_at": "DeclDate"}, "ABE"),
        ({"days": ("", "20261001"), "day_at": "DeclDate"}, "A"),
        ({"periods": ("202611", "")}, "C"),
        ({"days": ("20261020", "20261020")}, "ABCDE"),
        ({"days": ("20261021", "")}, ""),
        ({"message_type": "ManifestModification"}, ""),
    ],
)
def test_each_criterion_finds_what_it_says(filled: Store, asked: dict[str, Any], expected: str) -> None:
    """Columns, fields of the content, days of the content or of the first saving (noon of 20 October)."""
    assert _found(filled, **asked) == list(expected)


@pytest.mark.requirement("QR-08")
@pytest.mark.parametrize(("own", "expected"), [(None, "ABCDE"), ([OWN], "ABCD"), ([OTHER], "E"), ([], "")])
def test_only_documents_of_the_enterprises_that_are_named_are_found(
    filled: Store, own: list[str] | None, expected: str
) -> None:
    """None is everybody's; whoever speaks for nobody finds nothing."""
    assert _found(filled, enterprises=own) == list(expected)


@pytest.mark.requirement("QR-03")
@pytest.mark.parametrize(
    ("parties", "own", "found"),
    [
        (("DecHead/AgentCode",), OTHER, True),
        (("DecHead/AgentCode",), OWN, False),
        (("DecHead/TradeCode",), OWN, True),
        (("", "DecHead/AgentCode"), OTHER, True),
        (("",), OTHER, False),
    ],
)
def test_a_declaration_is_found_by_the_role_of_an_enterprise(
    filled: Store, parties: tuple[str, ...], own: str, *, found: bool
) -> None:
    """Where in the content the enterprise stands; an empty place is the document's own enterprise."""
    assert _found(filled, kind="declaration", parties=parties, enterprises=[own]) == (["AG"] if found else [])


@pytest.mark.requirement("QR-01")
@pytest.mark.parametrize(
    "asked", [{"number": _number("Q", 1)}, {"number": _number("G", 1)}, {"customs_number": "J1"}]
)
def test_a_filing_is_found_by_its_own_number_or_that_of_a_volume(
    filled: Store, asked: dict[str, str]
) -> None:
    """And what stands under a number by that number: a volume by its filing's."""
    assert _found(filled, kind="qualification", **asked) == ["Q"]
    assert _found(filled, kind="volume", **asked) == ["G"]


@pytest.mark.requirement("QR-02")
@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order(), "ABCDE"),
        (Order("number", descending=True), "EDCBA"),
        (Order("DeclDate"), "DAEBC"),
        (Order("DeclDate", descending=True), "CBEAD"),
        (Order("office", descending=True), "ABDEC"),
    ],
)
def test_pages_are_sorted_alike_in_every_store(filled: Store, order: Order, expected: str) -> None:
    """What has no such field comes first, or last in falling order; equals stand by number."""
    assert _found(filled, order) == list(expected)


@pytest.mark.requirement("QR-02")
def test_pages_hold_everything_once(filled: Store) -> None:
    """However large they are."""
    for size in (1, 2, 3, 7):
        with filled.read() as unit:
            pages = [
                unit.searching.page(Search(kind="manifest"), Order("office"), offset=at, limit=size)
                for at in range(0, 9, size)
            ]
        assert sorted(row.client_number for page in pages for row in page) == list("ABCDE")


@pytest.mark.requirement("QR-06")
def test_a_stream_never_holds_all_that_it_finds(store: Store) -> None:
    """Forty megabytes of manifests pass through the memory of a few pieces."""
    filling = {"NoteS": "x" * 20_000}
    for start in range(0, 2000, 500):
        _put(
            store,
            *(document(_number("M", start + n), client_number=str(n), content=filling) for n in range(500)),
        )
    tracemalloc.start()
    with store.read() as unit:
        count = sum(1 for _ in unit.searching.stream(Search(kind="manifest")))
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 2000
    assert peak < 25_000_000


@pytest.mark.requirement("QR-04")
def test_a_merge_relation_is_paged_from_both_sides(filled: Store) -> None:
    """By declaration and its items, then by manifest and its items."""
    manifest, declaration = _number("M", 1), _number("D", 1)
    rows = [
        RelationRow(
            manifest_number=manifest,
            manifest_item=item,
            declaration_number=declaration,
            declaration_item=1 + item % 2,
            quantity=Decimal("1.50"),
            total=Decimal(item),
        )
        for item in (1, 2, 3)
    ]
    with filled.begin() as unit:
        add_relations(unit, *rows)
    with filled.read() as unit:
        for number in (manifest, declaration):
            assert unit.relations.count(number) == 3
            first = unit.relations.page(number, offset=0, limit=2)
            rest = unit.relations.page(number, offset=2, limit=2)
            assert [row.manifest_item for row in (*first, *rest)] == [2, 1, 3]
        assert unit.relations.count(_number("M", 2)) == 0


@pytest.mark.requirement("QF-10")
def test_what_is_to_be_made_is_delivered_only_when_it_is_made(store: Store) -> None:
    """Kinds are taken apart, the oldest first; made once, it stays as it was made."""
    with store.begin() as unit:
        draft, pdf = unit.raw.put(b"draft"), unit.raw.put(b"pdf")
        usual = {"partner": "acme", "digest": draft, "state": NoticeState.TO_MAKE, "created_at": NOON}
        unit.notices.add(
            *(NoticeRow(kind="print", name=f"{n}.pdf", number="M", **usual) for n in "ab"),
            NoticeRow(kind="reply", name="r", **usual),
        )
        assert unit.notices.take("acme", 9) == []
        prints = unit.notices.take_to_make(["print", "notice"], 9)
        assert [row.name for row in prints] == ["a.pdf", "b.pdf"]
        assert [row.name for row in unit.notices.take_to_make(["reply"], 9)] == ["r"]
        assert unit.notices.count("acme", "print", "M") == 2
        assert unit.notices.count("other", "print", "M") == 0
        unit.notices.made(prints[0].id, pdf)
        unit.notices.made(prints[0].id, draft)
        (row,) = unit.notices.take("acme", 9)
        assert (row.id, row.digest) == (prints[0].id, pdf)


def test_an_empty_page_is_none_of_a_million(filled: Store) -> None:
    """Beyond the last row there is nothing, and nothing fails."""

    def empty() -> Iterator[object]:
        with filled.read() as unit:
            yield from unit.searching.page(Search(kind="manifest"), Order(), offset=999_999_000, limit=1000)

    assert list(empty()) == []
