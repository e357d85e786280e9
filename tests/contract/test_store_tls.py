"""PostgreSQL over TLS, its certificate verified: all works over it, and no other server is trusted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from gateway.checking import check_installation
from gateway.clock import Clock
from gateway.errors import RetryError, Violation
from gateway.store import Store
from tests.flow import erp
from tests.services.amqp import until
from tests.services.certificates import Authority
from tests.services.installation import Installation
from tests.services.postgres import Server
from tests.services.stores import NOON

pytest_plugins = ("tests.services.store_fixtures",)

PASSWORD = "s3cret-of-the-database"
# Without TLS the role is not let in at all, and with TLS not without its password.
ACCESS = "hostssl all gateway 127.0.0.1/32 scram-sha-256\nhost all gateway 127.0.0.1/32 reject\n"
CONNECTIONS = (
    "SELECT coalesce(nullif(left(query, 6), ''), '-'), ssl FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
    " WHERE datname = %s AND usename = 'gateway'"
)
MANY = 2000


@dataclass(frozen=True)
class Guarded:
    """A database that is reached over TLS only.

    Attributes:
        server: Where it is.
        database: Its name.
        authority: Whom the gateway trusts.
        stranger: Another authority.
    """

    server: Server
    database: str
    authority: Authority
    stranger: Authority

    def url(self, authority: Path, host: str = "127.0.0.1") -> str:
        """Return the URL as the documentation has it."""
        place = f"gateway@{host}:{self.server.port}/{self.database}"
        return f"postgresql+psycopg://{place}?sslmode=verify-full&sslrootcert={authority}"

    def certify(self, authority: Authority) -> None:
        """Let the server have a certificate of an authority."""
        self.server.certify(*authority.give("server", "127.0.0.1"))

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Ask the server as its administrator."""
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            return connection.execute(query.encode(), [self.database]).fetchall()

    def cut(self) -> None:
        """End every connection to the database."""
        self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s")


