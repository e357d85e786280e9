"""The command that checks the whole installation."""

from __future__ import annotations

import click

from gateway.checking import Checked, check_installation
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED, Show
from gateway.errors import Violation


@click.command()
@command
def check(session: Session, /) -> int:
    """Check the whole installation.

    Configuration, token, schemas, code tables, mappings, channels, database: every fault, one line each.
    """
    parts = check_installation(session.settings, session.clock)
    show = session.show
    rows = [_checked(show, part, violation) for part in parts for violation in (part.violations or (None,))]
    show.rows("installation", ("part", "result", "code", "place", "text"), rows)
    return DONE if all(part.sound for part in parts) else REFUSED


def _checked(show: Show, part: Checked, violation: Violation | None) -> dict[str, object]:
    """Return one line of the check; a person is told of a code table in words, a program in values."""
    row: dict[str, object] = {
        "part": part.part if show.json else f"part.{part.part}",
        "result": ("warning" if violation.warning else "fault") if violation else "ok",
        "code": violation.code if violation else "",
        "place": str(violation.place or "") if violation else str(part.facts.get("file", "")),
        "text": violation.text(show.language) if violation else "",
    }
    if show.json:
        return {**row, **part.facts}
    if part.facts:
        told = show.word("table-told", **part.facts, name=part.facts[f"name_{show.language}"])
        row["text"] = f"{told} {row['text']}".rstrip() if show.language == "en" else f"{told}{row['text']}"
    return row
