"""Bad input: each gets an answer that says what, where and what would be right, and the gateway goes on."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.flow import erp
from tests.flow.queries import message
from tests.services.installation import ROOT, Installation, Running

CSV = (ROOT / "tests/examples/main-job/03-manifest.csv").read_bytes().decode("gb18030")
BILLION_LAUGHS = """<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><ZJBMAN01>&b;</ZJBMAN01>"""
XXE = """<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><ZJBMAN01>&x;</ZJBMAN01>"""


def _noise(size: int) -> bytes:
    """Return the same garbage each time; its beginning is no text in any encoding."""
    return b"\x81\xff" + random.Random(size).randbytes(size)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway that goes on, whatever comes."""
    installation = Installation(tmp_path_factory.mktemp("bad-input"))
    with installation.open() as running:
        running.send("qualification.json", erp.qualification())
        running.send("volume.json", erp.volume())
        yield running
        assert running.troubles == []
        assert running.alerts() == []


@pytest.fixture(autouse=True)
def _goes_on(gateway: Running, numbers: Iterator[int]) -> Iterator[None]:
    """After each test a good file passes, all the way to its clearance."""
    yield
    number = f"GOOD-{next(numbers)}"
    assert gateway.send(f"{number}.json", erp.manifests(erp.manifest(number)))["outcome"] == "accepted"
    assert gateway.document(number).state == "cleared"


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Numbers that no good file had yet."""
    return count(1)


def _faults(reply: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every fault of a reply; each tells code and texts in both languages."""
    found = list(reply.get("violations", ()))
    for each in reply.get("messages", ()):
        found += each.get("violations", ())
    for fault in found:
        assert fault["code"]
        assert fault["text_en"] != fault["text_zh"]
        assert any("\u4e00" <= character <= "\u9fff" for character in fault["text_zh"])
    return found


@dataclass(frozen=True)
class Unreadable:
    """A file that cannot be understood at all.

    Attributes:
        name: Its name.
        data: Its bytes.
        code: What is told.
        right: What the text names as the fault or what would be right.
        place: Where, beside the file.
    """

    name: str
    data: bytes
    code: str
    right: str
    place: dict[str, Any] | None = None


