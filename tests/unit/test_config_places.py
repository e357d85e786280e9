"""Where messages come from and go to: every form of a place, and what is wrong with one, by its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import (
    AmqpQueue,
    AmqpTarget,
    FolderPlace,
    ImportClientPlace,
    SftpPlace,
    load_settings,
    read_secret,
)
from gateway.errors import ParkedError, RejectedError

SHIPPED = (Path(__file__).parents[2] / "gateway.toml").read_text("utf-8")
_INBOX, _RECEIPTS = 'inbox = "inbox/acme"  ', 'receipts = "receipts/acme"  '
_OUTBOX, _ANSWERS = 'outbox = "outbox/customs"  ', 'receipts = "receipts/customs"  '
_SERVERS = """
[sftp.hub]
host = "127.0.0.1"
user = "gateway"
known_hosts = "known_hosts"
[amqp.broker]
host = "127.0.0.1"
user = "gateway"
"""


def _file(folder: Path, *changes: tuple[str, str], more: str = _SERVERS) -> Path:
    text = SHIPPED
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new + " ")
    file = folder / "gateway.toml"
    file.write_text(text + more, "utf-8")
    return file


def _faults(file: Path) -> list[tuple[str, str]]:
    with pytest.raises(RejectedError) as refused:
        load_settings(file)
    return [(each.code, str(next(iter(each.values.values())))) for each in refused.value.violations]


@pytest.mark.requirement("ER-01")
def test_a_partner_may_send_in_one_way_and_be_answered_in_another(tmp_path: Path) -> None:
    """Each end is a place of its own, of whatever kind."""
    file = _file(
        tmp_path,
        (_INBOX, 'inbox = { sftp = "hub", folder = "/out", done_marker = ".done" }'),
        (_RECEIPTS, 'receipts = { amqp = "broker", routing_key = "answers" }'),
    )
    partner = load_settings(file).partner[0]
    assert partner.inbox == SftpPlace(sftp="hub", folder="/out", done_marker=".done")
    assert partner.receipts == AmqpTarget(amqp="broker", routing_key="answers")


@pytest.mark.requirement("CU-06")
def test_a_route_goes_out_and_comes_back_by_the_folders_of_the_import_client(tmp_path: Path) -> None:
    """One folder of a business holds both boxes, and that is no clash."""
    client = '{ import_client = "client/JB" }'
    file = _file(tmp_path, (_OUTBOX, f"outbox = {client}"), (_ANSWERS, f"receipts = {client}"))
    route = load_settings(file).route[0]
    assert route.outbox == route.receipts == ImportClientPlace(import_client=Path("client/JB"))


def test_a_table_with_a_folder_says_more_than_a_text(tmp_path: Path) -> None:
    """The short form is the long one with its defaults."""
    file = _file(tmp_path, (_INBOX, 'inbox = { folder = "in", still_seconds = 3 }'))
    assert load_settings(file).partner[0].inbox == FolderPlace(folder=Path("in"), still_seconds=3)


@pytest.mark.parametrize(
    ("place", "code", "key"),
    [
        ('{ sftp = "hub" }', "config.key-missing", "partner[1].inbox.folder"),
        ('{ amqp = "broker", queue = "q", folder = "f" }', "config.key-unknown", "partner[1].inbox.folder"),
        ('{ amqp = "broker", queue = "q", prefetch = 0 }', "config.key", "partner[1].inbox.prefetch"),
        ('{ folder = "in", done_marker = "done" }', "config.key", "partner[1].inbox.done_marker"),
        ("{ }", "config.key-missing", "partner[1].inbox.folder"),
        ("7", "config.key", "partner[1].inbox"),
        ('{ sftp = "other", folder = "f" }', "config.no-server", "sftp"),
        ('{ amqp = "other", queue = "q" }', "config.no-server", "amqp"),
    ],
)
def test_what_is_wrong_with_a_place_is_told_by_its_key(
    tmp_path: Path, place: str, code: str, key: str
) -> None:
    """As it stands in the file, whatever kind of place was understood."""
    assert _faults(_file(tmp_path, (_INBOX, f"inbox = {place}"))) == [(code, key)]


@pytest.mark.parametrize(
    ("inbox", "receipts"),
    [
        ('{ sftp = "hub", folder = "/a" }', '{ sftp = "hub", folder = "/a/" }'),
        ('{ sftp = "hub", folder = "/a/b" }', '{ sftp = "hub", folder = "//a/./c/..//b" }'),
        ('{ sftp = "hub", folder = "." }', '{ sftp = "hub", folder = "a/.." }'),
        ('{ amqp = "broker", queue = "a" }', '{ amqp = "broker", routing_key = "a" }'),
        ('{ folder = "a" }', '"./a"'),
    ],
)
def test_one_place_has_one_purpose(tmp_path: Path, inbox: str, receipts: str) -> None:
    """The gateway would be fed its own answers."""
    file = _file(tmp_path, (_INBOX, f"inbox = {inbox}"), (_RECEIPTS, f"receipts = {receipts}"))
    assert [code for code, _ in _faults(file)] == ["config.folder-shared"]


def test_queues_of_one_name_on_two_brokers_are_two(tmp_path: Path) -> None:
    """A place is known with its server."""
    file = _file(
        tmp_path,
        (_INBOX, 'inbox = { amqp = "broker", queue = "a" }'),
        (_RECEIPTS, 'receipts = { amqp = "second", routing_key = "a" }'),
        more=_SERVERS + '[amqp.second]\nhost = "127.0.0.1"\nuser = "gateway"\n',
    )
    assert load_settings(file).partner[0].inbox == AmqpQueue(amqp="broker", queue="a")


class TestSecrets:
    """Passwords come from where no configuration, log or list of processes shows them."""

    def test_the_environment_goes_first_then_the_credential_then_the_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever starts the gateway has the last word."""
        credentials, file = tmp_path / "credentials", tmp_path / "secrets/sftp-hub-password"
        file.parent.mkdir()
        file.write_text("of the file\n")
        file.chmod(0o600)
        assert read_secret("sftp-hub-password", file) == "of the file"
        credentials.mkdir()
        (credentials / "sftp-hub-password").write_text("of systemd")
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
        assert read_secret("sftp-hub-password", file) == "of systemd"
        monkeypatch.setenv("GATEWAY_SFTP_HUB_PASSWORD", "of the environment")
        assert read_secret("sftp-hub-password", file) == "of the environment"

    def test_none_is_none(self, tmp_path: Path) -> None:
        """A key may do without."""
        assert read_secret("sftp-hub-password", tmp_path / "none") is None

    @pytest.mark.parametrize(
        ("mode", "data", "code"),
        [
            (0o640, b"x", "config.secret-open"),
            (0o604, b"x", "config.secret-open"),
            (0o600, b"\xff", "config.secret-unreadable"),
        ],
    )
    def test_a_file_that_others_may_read_is_refused(
        self, tmp_path: Path, mode: int, data: bytes, code: str
    ) -> None:
        """It may be known to anybody by now."""
        file = tmp_path / "secrets/amqp-broker-password"
        file.parent.mkdir()
        file.write_bytes(data)
        file.chmod(mode)
        with pytest.raises(ParkedError) as refused:
            read_secret("amqp-broker-password", file)
        assert refused.value.code == code
        assert "\\xff" not in str(refused.value)


