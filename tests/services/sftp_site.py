"""An OpenSSH set up for partners by the very lines of the documentation, in an /etc and a /srv of its own."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

from tests.services.documented import PARTNERS, documented, of_each_partner
from tests.services.sshd import Sshd, free_port, make_key

# What the system's own sshd_config says around it.
_CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile none
UsePAM yes
UseDNS no
PrintMotd no
{documented}
"""
# Whoever has a user of such a name on his machine keeps him.
_OWN_PLACES = """set -e
cd {folder}
mount --bind etc /etc
mount --bind srv /srv
for each in gateway {partners}; do userdel -f "$each" 2>/dev/null || true; done
{commands}
exec "$@"
"""


def start_site(folder: Path) -> Sshd:
    """Start the server, with a key for each user in the folder; the test stops it.

    Only root may mount places of his own; nobody else on the machine sees them.
    """
    assert os.geteuid() == 0, "users of the operating system can only be made by root: run the tests as root"
    for name in ("host", "gateway", *PARTNERS):
        make_key(folder / name)
    shutil.copytree("/etc", folder / "etc", symlinks=True)
    (folder / "srv").mkdir()
    (folder / "srv").chmod(0o755)
    shell = [line.removeprefix("# ") for line in documented("# groupadd sftp-partner").splitlines()]
    script = _OWN_PLACES.format(
        folder=shlex.quote(str(folder)),
        partners=" ".join(PARTNERS),
        commands="\n".join(of_each_partner(shell)),
    )
    port = free_port()
    config = _CONFIG.format(port=port, folder=folder, documented=documented("Subsystem sftp"))
    (folder / "config").write_text(config, "ascii")
    server = Sshd(folder, port, within=("unshare", "--mount", "sh", "-c", script, "sh"))
    server.start()
    return server
