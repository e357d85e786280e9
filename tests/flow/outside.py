"""Other people's programs as judges of what leaves the gateway; one that is missing is a failure."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.services.installation import ROOT


def xmlsec1_faults(file: Path, certificate: Path) -> str:
    """Let xmlsec1 verify a signature; return what it objects to."""
    key = ["--pubkey-cert-pem", str(certificate), "--enabled-key-data", "rsa"]
    return _said(["xmlsec1", "--verify", *key, str(file)])


def xmllint_faults(file: Path) -> str:
    """Let xmllint validate a message; return what it objects to."""
    schema = "dec/3.1/DecMessage.xsd" if b"<DecMessage" in file.read_bytes() else "jb/1.0/message.xsd"
    return _said(["xmllint", "--noout", "--nonet", "--schema", str(ROOT / "schemas/xsd" / schema), str(file)])


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr or str(done.returncode)
