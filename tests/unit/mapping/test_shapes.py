"""Messages of several types, groups that stand once or hold some of the records, bodies taken as they are."""

from __future__ import annotations

import pytest

from gateway.errors import Place
from gateway.mapping.check import check_mapping
from gateway.messages.names import REPEATED
from tests.source import ROOT
from tests.unit.mapping.test_check import DICTIONARY

COMMANDS = """format = "csv"
[match]
columns = ["what"]
[message]
type = { from = "what", values = "what" }
key = ["what", "do", "nr"]
client-number = "nr"
operation = "do"
[header]
NoteS = { from = "note", optional = true }
[items]
when = { from = "item", empty = false }
GNo = "item"
[values.what]
volume = "GoodsFiling"
list = "Manifest"
"""


@pytest.mark.requirement("ER-03")
def test_one_mapping_can_make_messages_of_several_types(workshop) -> None:
    """The type is a rule like any other, and part of what is explained."""
    first, second = workshop.apply(COMMANDS, "what,do,nr,item\nvolume,show,1,\nlist,delete,2,\n", "a.csv")
    assert (first.message_type, first.operation, first.body) == ("GoodsFiling", "show", {})
    assert (second.message_type, second.operation) == ("Manifest", "delete")
    assert ("MessageHead/MessageType", "Manifest") in [
        (row["target"], row["value"]) for row in second.explain()
    ]


@pytest.mark.requirement("EN-05")
def test_a_type_that_is_not_in_the_list_is_told_with_its_place(workshop) -> None:
    """And what would be right."""
    (made,) = workshop.apply(COMMANDS, "what,do,nr,item\nbook,show,1,\n", "a.csv")
    (fault,) = made.violations
    assert (fault.code, fault.path, fault.place) == (
        "map.unknown-value",
        "MessageHead/MessageType",
        Place("a.csv", 2, "what"),
    )
    assert "volume, list" in fault.text("en")


@pytest.mark.requirement("EN-05")
def test_a_missing_column_is_told_once_and_only_where_it_is_needed(workshop) -> None:
    """Not for each type of message that could have been meant."""
    text = COMMANDS.replace('NoteS = { from = "note", optional = true }', 'NoteS = "note"')
    (made,) = workshop.apply(text, "what,do,nr,item\nvolume,show,1,\n", "a.csv")
    assert [(fault.code, fault.path) for fault in made.violations] == [
        ("map.missing-column", "GoodsFiling/NoteS")
    ]


@pytest.mark.requirement("ER-03")
def test_several_columns_can_tell_where_the_next_message_begins(workshop) -> None:
    """Each change of one of them does; a row in which all are empty continues."""
    rows = "what,do,nr,item\nvolume,delete-item,1,2\n,,,3\nvolume,show,1,\n"
    first, second = workshop.apply(COMMANDS, rows, "a.csv")
    assert first.body == {"Item": [{"GNo": "2"}, {"GNo": "3"}]}
    assert second.body == {}


@pytest.mark.requirement("ER-03")
def test_conditions_say_which_records_belong_to_a_group(workshop) -> None:
    """Two groups share the rows of one table."""
    rules = (
        '[items]\nwhen = { from = "how", is = "add" }\nGName = "name"\n'
        '[groups.DisabledItem]\nwhen = { from = "how", is = "stop" }\nGNo = "no"'
    )
    rows = ["nr,how,name,no", "1,add,a,", "1,stop,,7", "1,add,b,"]
    (made,) = workshop.csv(rules, rows, 'key = "nr"')
    assert made.body == {"Item": [{"GName": "a"}, {"GName": "b"}], "DisabledItem": [{"GNo": "7"}]}
    assert made.lineage["GoodsFiling/Item[2]/GName"].place == Place("a.csv", 4, "name")


@pytest.mark.requirement("ER-03")
def test_a_group_can_stand_once_with_groups_below_it(workshop) -> None:
    """It is seen from the message, like the header; one of which nothing is made is left out."""
    rules = (
        '[header]\nNoteS = "why"\n[once.Corrected]\nBillNo = "bill"\n'
        '[once.Corrected.groups.Item]\nrecord = "D"\nGQty = "qty"'
    )
    rows = ["kind,nr,why,bill,qty", "H,1,x,B1,", "D,,,,5", "H,2,y,,"]
    first, second = workshop.csv(rules, rows, 'record = "kind"\nbegins = "H"')
    assert first.body == {"NoteS": "x", "Corrected": {"BillNo": "B1", "Item": [{"GQty": "5"}]}}
    assert first.lineage.expected("GoodsFiling/Corrected/Item[1]/GQty") == Place("a.csv", 3, "qty")
    assert second.body == {"NoteS": "y"}


