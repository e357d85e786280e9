"""The commands of an operator on an installation that has lived: JSON, both languages, exit codes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import COMMANDS, main
from tests.flow import erp
from tests.flow.outside import xmllint_faults, xmlsec1_faults
from tests.services.installation import AGGREGATION, FILING, ROOT, Installation

DONE, REFUSED, USAGE = 0, 1, 2
EXAMPLE = ROOT / "tests/examples/main-job/03-manifest.csv"


@dataclass(frozen=True)
class Desk:
    """An operator's desk: an installation, and what was done there."""

    at: Installation
    numbers: Mapping[str, str]

    def say(self, *words: str, lang: str = "en") -> Result:
        """Give a command in this process."""
        start = ["--config", str(self.at.config), "--now", FILING.isoformat(), "--lang", lang]
        return CliRunner(catch_exceptions=False).invoke(main, [*start, *words])

    def json(self, *words: str, code: int = DONE) -> Any:
        """Give a command with --json and return the one value that it prints."""
        result = self.say(*words, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def dump(self) -> list[str]:
        """Return everything that is in the database."""
        base = sqlite3.connect(self.at.folder / "var/gateway.db")
        lines = list(base.iterdump())
        base.close()
        return lines


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A month with a cleared manifest, a rejected one, one in silence, one with a forged receipt."""
    installation = Installation(tmp_path_factory.mktemp("commands"))
    with installation.open() as running:
        running.send("q.json", erp.qualification())
        running.send("v.json", erp.volume())
        for number in ("JB-1", "R0-JB", "N0-JB", "W0-JB"):
            running.send(f"{number}.json", erp.manifests(erp.manifest(number)))
        running.send("save.json", erp.manifests(erp.manifest("S-1"), action="save"))
        running.send("edit.json", erp.manifests(erp.manifest("S-1", contract="NEW"), action="edit"))
        numbers = {row.client_number: row.number for row in running.documents()}
    return Desk(installation, numbers)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process's own logging alone."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)


@pytest.mark.requirement("CU-01")
def test_status_counts_documents_and_queues_and_names_what_needs_a_person(desk: Desk) -> None:
    """As JSON, and as tables in either language."""
    told = desk.json("status")
    counts = {(row["kind"], row["state"]): row["count"] for row in told["documents"]}
    assert counts == {
        ("qualification", "approved"): 1,
        ("volume", "approved"): 1,
        ("manifest", "cleared"): 2,
        ("manifest", "rejected"): 1,
        ("manifest", "declared"): 1,
        ("manifest", "saved"): 1,
    }
    assert told["awaited"] == 1
    assert set(told["queues"].values()) == {0}
    (alert,) = told["alerts"]
    assert alert["code"] == "receipt.not-applied"
    assert "signature.digest-mismatch" in alert["text"]
    english, chinese = desk.say("status"), desk.say("status", lang="zh")
    assert "Open alerts" in english.stdout
    assert "was not applied" in english.stdout
    assert "未关闭的告警" in chinese.stdout
    assert {"退单", "收件 acme"} <= {each for each in ("退单", "收件 acme") if each in chinese.stdout}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["QF-1", "GF-1", "JB-1", "R0-JB", "N0-JB", "W0-JB", "S-1"]),
        (("--kind", "manifest", "--state", "cleared"), ["JB-1", "W0-JB"]),
        (("--state", "rejected", "--state", "declared"), ["R0-JB", "N0-JB"]),
        (("--client-number", "GF-1"), ["GF-1"]),
        (("--month", "2026-10", "--limit", "2"), ["JB-1", "R0-JB"]),
        (("--month", "2026-11"), []),
    ],
)
def test_documents_are_listed_by_what_is_asked(
    desk: Desk, words: tuple[str, ...], expected: list[str]
) -> None:
    """Kind, states, month, client number, a page at a time."""
    assert {row["client_number"] for row in desk.json("documents", *words)} == set(expected)


def test_the_next_page_begins_after_the_last_number(desk: Desk) -> None:
    """Nothing is left out, nothing comes twice."""
    seen: list[str] = []
    while page := desk.json("documents", "--limit", "3", "--after", seen[-1] if seen else ""):
        seen += [row["number"] for row in page]
    assert sorted(seen) == sorted(desk.numbers.values())


def test_a_document_is_found_by_each_of_its_numbers(desk: Desk) -> None:
    """Unified, customs' and the client's; it tells its submissions."""
    told = desk.json("document", desk.numbers["JB-1"])
    assert told["client_number"] == "JB-1"
    assert told["state"].startswith("cleared")
    assert [each["state"] for each in told["submissions"]] == ["sent"]
    assert desk.json("document", told["customs_number"]) == told
    assert desk.json("document", "JB-1") == told
    assert "已结关" in desk.say("document", "JB-1", lang="zh").stdout


@pytest.mark.requirement("ID-01")
def test_a_documents_newest_message_verifies_as_printed(desk: Desk, tmp_path: Path) -> None:
    """The bytes come as they are."""
    result = desk.say("document", "JB-1", "--xml")
    assert result.exit_code == DONE
    file = tmp_path / "message.xml"
    file.write_bytes(result.stdout_bytes)
    assert xmlsec1_faults(file, desk.at.token.certificate_file) == ""
    assert xmllint_faults(file) == ""


def test_a_document_without_a_message_says_so(desk: Desk) -> None:
    """One that was only saved."""
    result = desk.say("document", "S-1", "--xml")
    assert (result.exit_code, result.stdout) == (REFUSED, "")
    assert "cli.no-message" in result.stderr


def test_the_history_names_every_change_and_its_cause(desk: Desk) -> None:
    """With what an edit changed, old and new."""
    rows = desk.json("document", "S-1", "--history")
    assert [(row["event"], row["to"]) for row in rows] == [("save", "saved"), ("edit", "saved")]
    assert [row["cause"].partition(" ")[0] for row in rows] == ["message", "message"]
    names = {"field": "ContrNo", "en": "Contract number", "zh": "合同号", "item": None}
    assert rows[1]["differences"] == [{**names, "old": "ACME-NO-2026-07", "new": "NEW"}]
    cleared = desk.json("document", "JB-1", "--history")
    assert [row["to"] for row in cleared] == ["declared", "sent", "approved", "cleared"]
    assert "合同号：ACME-NO-2026-07 → NEW" in desk.say("document", "S-1", "--history", lang="zh").stdout


def test_an_unknown_document_is_refused_in_the_language_asked_for(desk: Desk) -> None:
    """On standard error, with the code."""
    english, chinese = desk.say("document", "X-1"), desk.say("document", "X-1", lang="zh")
    assert (english.exit_code, chinese.exit_code) == (REFUSED, REFUSED)
    assert english.stdout == chinese.stdout == ""
    assert english.stderr.startswith("cli.unknown-document: ")
    assert english.stderr != chinese.stderr
    assert "X-1" in chinese.stderr


@pytest.mark.requirement("ER-06")
def test_receipts_are_shown_as_they_came(desk: Desk) -> None:
    """All, the newest, or those of one document."""
    told = desk.json("receipts")
    assert len(told) == len(desk.at.log())
    assert {row["outcome"] for row in told} == {"applied", "refused"}
    assert [row["code"] for row in desk.json("receipts", "--document", desk.numbers["R0-JB"])] == ["0", "R"]
    assert [row["code"] for row in desk.json("receipts", "--document", "R0-JB")] == ["0", "R"]
    assert desk.json("receipts", "--limit", "1") == told[-1:]
    assert "回执" in desk.say("receipts", lang="zh").stdout


def test_a_file_is_mapped_without_any_effect(desk: Desk) -> None:
    """The messages, the faults and the exit code; the database stays as it is."""
    before = desk.dump()
    told = desk.json("map", str(EXAMPLE))
    assert told["mapping"] == "acme-csv/manifest"
    assert told["faults"] == []
    (message,) = told["messages"]
    assert "lineage" not in message
    assert desk.dump() == before


@pytest.mark.requirement("ER-03", "EN-05")
def test_a_mapping_is_explained_node_by_node(desk: Desk) -> None:
    """Which rule and which place of the source made each target."""
    (message,) = desk.json("map", str(EXAMPLE), "--explain")["messages"]
    lines = {line["target"]: line for line in message["lineage"]}
    office = lines["Manifest/IEPort"]
    assert (office["value"], office["source"], office["rule"]) == ("5301", "皇岗海关", "header.IEPort")
    assert office["place"] == "03-manifest.csv:2 [进出境关别]"
    assert lines["Manifest/Item[2]/GQty"]["row"] == 4
    text = desk.say("map", str(EXAMPLE), "--explain", lang="zh").stdout
    assert "header.IEPort" in text
    assert "皇岗海关" in text


def test_a_file_with_faults_is_mapped_as_far_as_it_goes(desk: Desk, tmp_path: Path) -> None:
    """Exit 1, and the faults with their places."""
    bad = tmp_path / "bad.json"
    bad.write_text(erp.manifests(erp.manifest(packing={"kind": "再生木拖", "count": 1})), "utf-8")
    told = desk.json("map", str(bad), code=REFUSED)
    assert [(fault["code"], fault["field"]) for fault in told["faults"]] == [
        ("map.unknown-code", "Manifest/WrapType")
    ]
    assert desk.say("map", str(bad)).exit_code == REFUSED
    bad.write_bytes(b"")
    assert desk.say("map", str(bad)).stderr.startswith("format.empty-file")


def test_a_mapping_can_be_named_and_must_exist(desk: Desk) -> None:
    """An unknown one is refused, naming those that there are."""
    assert desk.json("map", str(EXAMPLE), "--mapping", "acme-csv/manifest")["mapping"] == "acme-csv/manifest"
    wrong = desk.say("map", str(EXAMPLE), "--mapping", "acme-csv/manifests")
    assert wrong.exit_code == REFUSED
    assert "acme-csv/manifest" in wrong.stderr


@pytest.mark.requirement("ER-03")
def test_the_shipped_mappings_are_sound_and_their_examples_come_out_as_expected(desk: Desk) -> None:
    """Both commands say so with exit 0."""
    assert desk.json("mappings", "check") == []
    results = desk.json("mappings", "test")
    shipped = {file.relative_to(ROOT / "mappings") for file in (ROOT / "mappings").glob("*/*.toml")}
    assert {f"{row['mapping']}.toml" for row in results} == {str(file) for file in shipped}
    assert {row["result"] for row in results} == {"ok"}
    assert str(len(shipped)) in desk.say("mappings", "check", lang="zh").stdout


@pytest.mark.requirement("AG-11")
def test_a_rehearsal_shows_what_would_be_made_and_changes_nothing(desk: Desk) -> None:
    """One declaration of the two cleared manifests; the others are named with the reason."""
    before = desk.dump()
    (told,) = desk.json("aggregate", "--month", "2026-10", "--dry-run")
    assert told["manifests"] == 2
    assert [declaration["items"] for declaration in told["declarations"]] == [1]
    left = " ".join(reason["text_en"] for reason in told["left_out"])
    assert desk.numbers["R0-JB"] in left
    assert desk.numbers["N0-JB"] in left
    assert {reason["code"] for reason in told["warnings"]} == {"aggregation.month-not-over"}
    text = desk.say("aggregate", "--month", "2026-10", "--dry-run", lang="zh").stdout
    assert "2026102020261020" in text
    assert desk.dump() == before


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("aggregate", "--month", "2026-13"), USAGE, "2026-10"),
        (("aggregate",), USAGE, "--month"),
        (("aggregate", "--month", "2026-09"), REFUSED, "aggregation.nothing-cleared"),
        (
            ("aggregate", "--month", "2026-10", "--enterprise", "9999999999"),
            REFUSED,
            "aggregation.no-partner",
        ),
        (("documents", "--kind", "ship"), USAGE, "manifest"),
        (("documents", "--limit", "0"), USAGE, "--limit"),
        (("map", "no-such-file.csv"), USAGE, "no-such-file.csv"),
        (("token", "turn"), USAGE, "turn"),
        (("--now", "soon", "status"), USAGE, "soon"),
        (("--lang", "fr", "status"), USAGE, "fr"),
    ],
)
def test_what_is_said_wrongly_is_told_with_its_exit_code(
    desk: Desk, words: tuple[str, ...], code: int, told: str
) -> None:
    """2 for how it was said, 1 for what was asked."""
    result = desk.say(*words)
    assert result.exit_code == code
    assert told in result.stderr


@pytest.mark.requirement("ID-05")
def test_the_token_is_shown_with_its_certificate_and_its_latch(desk: Desk) -> None:
    """No PIN is sent; the latch can be opened by an operator's word."""
    told = desk.json("token", "status")
    assert (told["label"], told["result"], told["latch"]) == ("collective-declaration", "ok", "clear")
    (certificate,) = told["certificates"]
    assert certificate["label"] == "declarant"
    assert "4403180001" in certificate["subject"]
    assert "declarant" in desk.say("token", "status", lang="zh").stdout
    assert desk.say("token", "unlock").exit_code == DONE
    assert "PIN" in desk.say("token", "unlock", "--allow-final-try", lang="zh").stdout


@pytest.mark.requirement("ID-03")
def test_an_absent_token_is_shown_as_a_fault(desk: Desk) -> None:
    """Exit 1 and what is wrong, in the language asked for."""
    tokens = desk.at.token.tokens
    tokens.rename(tokens.with_name("unplugged"))
    try:
        told = desk.json("token", "status", code=REFUSED)
        chinese = desk.say("token", "status", lang="zh")
    finally:
        tokens.with_name("unplugged").rename(tokens)
    assert told["result"] == "fault"
    assert told["certificates"] == []
    assert "密码设备" in chinese.stdout


def test_a_sound_installation_passes_every_check(desk: Desk) -> None:
    """One line for each part, exit 0."""
    rows = desk.json("check")
    assert [row["part"] for row in rows if row["part"] != "code table"] == [
        *(
            "database",
            "schemas and codes",
            "mappings",
            "enterprises",
            "channels",
            "prints",
            "customs certificates",
            "token",
            "rights",
        )
    ]
    assert {row["result"] for row in rows} <= {"ok", "warning"}


def _moved(file: str) -> Callable[[Installation], None]:
    def break_it(at: Installation) -> None:
        (at.folder / file).rename(at.folder / f"{file}.away")

    return break_it


def _written(file: str, text: str) -> Callable[[Installation], None]:
    def break_it(at: Installation) -> None:
        (at.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (at.folder / file).write_text(text, "utf-8")

    return break_it


def _opened(file: str) -> Callable[[Installation], None]:
    def break_it(at: Installation) -> None:
        (at.folder / file).chmod(0o644)

    return break_it


def _configured(old: str, new: str) -> Callable[[Installation], None]:
    def break_it(at: Installation) -> None:
        at.write_config({old: new})

    return break_it


@dataclass(frozen=True)
class Broken:
    """A way to break an installation, and what the check is to say."""

    by: Callable[[Installation], None]
    part: str
    code: str


BROKEN = {
    "token away": Broken(_moved("var/token/tokens"), "token", "token.absent"),
    "pin open": Broken(_opened("var/token/pin"), "token", "config.secret-open"),
    "configuration open": Broken(lambda at: at.config.chmod(0o666), "rights", "operations.file-open"),
    "inbox away": Broken(_moved("inbox/acme"), "channels", "operations.folder-absent"),
    "outbox away": Broken(_moved("outbox/customs"), "channels", "operations.folder-absent"),
    "certificate away": Broken(
        _moved("var/customs/customs.pem"), "customs certificates", "signature.certificate-file"
    ),
    "certificate no certificate": Broken(
        _written("var/customs/customs.pem", "nothing"), "customs certificates", "signature.certificate-file"
    ),
    "database no database": Broken(_written("var/gateway.db", "no database, " * 100), "database", "store."),
    "other database": Broken(
        _configured("sqlite:///var/gateway.db", "oracle://somewhere/x"), "database", "store.unknown-database"
    ),
    "no schemas": Broken(
        _configured(f'schemas = "{ROOT}/schemas/xsd"', 'schemas = "nowhere"'),
        "schemas and codes",
        "schema.set-missing",
    ),
    "no mappings": Broken(
        _configured(f'mappings = "{ROOT}/mappings"', 'mappings = "nowhere"'), "mappings", "mapping.no-folder"
    ),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_the_check_names_what_is_broken_and_tells_the_rest_as_it_is(tmp_path: Path, broken: Broken) -> None:
    """Exit 1; a part that is sound is said to be sound."""
    installation = Installation(tmp_path)
    broken.by(installation)
    rows = Desk(installation, {}).json("check", code=REFUSED)
    faults = [(row["part"], row["code"]) for row in rows if row["result"] == "fault"]
    assert faults, rows
    assert {part for part, _ in faults} == {broken.part}
    assert all(code.startswith(broken.code) for _, code in faults), faults
    chinese = Desk(installation, {}).say("check", lang="zh")
    assert chinese.exit_code == REFUSED
    assert broken.code in chinese.stdout


def test_a_broken_mapping_is_told_with_file_and_key(tmp_path: Path) -> None:
    """Every fault of every mapping, by `check` and by `mappings check`."""
    installation = Installation(tmp_path, {'mappings = "mappings"': 'mappings = "own"'})
    for name, text in {
        "a/one.toml": 'format = "csv"\ncolour = "red"\n',
        "a/two.toml": "no toml",
    }.items():
        _written(f"own/{name}", text)(installation)
    desk = Desk(installation, {})
    told = desk.say("mappings", "check")
    assert told.exit_code == REFUSED
    assert "own/a/one.toml" in told.stderr
    assert "own/a/two.toml" in told.stderr
    rows = [row for row in desk.json("check", code=REFUSED) if row["part"] == "mappings"]
    assert len(rows) >= 3
    assert all(row["place"].startswith("own/a/") for row in rows)


@pytest.mark.parametrize("command", ["status", "check", "run", "documents", "token status"])
def test_every_fault_of_the_configuration_is_told_at_once(tmp_path: Path, command: str) -> None:
    """Whatever was asked for: exit 1, one line for each fault, with key and what was given."""
    installation = Installation(tmp_path)
    changes = {
        'sender = "GW4403180001"': 'sender = ""',
        'name = "acme"': 'name = "ACME Ltd"',
        "max_items = 50 ": "max_items = 51 ",
        "attempts = 0 ": "attempts = -1 ",
        'language = "en"': 'language = "fr"\ncolour = "red"',
    }
    installation.write_config(changes)
    result = Desk(installation, {}).say(*command.split(), lang="zh")
    assert result.exit_code == REFUSED
    lines = [line for line in result.stderr.splitlines() if line.startswith("config.key")]
    keys = [
        "sender",
        "partner[1].name",
        "aggregation.max_items",
        "exchange[1].attempts",
        "language",
        "colour",
    ]
    assert sorted(line.rpartition(" ")[2] for line in lines) == sorted(keys)
    assert all("\u4e00" <= line.partition(": ")[2][0] <= "\u9fff" for line in lines)


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "config.absent"), ("no toml", "config.not-toml"), ("\udc80", "config.not-toml")],
)
def test_a_configuration_that_is_none_is_told(tmp_path: Path, text: str | None, code: str) -> None:
    """Absent, no TOML, no text."""
    file = tmp_path / "gateway.toml"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    result = CliRunner(catch_exceptions=False).invoke(main, ["--config", str(file), "status"])
    assert result.exit_code == REFUSED
    assert result.stderr.startswith(f"{code}: ")
    assert str(file) in result.stderr


