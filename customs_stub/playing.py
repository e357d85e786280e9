"""Shows a scenario against a gateway that runs: an ERP's file goes in, and what comes of it is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from customs_stub import listing
from customs_stub.facts import State
from customs_stub.scenarios import Scenario
from customs_stub.store import Store
from customs_stub.submission import Kind

LOOK = 0.2  # seconds
QUIET = 4.0  # seconds after which nothing more is expected, once customs has answered all
ENTERPRISE, NAME = "4403180001", "深圳示例进出口有限公司"


@dataclass(frozen=True)
class Place:
    """Where a gateway of the default configuration and this office meet.

    Attributes:
        inbox: The folder of a partner's files.
        replies: The folder of what the partner is told.
        outbox: The folder of submissions, where repetitions of a message are put.
        store: The office's memory.
    """

    inbox: Path
    replies: Path
    outbox: Path | None
    store: Store


class Play:
    """One volume of goods on its way through gateway and office.

    Args:
        place: Where.
        scenario: What is to be shown.
        tell: Takes what there is to tell, a line at a time.
    """

    def __init__(self, place: Place, scenario: Scenario, tell: Callable[[str], None]) -> None:
        self._place, self._scenario, self._tell = place, scenario, tell
        self._number = f"{scenario.letter}1-{datetime.now():%m%d%H%M%S%f}"[:18]  # noqa: DTZ005 - a name
        self._told: set[str] = set()

    def show(self, seconds: float) -> bool:
        """Show it; return whether the gateway replied and all that the office had to answer has left."""
        end = time.monotonic() + seconds
        qualification = self._qualification(end)
        if not qualification:
            return False
        self._put(self._number, _volume(self._number, qualification))
        quiet = time.monotonic()
        while time.monotonic() < end:
            if self._look(self._number):
                quiet = time.monotonic()
            elif self._answered() and time.monotonic() - quiet > QUIET:
                break
            time.sleep(LOOK)
        return self._sum_up()

    def _qualification(self, end: float) -> str:
        """Return the client's number of an approved qualification, filing one where there is none."""
        number = f"A0-{self._number[3:]}"
        if not self._approved():
            self._put(number, _filing(number))
        while not (found := self._approved()) and time.monotonic() < end:
            self._look(number)
            time.sleep(LOOK)
        return found

    def _approved(self) -> str:
        rows = listing.documents(self._place.store)
        return next(
            (
                row["client_number"]
                for row in rows
                if (row["kind"], row["state"], row["enterprise"])
                == (Kind.QUALIFICATION, State.APPROVED, ENTERPRISE)
            ),
            "",
        )

    def _put(self, number: str, content: object) -> None:
        file = self._place.inbox / f"{number}.json"
        draft = file.with_suffix(".tmp")
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
        draft.replace(file)
        self._tell(f"ERP → {file}")

    def _look(self, number: str) -> bool:
        """Tell what the ERP has been told since the last look, and whether that was anything."""
        news = [file for file in self._files() if file.name not in self._told]
        self._told.update(file.name for file in news)
        told = [line for file in news for line in _read(file, number)]
        for line in told:
            self._tell(f"ERP ← {line}")
        return bool(told)

    def _files(self) -> list[Path]:
        replies = self._place.replies
        return sorted(file for end in ("reply", "receipt") for file in replies.glob(f"*.{end}.json"))

    def _books(self) -> list[dict[str, Any]]:
        rows = listing.received(self._place.store)
        return [dict(row) for row in rows if row["client_number"] == self._number]

    def _answered(self) -> bool:
        """Tell whether nothing is left to be said; a message that is to be repeated is, first."""
        books = self._books()
        if self._scenario.repeats_told and [row["times"] for row in books] == [1] and self._place.outbox:
            file = self._place.outbox / f"{books[0]['message_id']}.xml"
            again = file.with_stem(f"{file.stem}-again")
            draft = again.with_suffix(".tmp")
            draft.write_bytes(file.read_bytes())
            draft.replace(again)
            self._tell(f"again → {again}")
            return False
        return bool(books) and self._place.store.next_due() is None

    def _sum_up(self) -> bool:
        books = self._books()
        for row in books:
            answers = ", ".join(row["answered"]) or "-"
            self._tell(f"customs: {row['message_id']} came {row['times']}x, answered {answers}")
        if not books:
            self._tell("customs: nothing came")
        return bool(books)


def _read(file: Path, number: str) -> Iterator[str]:
    """Return what a file tells of a client's number."""
    told = json.loads(file.read_bytes())
    for entry in told.get("messages", [told]):
        if entry.get("client_number") == number:
            said = entry.get("said", {})
            words = [entry.get(name, "") for name in ("outcome", "number", "state")]
            words += [said.get(name, "") for name in ("type", "code", "text")]
            faults = [f"{each['code']}: {each['text_en']}" for each in entry.get("violations", [])]
            yield " ".join(filter(None, (*words, *faults)))


def _filing(number: str) -> object:
    return {
        "document": "qualification",
        "number": number,
        "action": "save-declare",
        "company": {"customsCode": ENTERPRISE, "name": NAME},
        "customs": {"office": "5301"},
        "nature": "general",
        "batchesPerYear": 36,
        "guarantee": {"kind": "deposit", "amountCny": 500000.00, "validUntil": "2027-06-30"},
        "contact": {"name": "李敏", "phone": "0755-82000003"},
    }


def _volume(number: str, qualification: str) -> object:
    goods = {
        "hsCode": "0302141000",
        "name": "冰鲜大西洋鲑鱼",
        "specification": ["整条去内脏"],
        "unit": "千克",
        "legalUnits": ["千克"],
        "origin": "NOR",
        "price": {"amount": 11.5, "currency": "USD"},
        "declarationElements": ["0", "0", "鲜冷"],
    }
    return {"volumes": [{"number": number, "qualification": {"ourNumber": qualification}, "goods": [goods]}]}