UNREADABLE = [
    Unreadable("unreadable.csv", CSV.encode() + b"\xff\xfe", "format.unreadable-bytes", "UTF-8 or GB18030"),
    Unreadable("utf-32.csv", CSV.encode("utf-32"), "format.unknown-encoding", "UTF-8"),
    Unreadable(
        "declared.xml",
        '<?xml version="1.0" encoding="UTF-8"?><a>中文</a>'.encode("gb18030"),
        "format.wrong-encoding",
        "it reads as GB18030",
    ),
    Unreadable(
        "unheard-of.xml", b'<?xml version="1.0" encoding="EBCDIC"?><a/>', "format.unknown-encoding", "GB18030"
    ),
    Unreadable("empty.csv", b"", "format.empty-file", "empty"),
    Unreadable("only-a-mark.csv", b"\xef\xbb\xbf", "format.empty-file", "empty"),
    Unreadable("only-space.json", b" \n\n", "format.empty-file", "empty"),
    Unreadable(
        "header-only.csv", CSV.splitlines()[0].encode(), "format.no-rows", "no row below", {"row": 1}
    ),
    Unreadable("noise.csv", _noise(5_000_000), "format.unreadable-bytes", "no text file"),
    Unreadable("noise", _noise(5_000_000), "format.unreadable-bytes", "no text file"),
    Unreadable("zeros.csv", b"\0" * 5_000_000, "format.control-character", "U+0000", {"row": 1}),
    Unreadable("letters.txt", b"A" * 5_000_000, "format.huge-field", "131072", {"row": 1}),
    Unreadable("rows.csv", b"a,b\n" * 1_250_000, "format.too-many-rows", "split it", {"row": 500_002}),
    Unreadable("brackets.json", b"[" * 5_000_000, "format.too-deep", "64 levels"),
    Unreadable("deep.json", b'{"a":' * 1000 + b"1" + b"}" * 1000, "format.too-deep", "64 levels"),
    Unreadable("tags.xml", b"<a>" * 1_700_000, "xml.too-deep", "64 levels"),
    Unreadable("picture.csv", b"\x89PNG\r\n\x1a\n" + _noise(100), "format.binary-file", "PNG"),
    Unreadable("sheet.xlsx", b"PK\x03\x04" + _noise(100), "format.zip-broken", "ZIP"),
    Unreadable(
        "huge-cell.csv", CSV.replace("HKG26101901", "X" * 200_000).encode(), "format.huge-field", "131072",
        {"row": 2},
    ),
    Unreadable("quote.csv", (CSV + '"').encode(), "format.unterminated-quote", "missing quote", {"row": 5}),
    Unreadable("ragged.csv", (CSV + "商品,1\n").encode(), "format.ragged-row", "33", {"row": 5}),
    Unreadable("half.json", b'{"document": "manifests"', "format.not-json", "row 1, column 25", {"row": 1}),
    Unreadable("half.xml", b"<a>\n<b>\n", "xml.not-well-formed", "row 3", {"row": 3}),
    Unreadable(
        "twice.json", b'{"document": "a", "document": "b"}', "format.duplicate-key", "stands twice",
        {"path": "$.document"},
    ),
    Unreadable("nan.json", b'{"document": NaN}', "format.not-a-number", "null"),
    Unreadable("surrogate.json", rb'{"document": "\ud800"}', "format.control-character", "U+D800",
               {"path": "$.document"}),
    Unreadable("xml-in.csv", b"<a/>", "format.content-differs", "XML"),
    Unreadable("laughs.xml", BILLION_LAUGHS.encode(), "xml.dtd-refused", "DTD"),
    Unreadable("outside.xml", XXE.encode(), "xml.dtd-refused", "DTD"),
    Unreadable("unknown.json", b'{"hello": 1}', "mapping.none-fits", "gateway mappings list"),
    Unreadable("scalar.json", b"null", "mapping.none-fits", "acme-json/"),
    Unreadable("no-list.json", b'{"document": "manifests", "manifests": [1]}', "map.not-a-group", "a list"),
    Unreadable(
        "headless.csv", "\n".join([CSV.splitlines()[0], *CSV.splitlines()[2:]]).encode(),
        "map.row-without-header", "表头", {"row": 2, "column": "行类型"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("bad", UNREADABLE, ids=[bad.name for bad in UNREADABLE])
@pytest.mark.requirement("ER-05", "EN-05")
def test_what_cannot_be_understood_goes_to_quarantine_with_its_reason(
    gateway: Running, bad: Unreadable
) -> None:
    """The reply and the reason beside the file say the same; the file is kept to the byte."""
    reply = gateway.send(bad.name, bad.data)
    assert reply["outcome"] == "quarantined"
    fault = _faults(reply)[0]
    assert fault["code"] == bad.code
    assert bad.right in fault["text_en"]
    assert fault["place"] == {"file": bad.name, **(bad.place or {})}
    folder = gateway.installation.inbox() / ".quarantine"
    assert (folder / bad.name).read_bytes() == bad.data
    reason = json.loads((folder / f"{bad.name}.reason.json").read_bytes())
    assert reason["violations"] == reply["violations"]


@pytest.mark.requirement("ER-03", "EN-05")
def test_a_missing_column_that_a_mapping_is_known_by_is_named_with_the_nearest(gateway: Running) -> None:
    """The nearest mapping says why it does not fit; the others stay out of it."""
    faults = _faults(gateway.send("lacks.csv", CSV.replace("备案序号", "备案项号")))
    told = {(fault["code"], fault["text_en"].partition(" ")[0]) for fault in faults[1:]}
    assert ("mapping.lacks-column", "acme-csv/manifest") in told
    assert {name for _, name in told} == {"acme-csv/manifest"}
    near = faults[1]
    assert near["text_en"].startswith("acme-csv/manifest ")
    assert "备案序号" in near["text_zh"]
    assert "备案项号" in near["text_zh"]


def _csv(**changes: str) -> str:
    text = CSV.replace("GF-2026-0001", erp.VOLUME)
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.requirement("EN-01", "EN-05")
def test_a_missing_column_of_the_data_is_one_fault_with_field_and_place(gateway: Running) -> None:
    """In both languages, at the header row, with the nearest column."""
    (fault,) = _faults(gateway.send("column.csv", _csv(件数="件树")))
    assert fault["code"] == "map.missing-column"
    assert (fault["field"], fault["field_zh"], fault["field_en"]) == ("Manifest/PackNo", "件数", "Packages")
    assert fault["place"] == {"file": "column.csv", "row": 1, "column": "件数"}
    assert "件树" in fault["text_en"]


@pytest.mark.requirement("EN-03", "EN-05")
def test_an_unknown_code_is_named_with_the_nearest_entries(gateway: Running) -> None:
    """At row and column of a table, at the path of a tree."""
    (fault,) = _faults(gateway.send("code.csv", _csv(再生木托="再生木拖")))
    assert (fault["code"], fault["field"]) == ("map.unknown-code", "Manifest/WrapType")
    assert fault["place"] == {"file": "code.csv", "row": 2, "column": "包装种类"}
    assert "92 再生木托" in fault["text_en"]
    assert "92 再生木托" in fault["text_zh"]
    wrong = erp.manifest("BAD-1", packing={"kind": "再生木拖", "count": 1})
    (fault,) = _faults(gateway.send("code.json", erp.manifests(wrong)))
    assert fault["place"] == {"file": "code.json", "path": "$.manifests[0].packing.kind"}


@pytest.mark.requirement("EN-04")
def test_an_office_that_the_partial_table_lacks_is_warned_of_only(gateway: Running) -> None:
    """The public list is known to be incomplete; the reply says so and names the nearest."""
    reply = gateway.send("office.json", erp.qualification("QF-5313", customs={"office": "5313"}))
    assert reply["outcome"] == "accepted"
    (warning,) = reply["messages"][0]["warnings"]
    assert warning["code"] == "rule.unknown-customs-district"
    assert warning["place"]["path"] == "$.customs.office"


@pytest.mark.requirement("EN-01", "QF-03")
def test_every_missing_field_is_told_at_once_with_both_names_and_where_it_was_expected(
    gateway: Running,
) -> None:
    """Those that saving needs and those that declaring needs; none twice, no filled one among them."""
    faults = _faults(gateway.send("bare.json", erp.manifests({"number": "BAD-2"})))
    fields = [fault["field"].removeprefix("Manifest/") for fault in faults]
    assert sorted(fields) == sorted(
        [
            *("IEFlag", "CustomMaster", "IEPort", "ManualNo", "IEDate", "TrafMode", "TrafName", "BillNo"),
            *("TradeCountry", "DistinatePort", "WrapType", "PackNo", "GrossWet", "NetWt", "Item"),
        ]
    )
    told = {fault["field"]: fault for fault in faults}
    gross = told["Manifest/GrossWet"]
    assert (gross["field_zh"], gross["field_en"]) == ("毛重（千克）", "Gross weight (kg)")
    assert gross["place"] == {"file": "bare.json", "path": "$.manifests[0].weight.gross"}
    assert all(fault["field_zh"] and fault["field_en"] and fault["place"]["path"] for fault in faults)


@pytest.mark.requirement("EN-01", "EN-04", "EN-05")
def test_faults_of_every_kind_are_told_at_once(gateway: Running) -> None:
    """Of the mapping, of the structure and of the rules, each at its own item."""
    items = [
        erp.line(qty="abc"),
        erp.line(total=1.234),
        erp.line(qty=12345678901234567890123),
        erp.line(total=9200.01),
        erp.line(volumeItem=7),
    ]
    bad = erp.manifest("BAD-3", contract="x" * 33, items=items, weight={"gross": 1, "net": 2})
    faults = _faults(gateway.send("kinds.json", erp.manifests(bad)))
    told = {fault["field"].removeprefix("Manifest/"): fault for fault in faults}
    assert {field: fault["code"] for field, fault in told.items()} == {
        "Item[1]/GQty": "map.bad-number",
        "Item[2]/DeclTotal": "map.too-many-decimals",
        "ContrNo": "schema.too-long",
        "Item[3]/GQty": "schema.bad-number",
        "Item[4]/DeclTotal": "rule.total-differs",
        "Item[5]/ContrItem": "rule.unknown-item",
        "NetWt": "rule.net-above-gross",
    }
    assert told["Item[4]/DeclTotal"]["place"]["path"] == "$.manifests[0].items[3].total"
    assert "9200.00" in told["Item[4]/DeclTotal"]["text_zh"]


@pytest.mark.requirement("EN-04", "EN-05")
def test_structure_faults_of_a_table_name_row_and_column(gateway: Running) -> None:
    """A date that does not exist, a number that is too long."""
    bad = _csv(**{"2026-10-19": "2026-02-30", "HKG26101901": "X" * 40})
    told = {fault["field"]: fault for fault in _faults(gateway.send("rows-2.csv", bad))}
    assert told["Manifest/IEDate"]["place"] == {"file": "rows-2.csv", "row": 2, "column": "进出口日期"}
    assert told["Manifest/BillNo"]["code"] == "schema.too-long"
    assert told["Manifest/BillNo"]["place"] == {"file": "rows-2.csv", "row": 2, "column": "提运单号"}


@pytest.mark.requirement("EN-05")
def test_a_giant_value_is_shown_by_its_beginning(gateway: Running) -> None:
    """A reply stays readable, however long the cell."""
    bad = erp.manifest("BAD-4", items=[erp.line(qty="9x" * 500_000)], contract="y" * 1_000_000)
    reply = gateway.send("giant.json", erp.manifests(bad))
    assert {fault["code"] for fault in _faults(reply)} >= {"map.bad-number", "schema.too-long"}
    assert len(gateway.installation.replies("giant.json")[0]) < 20_000


@pytest.mark.requirement("EN-05")
def test_a_file_with_a_fault_in_every_row_is_told_up_to_a_limit(gateway: Running) -> None:
    """And how many are left out."""
    rows = "".join(f"商品{',' * 27}1,x{row},1,1,1,照章征税\n" for row in range(1000))
    (message,) = gateway.send("thousand.csv", _csv() + rows)["messages"]
    assert message["outcome"] == "refused"
    assert len(message["violations"]) <= 200
    assert message.get("violations_left_out", 0) > 0 or any(
        fault["code"] == "map.more-faults" for fault in message["violations"]
    )


@pytest.mark.requirement("EN-01", "EN-05")
def test_a_message_of_nothing_but_faults_is_refused_as_any_other(gateway: Running) -> None:
    """The first are told with their places; the rules never see what nobody could explain any more."""
    items = "".join(f"<Item><CodeTS>x{n}</CodeTS><DeclPrice>y</DeclPrice></Item>" for n in range(1500))
    body = f"<QualificationSeqNo>Q20260000000000001</QualificationSeqNo>{items}"
    (told,) = gateway.send("faults.xml", message("GoodsFiling", body, "save", "BAD-9"))["messages"]
    assert (told["outcome"], len(told["violations"])) == ("refused", 200)
    assert told["violations_left_out"] > 1000
    last = told["violations"][-1]
    assert (last["field"], last["place"]["path"]) == (
        "GoodsFiling/Item[100]/DeclPrice",
        "/Message/GoodsFiling/Item[100]/DeclPrice",
    )


NAMES = [
    "a b.json",
    "订单 十月.json",
    "..json",
    "-rf.json",
    "$(reboot).json",
    "name\nwith\nlines.json",
    "\u202enosj.json",
    "x" * 240 + ".json",
    os.fsdecode(b"\xb6\xa9\xb5\xa5.json"),
    "a.reply.json",
    "%s%n{0}.json",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.requirement("ER-05")
def test_a_name_is_never_more_than_a_name(gateway: Running, numbers: Iterator[int], name: str) -> None:
    """Whatever it is: the file is understood, put away, and answered in one file that is surely a reply."""
    number = f"NAME-{next(numbers)}"
    before = set(_replies(gateway))
    gateway.installation.drop(name, erp.manifests(erp.manifest(number)))
    if name.startswith("."):
        gateway.settle()
        assert (gateway.installation.inbox() / name).exists(), "a hidden name is not finished"
        (gateway.installation.inbox() / name).unlink()
        return
    gateway.settle()
    assert gateway.document(number).state == "cleared"
    assert (gateway.installation.inbox() / ".done" / name).exists()
    (reply,) = [file for file in _replies(gateway) if file not in before]
    assert reply.name.isprintable()
    assert " " not in reply.name
    assert json.loads(reply.read_bytes())["outcome"] == "accepted"


def _replies(gateway: Running) -> list[Path]:
    return list((gateway.installation.folder / "receipts/acme").glob("*.reply.json"))


@pytest.mark.requirement("ER-05")
def test_a_file_that_is_still_written_is_not_read(gateway: Running, numbers: Iterator[int]) -> None:
    """Another that came later and was written in place passes; the first is read when it is whole, once."""
    inbox = gateway.installation.inbox()
    data = erp.manifests(erp.manifest(slow := f"SLOW-{next(numbers)}")).encode()
    with (inbox / "slow.json").open("wb") as growing:
        growing.write(data[:100])
        growing.flush()
        (inbox / "quick.json").write_text(erp.manifests(erp.manifest(quick := f"QUICK-{next(numbers)}")))
        gateway.until(lambda: gateway.documents(client_number=quick) != [])
        assert gateway.installation.replies("slow.json") == []
        assert gateway.documents(client_number=slow) == []
        growing.write(data[100:])
    gateway.until(lambda: gateway.documents(client_number=slow) != [])
    gateway.settle()
    assert len(gateway.installation.replies("slow.json")) == 1


@pytest.mark.parametrize("suffix", [".tmp", ".part", ".Temp"])
@pytest.mark.requirement("ER-05")
def test_a_name_that_says_unfinished_is_not_read(
    gateway: Running, numbers: Iterator[int], suffix: str
) -> None:
    """However long it stands still, until it is renamed."""
    draft = gateway.installation.inbox() / f"draft.json{suffix}"
    draft.write_text(erp.manifests(erp.manifest(number := f"DRAFT-{next(numbers)}")))
    (gateway.installation.inbox() / "other.json").write_text(erp.manifests(erp.manifest(f"OTHER-{number}")))
    gateway.until(lambda: gateway.documents(client_number=f"OTHER-{number}") != [])
    assert gateway.documents(client_number=number) == []
    draft.rename(draft.with_suffix(""))
    gateway.until(lambda: gateway.documents(client_number=number) != [])


@pytest.mark.requirement("ER-05")
def test_what_is_no_file_of_the_folder_is_told_and_never_followed(gateway: Running) -> None:
    """A link out of the folder goes to quarantine, a reply says why; what it points to is not read."""
    secret = gateway.installation.folder / "secret.json"
    secret.write_text(erp.manifests(erp.manifest("SECRET")))
    (gateway.installation.inbox() / "link.json").symlink_to(secret)
    gateway.settle()
    (reply,) = gateway.installation.notices("link.json.*.reply.json")
    assert reply["outcome"] == "quarantined"
    assert [fault["code"] for fault in _faults(reply)] == ["channels.not-a-file"]
    assert gateway.documents(client_number="SECRET") == []
    assert "link.json.reason.json" in gateway.installation.quarantined()


MUTATIONS: list[tuple[str, Callable[[bytes, random.Random], bytes]]] = [
    ("cut", lambda data, dice: data[: dice.randrange(len(data))]),
    ("flip", lambda data, dice: _replaced(data, dice, bytes([dice.randrange(256)]))),
    ("insert", lambda data, dice: _replaced(data, dice, dice.choice(
        [b'"', b"{", b"]", b"<", b",", b"\n", b"\x00", b"\\u0000", b"null", b"-1", b"1e9", b"&amp;", b"%"]
    ))),
    ("repeat", lambda data, dice: data + data[dice.randrange(len(data)) :]),
]  # fmt: skip


def _replaced(data: bytes, dice: random.Random, by: bytes) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + by + data[at + 1 :]


@pytest.mark.parametrize(
    "example", ["01-qualification.csv", "02-goods.xml", "03-manifest.csv", "04-manifest.json"]
)
@pytest.mark.requirement("ER-04", "ER-05")
def test_a_damaged_example_always_gets_an_answer_that_was_foreseen(gateway: Running, example: str) -> None:
    """Cut, flipped, filled and repeated anywhere; never an error of ours, never silence."""
    data = (ROOT / "tests/examples/main-job" / example).read_bytes()
    dice = random.Random(example)
    names = []
    for turn in range(5):
        for kind, damage in MUTATIONS:
            name = f"{kind}-{turn}-{example}"
            names.append(gateway.installation.drop(name, damage(data, dice)))
    gateway.settle()
    for name in names:
        (reply,) = gateway.installation.replies(name)
        codes = {fault["code"] for fault in _faults(json.loads(reply))}
        assert not any(code.startswith("containment.") for code in codes), name