def test_errors_come_in_the_language_of_the_configuration(tmp_path: Path) -> None:
    """Unless the command line asks for another."""
    installation = Installation(tmp_path, {'language = "en"': 'language = "zh"'})
    start = ["--config", str(installation.config)]
    chinese = CliRunner(catch_exceptions=False).invoke(main, [*start, "document", "X"]).stderr
    english = CliRunner(catch_exceptions=False).invoke(main, [*start, "--lang", "en", "document", "X"]).stderr
    assert english.isascii()
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese)


def test_the_clock_is_moved_by_the_command_line(desk: Desk) -> None:
    """In November the month is over, so that the rehearsal has no warning."""
    start = ["--config", str(desk.at.config), "--now", AGGREGATION.isoformat()]
    result = CliRunner(catch_exceptions=False).invoke(
        main, [*start, "aggregate", "--month", "2026-10", "--dry-run", "--json"]
    )
    assert json.loads(result.stdout)[0]["warnings"] == []


def test_every_command_explains_itself(desk: Desk) -> None:
    """With -h, in one line in the list and with its options by itself."""
    listed = CliRunner(catch_exceptions=False).invoke(main, ["-h"]).stdout
    for name in COMMANDS:
        assert name in listed
        told = CliRunner(catch_exceptions=False).invoke(main, [name, "-h"])
        assert told.exit_code == DONE
        assert "Usage" in told.stdout
