"""A token that needs 240 ms a signature, while receipts, queries and refused files come, too."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

from pkcs11 import Mechanism

from gateway.signing.trial import Trial
from tests.bench import erp
from tests.bench.hands import open_token
from tests.bench.loop import REPLIES, drop
from tests.bench.process import ENVIRONMENT
from tests.bench.site import Site, told

_OTHERS_SECONDS = 0.5
_SIGNATURES = 10
# A token of 240 ms signs nothing within that.
_TOGETHER_SECONDS = 0.2
_QUERY = """<Message xmlns="urn:cn:collective-declaration:1.0"><MessageHead><MessageType>Query</MessageType>
<ClientSeqNo>ASK-{number}</ClientSeqNo><Operation>query</Operation></MessageHead><Query>
<QueryKind>manifest</QueryKind><DateFrom>20261001</DateFrom><DateTo>20261031</DateTo><PageSize>50</PageSize>
</Query></Message>"""


def at_the_token(site: Site, documents: int, items: int) -> dict[str, Any]:
    """Drop manifests in two loads while others come and customs answers; tell how fast they were sent.

    The gateway must be running. What is signed together leaves together; the clock starts when the
    first have left, and they do not count.
    """
    sent, replies, others = set(told(site.outbox)), len(told(site.replies)), 0
    with site.customs():
        drop(site, "T", documents // 2, items)
        site.wait(lambda: len(told(site.outbox)) > len(sent))
        drop(site, "U", documents - documents // 2, items)
        for number in count():
            if len(told(site.outbox)) >= len(sent) + documents:
                break
            _others(site, number)
            others += 2
            time.sleep(_OTHERS_SECONDS)
        left = sorted((site.outbox / name).stat().st_ctime for name in told(site.outbox) if name not in sent)
        site.wait(lambda: len(told(site.replies)) >= replies + REPLIES * documents + others)
    counted = [moment for moment in left if moment > left[0] + _TOGETHER_SECONDS]
    return {"documents_per_second": len(counted) / (left[-1] - left[0]), "others": others}


def _others(site: Site, number: int) -> None:
    """Drop a query, and a file that is refused."""
    erp.drop(site.inbox, f"query-{number}.xml", _QUERY.format(number=number).encode())
    erp.drop(site.inbox, f"refused-{number}.csv", f"行类型,清单编号\n表头,X-{number}\n".encode())


def own_rate(site: Site) -> float:
    """Return how many signatures a second the token makes when nothing else is done."""
    command = [sys.executable, "-m", "tests.bench.slow", str(site.folder / "var" / "token"), str(site.module)]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, env={**ENVIRONMENT, **site.environment}
    )
    return float(json.loads(done.stdout))


def main() -> None:
    """Sign in a loop and print how often in a second."""
    folder, module = map(Path, sys.argv[1:])
    with open_token(module, Trial(folder, erp.ENTERPRISE, erp.NAME)) as (sign, _, _):
        start = time.perf_counter()
        for _ in range(_SIGNATURES):
            sign(Mechanism.SHA256_RSA_PKCS, bytes(900))
        json.dump(_SIGNATURES / (time.perf_counter() - start), sys.stdout)


if __name__ == "__main__":
    main()
