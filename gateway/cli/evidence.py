"""The command that hands out the evidence of one document, to be checked without the gateway."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from typing import Final

import click

from gateway.cli.lookups import find_document
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, Show
from gateway.errors import Language, ParkedError
from gateway.reports import Bundle
from gateway.steps.evidence import ACT, Event, Evidence
from gateway.store import Unit

_LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
# Values of the timeline that are words of the gateway.
_WORDS: Final = ("event", "before", "after", "cause", "outcome")


@click.command()
@click.argument("number")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Default: NUMBER.evidence.zip in this folder.",
)
@command
def evidence(session: Session, /, *, number: str, output: Path | None) -> int:
    """Write all that proves what was sent and answered for a document to a ZIP.

    NUMBER is its unified number, customs number or client number. The script
    verify.sh in it checks all of it with sha256sum, xmlsec1 and openssl alone.
    """
    with session.readable.read() as unit:
        number = find_document(unit, number).number
    file = output or Path(f"{number}.evidence.zip")
    with _draft(file) as draft:
        with session.readable.read() as unit:
            bundle = _gather(session, unit, number)
            digest = _write(draft, bundle, unit)
        noted = _note(session, number, file, digest)
        # Nobody has it before it is noted that it was handed out.
        draft.replace(file)
    show, files = session.show, bundle.files()
    if show.json:
        show.data({"file": str(file), "sha256": digest, "number": number, "noted": noted, "files": files})
        return DONE
    show.rows("evidence", ("file", "about"), ({**each, "file": each["name"]} for each in files))
    show.line("evidence-written", file=file, digest=digest)
    if not noted:
        show.line("evidence-unnoted")
    return DONE


def _note(session: Session, number: str, file: Path, digest: str) -> bool:
    """Note that it is handed out, unless the user may only look: who may read everything needs no command."""
    try:
        with session.store.begin() as unit:
            session.note_act(unit, ACT, number, file=str(file), sha256=digest)
    except ParkedError as fault:
        if fault.code != "store.no-right":
            raise
        return False
    return True


@contextmanager
def _draft(file: Path) -> Iterator[Path]:
    """Yield a place beside a file that is to be; nothing of it stays behind.

    Raises:
        ParkedError: `cli.not-written`.
    """
    draft = file.with_name(f".{file.name}.part")
    try:
        yield draft
    except OSError as fault:
        raise ParkedError("cli.not-written", file=file, reason=fault.strerror) from fault
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _gather(session: Session, unit: Unit, number: str) -> Bundle:
    gathered = Evidence(session.world, unit, find_document(unit, number))
    gathered.gather()
    for language in _LANGUAGES:
        text = _timeline(Show(language), gathered)
        gathered.bundle.add(
            f"timeline.{language}.txt", text.encode(), f"what happened, in words ({language})"
        )
    return gathered.bundle


def _write(draft: Path, bundle: Bundle, unit: Unit) -> str:
    """Write the ZIP for nobody but the operator's own user to read; return its SHA-256."""
    # Whoever made a file of that name before would own it, and could change what is in it.
    draft.unlink(missing_ok=True)
    opened = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(opened, "w+b") as written:
        bundle.write(written, unit.raw.get)
        written.seek(0)
        return file_digest(written, "sha256").hexdigest()


def _timeline(show: Show, gathered: Evidence) -> str:
    """Return what happened as lines that a person reads, one an event."""
    row = gathered.row
    head = show.word(
        "timeline.head",
        kind=show.word(row.kind),
        number=row.number,
        client_number=row.client_number,
        customs_number=row.customs_number or "–",
        state=show.word(row.state),
    )
    lines = [head, show.word("timeline.how"), "", *_lines(show, gathered.timeline())]
    return "\n".join(lines) + "\n"


def _lines(show: Show, events: Iterable[Event]) -> Iterable[str]:
    for event in events:
        values = {
            name: _word(show, name, str(value)).replace("\n", " ") for name, value in event.values.items()
        }
        yield f"{event.at:%F %T.%f}  {show.word(event.key, **values)}".rstrip()


def _word(show: Show, name: str, value: str) -> str:
    if name == "outcome":
        return show.word(f"receipt.{value}")
    return show.word(value) if name in _WORDS else value
