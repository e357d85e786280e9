"""Whatever can be built comes back the same, through the bytes of the file."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.fields import Fields
from gateway.messages import Catalogue, build, read, serialize
from gateway.messages.model import Element
from gateway.xmlio import parse
from tests.unit.messages.samples import head

CATALOGUE = Catalogue.load(Path(__file__).parents[3] / "schemas" / "xsd")

# What XML can carry and what is not trimmed away: no control or surrogate characters, no blanks at the ends.
TEXTS = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=8)
    .map(str.strip)
    .filter(bool)
)


def _fields(group: Element) -> st.SearchStrategy[Fields]:
    return st.fixed_dictionaries({}, optional={child.name: _content(child) for child in group.children})


def _content(element: Element) -> st.SearchStrategy[object]:
    if element.type is not None:
        return TEXTS
    groups = _fields(element)
    return st.lists(groups, min_size=1, max_size=2) if element.repeats else groups.filter(bool)


@given(data=st.data())
def test_build_serialize_parse_read_gives_the_same_tree(data: st.DataObject) -> None:
    """For every body, with any fields and any text."""
    name = data.draw(st.sampled_from(sorted(CATALOGUE.bodies)))
    body = data.draw(_fields(CATALOGUE.bodies[name]))
    root = build(CATALOGUE, head(name), body)
    assert read(parse(serialize(root))) == (head(name), body)
    assert serialize(parse(serialize(root))) == serialize(root)


@given(
    number=st.decimals(min_value=0, max_value=10**11, places=5, allow_nan=False),
    client_number=st.from_regex(r"[A-Za-z0-9._/\-]{1,18}", fullmatch=True),
)
def test_right_values_are_never_refused(number: object, client_number: str) -> None:
    """A quantity of 5 decimals and a client number of the allowed characters."""
    body: Fields = {"CustomMaster": "5301", "IEFlag": "I", "GrossWet": f"{number}"}
    root = build(CATALOGUE, head("Manifest", client_seq_no=client_number), body)
    assert CATALOGUE.check(root, command=True) == []