@pytest.mark.requirement("ER-03")
def test_a_group_that_stands_once_can_depend_on_something_that_is_an_object(workshop) -> None:
    """An object is there, although it is no value."""
    mapping = (
        'format = "json"\n[match]\npaths = ["$"]\n[message]\ntype = "GoodsFiling"\neach = "$[*]"\n'
        'client-number = "nr"\n[once.Corrected]\nwhen = { from = "new", empty = false }\n'
        'NoteS = { from = "new.note", default = "–" }'
    )
    first, second = workshop.apply(mapping, '[{"nr": "1", "new": {}}, {"nr": "2"}]', "a.json")
    assert (first.body, second.body) == ({"Corrected": {"NoteS": "–"}}, {})


STANDARD = (ROOT / "mappings/standard/message.toml").read_text("utf-8")


def standard(*messages: str) -> str:
    """Return a file of the standard XML."""
    return f'<All xmlns="urn:cn:collective-declaration:1.0">\n{"".join(messages)}</All>'


def message(kind: str, body: str, name: str = "") -> str:
    """Return one message of the standard XML, its body named like its type unless said otherwise."""
    head = f"<MessageType>{kind}</MessageType><ClientSeqNo>1</ClientSeqNo><Operation>save</Operation>"
    name = name or kind
    return f"<Message><MessageHead>{head}</MessageHead>\n<{name}>{body}</{name}></Message>\n"


@pytest.mark.requirement("ER-03")
def test_a_standard_body_is_taken_as_it_is(workshop) -> None:
    """A group that may repeat is a list even where it stands alone, an empty element is an absent one."""
    body = "<NoteS/><Item>\n<GName>a<!-- b -->c</GName></Item><Corrected><BillNo>1</BillNo></Corrected>"
    (made,) = workshop.apply(STANDARD, standard(message("Manifest", body)), "a.xml")
    assert (made.message_type, made.operation) == ("Manifest", "save")
    assert made.body == {"Item": [{"GName": "ac"}], "Corrected": {"BillNo": "1"}}
    origin = made.lineage["Manifest/Item[1]/GName"]
    assert (origin.rule, origin.value, origin.place.row) == ("message.body", "ac", 4)
    assert made.lineage.expected("Manifest/Item[1]/CodeTS").path == "/All/Message/Manifest/Item"


@pytest.mark.requirement("EN-05")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (message("Manifest", "", "Query"), "map.not-one-body"),
        (message("Manifest", "<NoteS>a</NoteS><NoteS>b</NoteS>"), "map.several-values"),
        (message("Manifest", "<Item>a</Item>"), "map.not-a-group"),
    ],
)
def test_a_body_that_is_not_standard_is_told(workshop, text: str, code: str) -> None:
    """Nothing is dropped or chosen in silence."""
    (made,) = workshop.apply(STANDARD, standard(text), "a.xml")
    assert [fault.code for fault in made.violations] == [code]
    assert all(fault.place and "{" not in fault.text("zh") for fault in made.violations)


def test_the_shipped_standard_mapping_knows_every_group_that_repeats(workshop) -> None:
    """Its list is that of the standard."""
    mapping = workshop.mapping(STANDARD)
    assert mapping.verbatim is not None
    assert mapping.verbatim.lists == REPEATED


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (COMMANDS.replace(', values = "what" }', " }"), "mapping.type-open"),
        (STANDARD + '[header]\nNoteS = "x"', "mapping.body-and-rules"),
        (COMMANDS.replace("[header]", 'body = "x"\n[header]'), "mapping.key-of-other-format"),
    ],
)
def test_what_does_not_go_together_is_refused_at_start(workshop, text: str, code: str) -> None:
    """Before any file comes."""
    assert code in [fault.code for fault in workshop.faults(text)]


@pytest.mark.requirement("ER-03")
def test_commands_on_documents_that_exist_need_no_mandatory_fields(workshop) -> None:
    """Only what may make a document must be able to make all of it; targets are checked in any case."""
    only = '[values.what]\nvolume = "GoodsFiling"\n[values.do]\ngo = "declare"\nnew = "%s"\n'
    text = COMMANDS[: COMMANDS.index("[items]")] + only
    text = text.replace('operation = "do"', 'operation = { from = "do", values = "do" }')
    faults = {}
    for operation in ("delete", "save"):
        mapping = workshop.mapping(text % operation)
        faults[operation] = [each.code for each in check_mapping(mapping, DICTIONARY, mapping.tables)]
    assert faults["delete"] == []
    assert "mapping.mandatory-unmapped" in faults["save"]
