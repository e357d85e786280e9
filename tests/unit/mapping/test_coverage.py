"""Which parts of a mapping its examples bring into play, and which they do not."""

from __future__ import annotations

from gateway.formats import read
from gateway.mapping import Coverage
from gateway.mapping.examples import run_examples

MAPPING = """format = "csv"
[match]
columns = ["nr"]
[message]
type = { from = "type", values = "type" }
key = "nr"
client-number = "nr"
[header]
NoteS = [
    { from = "a", when = { from = "k", is = "x" } },
    { from = "b", default = "none" },
]
[items]
when = { from = "g", empty = false }
GName = "g"
[once.Corrected]
GrossWet = "w"
[values.type]
volume = "GoodsFiling"
manifest = "Manifest"
"*" = "Manifest"
"""


def cover(workshop, *rows: str) -> Coverage:
    """Return what an example of these rows brings into play."""
    workshop.write(MAPPING)
    examples = workshop.folder / "erp/examples"
    examples.mkdir(exist_ok=True)
    (examples / "a.csv").write_text("\n".join(["nr,type,k,a,b,g,w", *rows, ""]))
    (found,) = run_examples(workshop.load(), workshop.folder, read).coverage
    return found


def test_what_no_example_needs_is_named_by_its_key(workshop) -> None:
    """A default that was not needed, a condition that never held, a group that was never made."""
    found = cover(workshop, "1,volume,,,text,,")
    assert found == Coverage(
        mapping="erp/goods",
        parts=13,
        missed=(
            "items.when = true",
            "header.NoteS[1]",
            "header.NoteS[1].when = true",
            "header.NoteS[2].default",
            "items.GName",
            "once.Corrected.GrossWet",
            "items",
        ),
        words=3,
        missed_words=('values.type."manifest"', 'values.type."*"'),
    )


def test_examples_that_need_everything_leave_nothing(workshop) -> None:
    """A field of several types of message is one, whichever type an example has."""
    rows = ["1,volume,x,text,,g,1", "2,manifest,,,,,", "3,other,,,text,,"]
    found = cover(workshop, *rows)
    assert (found.missed, found.missed_words) == ((), ())