@pytest.mark.requirement("CU-06")
@pytest.mark.parametrize("line", [_INBOX, _RECEIPTS])
def test_the_import_client_is_no_way_to_an_erp(tmp_path: Path, line: str) -> None:
    """It takes XML to customs, and would never take a reply."""
    key = line.split(maxsplit=1)[0]
    file = _file(tmp_path, (line, f'{key} = {{ import_client = "client/JB" }}'))
    assert _faults(file) == [("config.client-of-partner", "acme")]


@pytest.mark.requirement("ID-05")
@pytest.mark.parametrize(
    "url",
    [
        "gateway:pa55/w@rd@host/name",
        *(
            f"gateway@host/name?sslmode=require&{option}=pa55"
            for option in ("password", "sslpassword", "oauth_client_secret", "scram_client_key")
        ),
    ],
)
def test_a_password_in_the_url_of_the_database_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    """It belongs where no version control sees it; a user, an option or a file is none."""
    shipped = 'database = "sqlite:///var/gateway.db"'
    file = _file(tmp_path, (shipped, f'database = "postgresql+psycopg://{url}"'))
    with pytest.raises(RejectedError, match=r"^config\.password-here") as refused:
        load_settings(file)
    assert "pa55" not in f"{refused.value!r} {refused.value} {refused.value.violations}"
    options = "sslmode=verify-full&sslrootcert=/etc/ca.pem&sslkey=/etc/key.pem&passfile=/etc/pgpass"
    sound = f"postgresql+psycopg://gateway@127.0.0.1:5432/name?{options}"
    assert load_settings(_file(tmp_path, (shipped, f'database = "{sound}"'))).database == sound
