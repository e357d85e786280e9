"""Tells how many hostile receipts the suites try, and what became of them: `python -m tests.hostile`."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.errors import RejectedError
from gateway.signing.verification import Verified, Verifier

SUITES = sorted((Path(__file__).parent / "unit/signing").glob("test_hostile_*.py"))


class Counting:
    """Looks on as a run of tests gives receipts to verifiers; counts each of them once.

    Attributes:
        codes: What became of those that are the same in every run; empty where one was believed.
        drawn: How many were drawn at random besides.
    """

    def __init__(self) -> None:
        self.codes: Counter[str] = Counter()
        self.drawn = 0
        self._seen: set[bytes] = set()
        self._drawing = False
        self._verify = Verifier.verify

    def pytest_runtest_setup(self, item: pytest.Function) -> None:
        """Note whether the receipts of a test are drawn at random."""
        self._drawing = item.get_closest_marker("hypothesis") is not None

    def note(self, verifier: Verifier, data: bytes, at: datetime) -> Verified:
        """Verify as ever, and count."""
        code = ""
        try:
            return self._verify(verifier, data, at)
        except RejectedError as refused:
            code = refused.code
            raise
        finally:
            digest = sha256(data).digest()
            if self._drawing:
                self.drawn += 1
            elif digest not in self._seen:
                self._seen.add(digest)
                self.codes[code] += 1


def main() -> int:
    """Run the suites and tell."""
    counting = Counting()

    def verify(verifier: Verifier, data: bytes, at: datetime) -> Verified:
        return counting.note(verifier, data, at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Verifier, "verify", verify)
        code = pytest.main(["-q", "-p", "no:cacheprovider", *map(str, SUITES)], plugins=[counting])
    for name, count in counting.codes.most_common():
        sys.stdout.write(f"{count:6} {name or 'believed: what comes back is exactly what was signed'}\n")
    sys.stdout.write(f"{counting.codes.total():6} in all, and {counting.drawn} drawn at random\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
