"""The bench measures equal work: its hands sign what the gateway believes, and its figures get into docs."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from customs_stub.keys import load_identity, make_identity
from gateway.signing import Verifier
from tests.bench import by_hand, erp
from tests.bench.__main__ import compared, main, medians
from tests.bench.cases import Case, Record
from tests.bench.hands import BareHand, Hand, LibraryHand
from tests.bench.ledgers import BareLedger, CoreLedger, Ledger
from tests.bench.publishing import publish
from tests.bench.report import Results, targets
from tests.bench.straight import FOLDERS, Script
from tests.services.softhsm import NOON

RECEIPT = f"""<Message xmlns="{by_hand.NS}"><Receipt><RefMessageId>M-1</RefMessageId>
<ResultCode>7</ResultCode></Receipt></Message>"""
PERCENTILES = {"p50": 1.0, "p95": 2.0, "p99": 3.0}


@pytest.mark.parametrize("bare", [False, True])
def test_a_script_does_the_whole_loop(tmp_path: Path, *, bare: bool) -> None:
    """The gateway's own verifier believes what is sent; each file and each receipt is replied to."""
    files = tmp_path / "customs.key", tmp_path / "customs.pem"
    make_identity(*files)
    own = load_identity(*files)
    by_software = partial(own.key.sign, padding=padding.PKCS1v15(), algorithm=hashes.SHA256())
    pair = own.certificate, own.certificate
    hand: Hand = BareHand(by_software, *pair) if bare else LibraryHand(own.key, *pair)
    file = tmp_path / "ledger.db"
    ledger: Ledger = BareLedger(file) if bare else CoreLedger(f"sqlite:///{file}")
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    ((name, data),) = erp.manifests("JB", 1, 2)
    (tmp_path / "in" / name).write_bytes(data)
    (tmp_path / "answers" / "1.xml").write_bytes(hand.sign(etree.fromstring(RECEIPT)))
    assert Script(tmp_path, hand, ledger).run() == 1
    (sent,) = (tmp_path / "sent").iterdir()
    Verifier([own.certificate]).verify(sent.read_bytes(), NOON)
    assert len(list((tmp_path / "told").iterdir())) == 2


def test_each_case_is_set_beside_the_scripts_of_its_run() -> None:
    """The ratio is one of the same minutes, and the median is that of the ratios."""
    runs = [compared(_records(rate)) for rate in (40.0, 90.0, 50.0)]
    gateway, two, straight = (medians(each) for each in zip(*runs, strict=True))
    assert (gateway["documents_per_second_ratio"], two["against_one"]) == (0.5, 2.0)
    assert straight["documents_per_second"] == 100


def test_what_was_measured_stands_in_the_documents(tmp_path: Path) -> None:
    """As JSON, as a chart, and as tables in place of the former ones, targets first."""
    page = tmp_path / "performance.md"
    page.write_text("# A\n\n<!-- bench -->\nformer\n<!-- /bench -->\n\n## B\n", "utf-8")
    signing = [{"does": "sign", "items": 10, "rate": 8, "floor": 10}]
    results = Results("2026-10-20", "command", 1, 1, 2, 0.5, compared(_records(80.0)), signing)
    publish(results, tmp_path)
    publish(replace(results, runs=5), tmp_path)
    text = page.read_text("utf-8")
    assert "former" not in text
    assert text.endswith("\n<!-- /bench -->\n\n## B\n")
    assert "| signing, 10 items : canonical form, digest and C_Sign | ≥ 0.8 | 0.8 | reached |" in text
    assert {each.what: each.reached for each in targets(results)}[
        "SQLite, 1 worker, 10 items: CPU when idle, %"
    ]
    assert json.loads((tmp_path / "performance/bench.json").read_text("utf-8"))["runs"] == 5
    assert (tmp_path / "performance/bench.svg").read_text("utf-8").startswith("<svg")


def test_a_case_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is measured, and the cases are named."""
    monkeypatch.setattr("sys.argv", ["bench", "--only", "nosuch"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "SQLite-1-10-fast" in capsys.readouterr().err


def _records(rate: float) -> list[Record]:
    figures = {
        "cpu_ms": 10.0,
        "peak_mb": 100.0,
        "ready_seconds": 1.0,
        "idle_cpu_percent": 0.5,
        "drop_to_outbox_ms": PERCENTILES,
        "receipt_to_reply_ms": PERCENTILES,
    }
    one, two = Case("SQLite", 1, 10), Case("SQLite", 2, 10)
    return [
        one.named("gateway") | {"documents_per_second": rate} | figures,
        two.named("gateway") | {"documents_per_second": 2 * rate} | figures,
        one.named("straight line") | {"documents_per_second": 100.0, "cpu_ms": 8.0, "peak_mb": 90.0},
    ]
