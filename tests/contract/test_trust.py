"""Who may say what, with real certificates: a signature counts for the offices of its certificate only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from customs_stub.keys import Identity, load_identity, make_identity
from customs_stub.seal import sign
from gateway.clock import CHINA
from gateway.config import Route
from gateway.customs import Said
from gateway.errors import RejectedError
from gateway.steps.trust import Statement, Trust, make_trust
from gateway.store import ReceiptRow, SubmissionRow
from tests.services.stores import document
from tests.unit.documents.world import settings

AT = datetime(2026, 10, 20, 12, tzinfo=CHINA)


@dataclass
class Bench:
    """Two routes, and offices with a certificate each.

    Attributes:
        folder: Where the certificates lie.
        identities: By name.
    """

    folder: Path
    identities: dict[str, Identity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("north", "south"):
            key, certificate = self.folder / f"{name}.key", self.folder / f"{name}.pem"
            make_identity(key, certificate)
            self.identities[name] = load_identity(key, certificate)

    def trust(self, routes: dict[str, tuple[Sequence[str], dict[str, Sequence[str]]]]) -> Trust:
        """Return the trust of routes: of each its offices, and those of each certificate."""
        made = [
            Route.model_validate(
                {
                    "name": name,
                    "receiver": "C",
                    "outbox": "o",
                    "receipts": "r",
                    "offices": offices,
                    "trusted_certificates": [
                        {"file": str(self.folder / f"{who}.pem"), "offices": limit}
                        for who, limit in pinned.items()
                    ],
                }
            )
            for name, (offices, pinned) in routes.items()
        ]
        return make_trust(settings().model_copy(update={"route": tuple(made)}))

    def hear(self, trust: Trust, who: str, route: str) -> Statement:
        """Let somebody sign something that comes over a route."""
        root = etree.fromstring('<Message xmlns="urn:cn:collective-declaration:1.0"/>')
        identity = self.identities[who]
        sign(root, identity.key, identity.certificate)
        row = ReceiptRow(digest="-", channel=route, name="r.xml", received_at=AT)
        return trust.hear(row, etree.tostring(root), AT)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Return the bench."""
    return Bench(tmp_path_factory.mktemp("trust"))


def _said(sender: str = "CUSTOMS", declared_at: str = "") -> Said:
    words = dict.fromkeys(Said.__dataclass_fields__, "")
    told: dict[str, Any] = {**words, "office": sender, "declared_at": declared_at, "faults": ()}
    return Said(**told)


def _sent(route: str) -> SubmissionRow:
    return SubmissionRow(
        id="A",
        number="M1",
        message_type="Manifest",
        client_number="A-1",
        enterprise="E",
        route=route,
        unsigned_digest="-",
        created_at=AT,
    )


def _answer(trust: Trust, told: Statement, said: Said, *, route: str, office: str) -> str:
    """Return the code by which an answer is refused, empty for one that counts."""
    try:
        trust.check_answer(told, said, AT, _sent(route), document(office=office))
    except RejectedError as fault:
        return fault.code
    return ""


def _reference(trust: Trust, told: Statement, office: str) -> str:
    try:
        trust.check_reference(told, office, AT)
    except RejectedError as fault:
        return fault.code
    return ""


OTHER = "receipt.other-office"


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize(
    ("who", "office", "said", "code"),
    [
        ("north", "5101", _said(), ""),
        ("north", "5102", _said("5103", "5102"), ""),
        ("north", "5301", _said(), OTHER),
        ("north", "5301", _said("5301", "5301"), OTHER),
        ("north", "5301", _said("5101"), OTHER),
        ("north", "5101", _said("5301"), OTHER),
        ("north", "", _said(), OTHER),
        ("north", "5101", _said("5101", "5301"), "receipt.contradicts"),
        ("south", "5301", _said("5301", "5301"), ""),
        ("south", "5304", _said(), OTHER),
        ("south", "5101", _said("5101", "5101"), OTHER),
    ],
)
def test_a_certificate_answers_for_its_offices_only(
    bench: Bench, who: str, office: str, said: Said, code: str
) -> None:
    """Whatever it says of itself: the document's office counts, and so does the name that it takes."""
    trust = bench.trust({"one": ((), {"north": ["51"], "south": ["5301"]})})
    told = bench.hear(trust, who, "one")
    assert _answer(trust, told, said, route="one", office=office) == code


@pytest.mark.requirement("CU-02", "CU-06")
def test_the_limits_of_the_way_out_count_whichever_way_the_answer_comes(bench: Bench) -> None:
    """A certificate may be trusted for more on another route, and for nothing on a third."""
    trust = bench.trust(
        {
            "wide": ((), {"north": [], "south": []}),
            "narrow": (["51"], {"north": ["5101"]}),
            "third": (["53"], {"south": []}),
        }
    )
    told = bench.hear(trust, "north", "wide")
    assert _answer(trust, told, _said(), route="wide", office="5301") == ""
    assert _answer(trust, told, _said(), route="narrow", office="5101") == ""
    assert _answer(trust, told, _said(), route="narrow", office="5102") == OTHER
    assert _answer(trust, told, _said(), route="third", office="5301") == "receipt.other-route"
    assert _answer(trust, told, _said(), route="gone", office="5301") == "receipt.other-route"


@pytest.mark.requirement("CU-02", "GF-09")
@pytest.mark.parametrize(
    ("limit", "served", "office", "code"),
    [
        ([], [], "5301", ""),
        ([], [], "", ""),
        ([], ["53"], "5301", ""),
        ([], ["53"], "5101", OTHER),
        ([], ["53"], "", ""),
        (["5301"], [], "5301", ""),
        (["5301"], [], "5304", OTHER),
        (["5301"], [], "", OTHER),
        (["5301", "51"], ["53", "51"], "5103", ""),
    ],
)
def test_reference_data_is_told_for_the_offices_of_certificate_and_route(
    bench: Bench, limit: list[str], served: list[str], office: str, code: str
) -> None:
    """A licence belongs to no office: who speaks for some only cannot tell of it."""
    trust = bench.trust({"one": (served, {"north": limit}), "other": ([], {"south": []})})
    assert _reference(trust, bench.hear(trust, "north", "one"), office) == code


@pytest.mark.requirement("CU-02", "GF-09")
def test_reference_data_may_come_over_any_route_that_trusts_its_teller(bench: Bench) -> None:
    """One customs may tell everything over one of its routes, as far as it is trusted anywhere."""
    trust = bench.trust({"one": (["51"], {"north": []}), "two": (["53"], {"north": [], "south": ["5304"]})})
    told = bench.hear(trust, "north", "one")
    assert [_reference(trust, told, office) for office in ("5101", "5301", "4401")] == ["", "", OTHER]


def test_a_certificate_that_stands_twice_speaks_for_all_that_it_is_named_for(bench: Bench) -> None:
    """A PEM file may hold several, and one of them may stand in another file, too."""
    both = bench.folder / "both.pem"
    both.write_bytes((bench.folder / "north.pem").read_bytes() + (bench.folder / "south.pem").read_bytes())
    trust = bench.trust({"one": ((), {"both": ["51"], "south": ["53"]})})
    told = bench.hear(trust, "south", "one")
    assert [_reference(trust, told, office) for office in ("5101", "5301", "4401")] == ["", "", OTHER]
    trust = bench.trust({"one": ((), {"both": ["51"], "south": []})})
    assert _reference(trust, bench.hear(trust, "south", "one"), "4401") == ""