@pytest.fixture(scope="module")
def role(postgres_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The server of all tests, with a role that it lets in over TLS only, for as long as these tests last."""
    access = postgres_server.folder / "data/pg_hba.conf"
    before = access.read_text("ascii")
    database = postgres_server.create()
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as administrator:
        made = sql.SQL("CREATE ROLE gateway LOGIN PASSWORD {}")
        administrator.execute(made.format(PASSWORD))
        owner = sql.SQL("ALTER DATABASE {} OWNER TO gateway")
        administrator.execute(owner.format(sql.Identifier(database)))
    access.write_text(ACCESS + before, "ascii")
    folder = tmp_path_factory.mktemp("authorities")
    made_of = [folder / name for name in ("ours", "theirs")]
    for each in made_of:
        each.mkdir()
    yield Guarded(postgres_server, database, *map(Authority, made_of))
    access.write_text(before, "ascii")
    postgres_server.uncertify()
    postgres_server.drop(database)
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as administrator:
        administrator.execute("DROP ROLE gateway")


@pytest.fixture
def guarded(role: Guarded, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    """The server proves who it is, and the gateway has its password from the environment."""
    role.certify(role.authority)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return role


@pytest.fixture
def open_store(guarded: Guarded) -> Iterator[Callable[[], Store]]:
    """Opens stores, each as another process would have it."""
    opened: list[Store] = []

    def one_more() -> Store:
        opened.append(Store(guarded.url(guarded.authority.file), Clock(NOON)))
        opened[-1].migrate()
        return opened[-1]

    yield one_more
    for store in opened:
        store.close()


def test_a_gateway_works_over_it_and_waits_while_the_server_is_not_trusted(
    guarded: Guarded, tmp_path: Path
) -> None:
    """A certificate that was renewed wrongly costs time only; when it is right again all goes on."""
    url = guarded.url(guarded.authority.file)
    installation = Installation(tmp_path, {"sqlite:///var/gateway.db": url})
    with installation.open() as running:
        running.send("1.json", erp.qualification())
        found = guarded.ask(CONNECTIONS)
        assert {over_tls for _, over_tls in found} == {True}
        guarded.certify(guarded.stranger)
        guarded.cut()
        installation.drop("2.json", erp.volume())
        running.until(lambda: "store.not-trusted" in running.troubles)
        assert installation.replies("2.json") == []
        guarded.certify(guarded.authority)
        running.settle()
        assert running.document(erp.VOLUME).state == "approved"


def test_calls_are_heard_over_it(guarded: Guarded, open_store: Callable[[], Store]) -> None:
    """Also a great many at once, of which the cipher delivers more than the driver reads at a time."""
    heard: list[set[str]] = [set(), set()]

    def ear(number: int) -> Callable[[Collection[str]], None]:
        return heard[number].update

    with open_store().join(60, ["notify"]) as first, open_store().join(60, ["notify"]) as second:
        for number, member in enumerate((first, second)):
            member.listen(ear(number))
        until(lambda: [query for query, _ in guarded.ask(CONNECTIONS)].count("LISTEN") == len(heard))
        for number in range(20):
            for caller, hearer in ((first._calls, 1), (second._calls, 0)):
                assert caller is not None
                caller.send([f"stage {number}"])
                until(lambda hearer=hearer, number=number: f"stage {number}" in heard[hearer])
        many = {f"{number} {'x' * 90}" for number in range(MANY)}
        with psycopg.connect(guarded.server.url(guarded.database), autocommit=True) as other:
            other.execute("SELECT pg_notify('gateway_calls', s) FROM unnest(%s::text[]) AS s", [list(many)])
        until(lambda: all(many <= each for each in heard))
        assert {over_tls for _, over_tls in guarded.ask(CONNECTIONS)} == {True}


@pytest.mark.parametrize("wrong", ["authority", "host", "file"])
def test_a_server_that_does_not_prove_who_it_is_is_refused(guarded: Guarded, wrong: str) -> None:
    """Somebody else's certificate, one for another host, or nobody to compare it with; it may come right."""
    url = {
        "authority": guarded.url(guarded.stranger.file),
        "host": guarded.url(guarded.authority.file, "localhost"),
        "file": guarded.url(Path("/nowhere/ca.pem")),
    }[wrong]
    store = Store(url, Clock(NOON))
    with pytest.raises(RetryError, match=r"^store\.not-trusted") as refused:
        store.migrate()
    store.close()
    assert "certificate" in str(refused.value)


def test_the_password_is_told_to_nobody(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by the log at its most verbose nor by what is told of a server that is not trusted."""
    url = guarded.url(guarded.authority.file)
    installation = Installation(tmp_path, {"sqlite:///var/gateway.db": url})
    installation.drop("1.json", "{")
    done = installation.gateway("--verbose", "run", "--until-idle", "--timeout", "30")
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("PGPASSWORD", f"{PASSWORD}-of-yesterday")
    refused = installation.gateway("--verbose", "status")
    assert "store.not-now" in refused.stderr
    guarded.certify(guarded.stranger)
    distrusted = installation.gateway("--verbose", "status")
    assert "store.not-trusted" in distrusted.stderr
    for each in (done, refused, distrusted):
        assert PASSWORD not in each.stdout + each.stderr


@pytest.mark.parametrize(
    ("place", "mode"),
    [
        ("127.0.0.1:{port}/{name}?hostaddr=0.0.0.0", "prefer"),
        ("127.0.0.1:{port}/{name}?hostaddr=0.0.0.0&sslmode=require", "require"),
        ("127.0.0.1:{port}/{name}?hostaddr=0.0.0.0&sslmode=verify-full&sslrootcert={authority}", None),
        ("127.0.0.1:{port}/{name}", None),
        ("/{name}?host={folder}&port={port}", None),
    ],
)
def test_the_check_warns_of_a_server_elsewhere_that_need_not_prove_who_it_is(
    guarded: Guarded, tmp_path: Path, place: str, mode: str | None
) -> None:
    """Not of one on this machine, by whatever way; 0.0.0.0 leads there, and is not known to."""
    filled = place.format(
        port=guarded.server.port,
        name=guarded.database,
        folder=guarded.server.folder,
        authority=guarded.authority.file,
    )
    url = f"postgresql+psycopg://gateway@{filled}"
    settings = Installation(tmp_path, {"sqlite:///var/gateway.db": url}).settings
    parts = check_installation(settings, Clock(NOON))
    told = [fault for part in parts for fault in part.violations if part.part == "database"]
    values = {"host": "127.0.0.1", "mode": mode}
    warned = Violation("store.server-unproven", values=values, warning=True)
    assert told == ([warned] if mode else [])
