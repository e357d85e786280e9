"""What the scripts find: manifests in a folder, and customs' answers to them, signed beforehand."""

from __future__ import annotations

from pathlib import Path

from customs_stub.config import Config
from customs_stub.courses import Step
from customs_stub.keys import load_identity
from customs_stub.receipts import Result, build
from customs_stub.schedule import Slot
from customs_stub.submission import Submission
from customs_stub.xmltree import Record
from gateway.clock import parse_moment
from tests.bench import erp
from tests.bench.site import NOW, Site
from tests.bench.straight import FOLDERS, message_id_of

_STEPS = (
    Step(technical=True, code="0", text="接收成功"),
    Step(technical=False, code="7", text="海关审批通过"),
)


def lay_out(site: Site, place: Path, count: int, items: int) -> None:
    """Make the folders of a script, and fill those that it reads."""
    for name in FOLDERS:
        (place / name).mkdir(parents=True)
    customs = site.folder / Config().key, site.folder / Config().certificate
    (place / "customs.pem").write_bytes(customs[1].read_bytes())
    identity = load_identity(*customs)
    for name, data in erp.manifests("JB", count, items):
        (place / "in" / name).write_bytes(data)
        number = name.removesuffix(".csv")
        head = (message_id_of(number), "Manifest", "GW4403180001", number, "", "5301", erp.ENTERPRISE)
        submission = Submission(*head, Record())
        for step in _STEPS:
            slot = Slot(step, parse_moment(NOW), 0.0)
            answer = build(submission, slot, Result("530120260000000001"), "5301", identity)
            (place / "answers" / f"{number}-{step.code}.xml").write_bytes(answer)
