"""What three partners send while everything around them fails, and how they put it into their channels."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from aio_pika.exceptions import AMQPError
from aiormq.exceptions import AMQPError as ProtocolError

from tests.bench import erp as tables
from tests.chaos.laying import PARTNERS
from tests.chaos.site import Place
from tests.flow import erp
from tests.services.amqp import Client
from tests.services.installation import ROOT

TYPES = {"csv": "text/csv", "json": "application/json", "xml": "application/xml"}
# What may keep a partner from the broker; it tries again, under the same message id.
AWAY = (AMQPError, ProtocolError, OSError, TimeoutError)
# The client's own number chooses what customs does; most documents take the usual course.
FORMS = ("csv", "json", "xml")
SPECIAL = 0.2
LETTERS = ("R0-", "F0-", "T0-", "O0-", "W0-", "B0-", "X0-")
_KINDS = {"right": 80, "wrong": 6, "again": 5, "changed": 5, "broken": 4}
_VEHICLE = re.compile(r"粤Z\d{4}港")
_AGAIN_SECONDS = 0.2


@dataclass(frozen=True)
class Input:
    """One file of a partner.

    Attributes:
        partner: Whose it is.
        name: Its name, which no other file of the run has.
        kind: `right`, `wrong` (refused with a reason), `again` (the bytes of an earlier file), `changed`
            (other content under the number of an earlier file) or `broken` (no file of its format).
        number: The client's own number of its manifest.
        data: Its bytes.
    """

    partner: str
    name: str
    kind: str
    number: str
    data: bytes

    @property
    def letter(self) -> str:
        """What customs is to do, by the first characters of the number; empty for the usual course."""
        return self.number[:1] if self.number[2:3] == "-" else ""


def inputs(seed: int, count: int, volumes: Mapping[str, str]) -> list[Input]:
    """Return what the partners send, in order; the same seed gives the same files.

    Args:
        seed: What all dice begin with.
        count: How many files.
        volumes: By office the customs number of the volume that manifests name.
    """
    dice = Random(seed)
    made: list[Input] = []
    plain: dict[str, list[Input]] = {partner: [] for partner in PARTNERS}
    for position in range(count):
        partner = PARTNERS[position % len(PARTNERS)]
        kind = dice.choices(list(_KINDS), list(_KINDS.values()))[0]
        if kind in {"again", "changed"} and not plain[partner]:
            kind = "right"
        one = _drawn(dice, position, kind, volumes)
        if kind in {"again", "changed"}:
            one = _of(dice.choice(plain[partner]), one)
        elif kind == "right" and one.letter == "":
            plain[partner].append(one)
        made.append(one)
    return made


def _drawn(dice: Random, position: int, kind: str, volumes: Mapping[str, str]) -> Input:
    partner = PARTNERS[position % len(PARTNERS)]
    form, office = dice.choice(FORMS), dice.choice(list(volumes))
    letter = dice.choice(LETTERS) if kind == "right" and dice.random() < SPECIAL else ""
    number = f"{letter}{partner[:1].upper()}-{position:06d}"
    volume = "J00000000000" if kind == "wrong" else volumes[office]
    text = _templates()[form].replace("@office", office).replace("@volume", volume)
    data = text.replace("@number", number).encode(_encoding(form))
    if kind == "broken":
        # The number stands in its first half, so that no two broken files are the same.
        form, data = "json", f'{{"manifests": [{{"number": "{number}"'.encode()
    return Input(partner, f"{position:06d}-{kind}.{form}", kind, number, data)


def _of(first: Input, later: Input) -> Input:
    """Return a file that comes after another one under the same number."""
    form = first.name.rpartition(".")[2]
    name = f"{later.name.rpartition('.')[0]}.{form}"
    data = first.data
    if later.kind == "changed":
        data = _VEHICLE.sub("粤Z9999港", data.decode(_encoding(form))).encode(_encoding(form))
    return replace(later, name=name, number=first.number, data=data)


def _encoding(form: str) -> str:
    return "gb18030" if form == "csv" else "utf-8"


@cache
def _templates() -> dict[str, str]:
    """Return a right manifest in each format, with places for number, office and volume."""
    _, table = next(tables.manifests("@", 1, 2))
    text = table.decode("gb18030").replace("分册编号", "备案号,分册编号")
    # The volume goes by its customs number: a column more, which is empty in the rows of items.
    text = text.replace(tables.VOLUME, "@volume,").replace("商品,", "商品,,")
    csv = text.replace("@-000001", "@number").replace("一般贸易,5301", "一般贸易,@office")
    changes = {"customs": {"declaredAt": "@office"}, "volume": {"customsNumber": "@volume"}}
    json = erp.manifests(erp.manifest("@number", **changes))
    idoc = (ROOT / "mappings/acme-idoc/examples/manifest.xml").read_text("utf-8")
    xml = idoc[: idoc.index("</IDOC>")] + "</IDOC>\n</ZJBMAN01>\n"
    xml = xml.replace("JB-2026-10-0101", "@number").replace(">5301<", ">@office<")
    xml = xml.replace("<QUALF>ZVC</QUALF><BELNR>GF-2026-0002", "<QUALF>ZVN</QUALF><BELNR>@volume")
    for form in (csv, json, xml):
        assert all(place in form for place in ("@number", "@office", "@volume")), form
    return {"csv": csv, "json": json, "xml": xml}


class Sending(threading.Thread):
    """Sends the files one after another, each as its partner does, and never gives up on one.

    Attributes:
        sent: How many have been sent.
        repeated: How often a partner did not know whether the broker had a message, and published it again.
    """

    def __init__(self, place: Place, files: Sequence[Input], pause: Callable[[], float]) -> None:
        super().__init__(name="partners", daemon=True)
        self._place = place
        self._files = files
        self._pause = pause
        self._over = threading.Event()
        self.sent = 0
        self.repeated = 0

    def run(self) -> None:
        """Send all files, with pauses."""
        for file in self._files:
            while not self._put(file):
                self.repeated += 1
                self._over.wait(_AGAIN_SECONDS)
            self.sent += 1
            self._over.wait(self._pause())

    def hurry(self) -> None:
        """Send the rest without pauses."""
        self._over.set()
        self.join()

    def _put(self, file: Input) -> bool:
        """Put a file into its partner's channel; tell whether it certainly is there."""
        try:
            if file.partner == "queue":
                form = TYPES[file.name.rpartition(".")[2]]
                client = Client(self._place.services.broker)
                client.put(
                    self._place.services.queues.orders,
                    file.name,
                    file.data,
                    message_id=file.name,
                    content_type=form,
                )
            else:
                inbox = self._place.installation.folder / "inbox" / file.partner
                draft = inbox / f".{file.name}.tmp"
                draft.write_bytes(file.data)
                draft.rename(inbox / file.name)
        except AWAY:
            return False
        return True
