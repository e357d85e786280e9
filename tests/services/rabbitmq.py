"""A private RabbitMQ for tests: own node, own epmd, own folders, free ports of 127.0.0.1 only."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.services.certificates import Authority
from tests.services.documented import PARTNERS, documented, of_each_partner

PATIENCE = 60.0  # seconds
# Less than what is allowed by default, so that a message that the broker refuses stays small.
LARGEST_MESSAGE = 40_000_000
VHOST = "trade"


@dataclass(frozen=True, slots=True)
class User:
    """Whom the broker knows, and what he may do in the virtual host."""

    name: str
    password: str
    configure: str = ".*"
    write: str = ".*"
    read: str = ".*"


GATEWAY = User("gateway", "s3cret-of-the-gateway")
# One that may use queues and make none.
GUEST = User("guest", "s3cret-of-the-guest", "^$")
STRANGER = User("stranger", "s3cret-of-the-stranger", "^$", "^$", "^$")
_USERS = (GATEWAY, GUEST, STRANGER)


@dataclass
class Broker:
    """A node that can be killed and started again with all that it keeps.

    Attributes:
        port: Where it takes connections without TLS.
        tls_port: Where it takes connections with TLS; its certificate is for 127.0.0.1.
        authority: Who signed its certificate.
    """

    folder: Path
    port: int
    tls_port: int
    authority: Authority
    epmd_port: int
    dist_port: int
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self) -> None:
        """Start the node and wait until it takes connections."""
        if "epmd" not in self._processes:
            self._run("epmd", "epmd", "-address", "127.0.0.1", "-port", str(self.epmd_port))
        self._run("broker", str(programs() / "rabbitmq-server"))
        until = time.monotonic() + PATIENCE
        while not _listens(self.port) or not _listens(self.tls_port):
            told = (self.folder / "broker.out").read_text("utf-8", "replace")
            assert self._processes["broker"].poll() is None, f"RabbitMQ ended:\n{told}"
            assert time.monotonic() < until, f"RabbitMQ does not start:\n{told}"
            time.sleep(0.05)

    def kill(self) -> None:
        """End the node as a power cut would."""
        self._end("broker", signal.SIGKILL)

    def revive(self) -> None:
        """Start the node if it is not running."""
        if "broker" not in self._processes:
            self.start()

    def hang(self) -> None:
        """Let the node neither work nor go away, until `go_on`."""
        os.killpg(self._processes["broker"].pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a node that hangs work again."""
        os.killpg(self._processes["broker"].pid, signal.SIGCONT)

    def ctl(self, *words: str) -> str:
        """Run `rabbitmqctl`, which takes seconds, and return what it prints."""
        node = ["--node", f"rabbit{self.port}@localhost"]
        done = subprocess.run(
            [str(programs() / "rabbitmqctl"), *node, *words],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        told = done.stdout.decode("utf-8", "replace")
        assert done.returncode == 0, told
        return told

    def stop(self) -> None:
        """End everything; what the node kept is of no use any more."""
        for name in ("broker", "epmd"):
            self._end(name, signal.SIGKILL)

    def _run(self, name: str, *words: str) -> None:
        with (self.folder / f"{name}.out").open("wb") as output:
            self._processes[name] = subprocess.Popen(
                words,
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # The node has helpers of its own, which end with its group.
                start_new_session=True,
            )

    def _end(self, name: str, number: signal.Signals) -> None:
        process = self._processes.pop(name, None)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            process.wait(PATIENCE)

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            "PATH": os.environ.get("PATH", ""),
            "LC_ALL": "C.UTF-8",
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"rabbit{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            # The node talks to itself only; two schedulers do for tests.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"
            ),
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1 +sbwt none",
        }


@contextmanager
def broker() -> Iterator[Broker]:
    """Run a node until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="mq-"))
    ports = _free_ports(4)
    made = Broker(folder, ports[0], ports[1], Authority(folder), ports[2], ports[3])
    _configure(made)
    atexit.register(made.stop)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        atexit.unregister(made.stop)
        shutil.rmtree(folder)


@cache
def shared() -> Broker:
    """Return the node that all tests of a process share; whoever kills it starts it again."""
    parts = ExitStack()
    atexit.register(parts.close)
    return parts.enter_context(broker())


def _configure(made: Broker) -> None:
    folder = made.folder
    certificate, key = made.authority.give("broker", "127.0.0.1")
    lines = {
        "listeners.tcp.local": f"127.0.0.1:{made.port}",
        "listeners.ssl.local": f"127.0.0.1:{made.tls_port}",
        "ssl_options.cacertfile": str(made.authority.file),
        "ssl_options.certfile": str(certificate),
        "ssl_options.keyfile": str(key),
        "ssl_options.verify": "verify_peer",
        "ssl_options.fail_if_no_peer_cert": "false",
        "load_definitions": str(folder / "definitions.json"),
        "max_message_size": str(LARGEST_MESSAGE),
        "loopback_users": "none",
        "log.file.level": "warning",
        "vm_memory_high_watermark.absolute": "2GB",
        "disk_free_limit.absolute": "10MB",
    }
    text = "".join(f"{name} = {value}\n" for name, value in lines.items())
    (folder / "rabbitmq.conf").write_text(text)
    (folder / "enabled_plugins").write_text("[].\n")
    (folder / "advanced.config").write_text("[].\n")
    (folder / "rabbitmq-env.conf").touch()
    (folder / "definitions.json").write_text(json.dumps(_definitions()))


def partner(name: str) -> User:
    """Return the user of a partner."""
    return User(name, f"s3cret-of-{name}")


def _definitions() -> Mapping[str, object]:
    users = (*_USERS, *map(partner, PARTNERS))
    names = [{"name": user.name, "password_hash": _hashed(user.password), "tags": ""} for user in users]
    rights = [
        {"user": u.name, "vhost": VHOST, "configure": u.configure, "write": u.write, "read": u.read}
        for u in _USERS
    ]
    hosts = [{"name": name} for name in (VHOST, "closed", *PARTNERS)]
    return {"vhosts": hosts, "users": names, "permissions": rights + _documented_rights()}


def _documented_rights() -> list[dict[str, str]]:
    """Return what each `rabbitmqctl set_permissions` of the documentation grants; the command takes long."""
    lines = of_each_partner(documented("# rabbitmqctl").splitlines())
    granted = [shlex.split(line)[2:] for line in lines if " set_permissions " in line]
    keys = ("vhost", "user", "configure", "write", "read")
    assert all(words[:2] == ["set_permissions", "-p"] for words in granted)
    return [dict(zip(keys, words[2:], strict=True)) for words in granted]


def _hashed(password: str) -> str:
    salt = os.urandom(4)
    return b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


@cache
def programs() -> Path:
    """Return where RabbitMQ's own scripts lie; those of the distribution change to another user."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"))
    assert found, "RabbitMQ is missing: make setup-tests installs it"
    return found[-1]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
