"""A story over SFTP, AMQP and PostgreSQL, in which the gateway dies at one point after the other."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.chaos.books import Books, make_books
from tests.chaos.laying import ROUTES
from tests.chaos.partners import Input, Sending
from tests.chaos.site import Place, opened
from tests.faults.killer import Point
from tests.faults.points import TRIES, points
from tests.faults.site import KILLED
from tests.flow import erp
from tests.services.amqp import Client, Nameless
from tests.services.forking import Nursery

# What is done at a server: the folders of this machine, in which nothing happens here, are left out.
_AWAY = re.compile(r"^(?!intake commit|(dispatch|receive) customs commit).* commit$|/(from-)?pier\b|^amqp ")
_CAME = "SELECT message_id, count(*), sum(times) FROM arrival GROUP BY message_id"
# Each partner declares by the other kind of channel.
_WAYS = {"pier": "queue", "queue": "pier"}


@dataclass
class Told:
    """What came of a story over the network.

    Attributes:
        died: The points at which it died.
        missed: Those that it never came to.
        books: What partners and customs have in the end.
        repeated: How often a message came to customs once more, with the same bytes.
    """

    died: list[Point] = field(default_factory=list)
    missed: list[Point] = field(default_factory=list)
    books: Books = field(default_factory=Books)
    repeated: int = 0


class Network:
    """An installation whose partners and routes are at an SFTP server and at a broker.

    Attributes:
        points: The points before and after each kind of step: those that an undisturbed round came to, then
            what else is known, because stages that work beside each other commit now one by one, now at once.
    """

    def __init__(self, place: Place, known: Sequence[Point]) -> None:
        self._place = place
        self._numbers = count(1)
        self._files: list[Input] = []
        self._round()
        assert place.site.run(traced=True) == 0, place.site.said("gateway")
        found = points(place.site.steps(), place.site.done())
        seen = [point for point in found if _AWAY.search(point.name)]
        self.points = [*seen, *(point for point in known if point not in seen)]

    def tour(self, asked: Sequence[Point]) -> Told:
        """Die at each point, one after the other; what the partners send goes on until all are had."""
        told, left, tries = Told(), list(asked), Counter[Point]()
        while left:
            self._round()
            while left and self._place.site.run(left[0]) == KILLED:
                told.died.append(left.pop(0))
            if left and (tries.update([left[0]]) or tries[left[0]] == TRIES):
                told.missed.append(left.pop(0))
        self._place.site.finish()
        told.books = make_books(self._place, self._files)
        with closing(sqlite3.connect(self._place.installation.folder / "var/customs/stub.db")) as customs:
            came = customs.execute(_CAME).fetchall()
        told.books.duplicated += [f"{message} came as {n} contents" for message, n, _ in came if n > 1]
        told.repeated = sum(times - 1 for _, _, times in came)
        return told

    def nameless(self, point: Point) -> list[dict[str, Any]]:
        """Let a file come from the broker without an id, die at a point, and return its replies."""
        file = self._right("queue")
        services = self._place.services
        properties = Nameless(headers={"filename": file.name}, delivery_mode=2)
        Client(services.broker).put_raw(services.queues.orders, file.data, properties)
        assert self._place.site.run(point) == KILLED
        self._place.site.finish()
        asked = "SELECT bytes FROM interchanges JOIN raw ON raw.digest = reply_digest WHERE name = '{}'"
        return [json.loads(bytes(data)) for (data,) in self._place.ask(asked.format(file.name))]

    def _round(self) -> None:
        """Let each partner send a manifest and a file that is of no format; what was put away is cleared."""
        for folder in ("inbox/pier", "receipts/from-pier"):
            for put_away in (".done", ".quarantine"):
                shutil.rmtree(self._place.installation.folder / folder / put_away, ignore_errors=True)
        files = [file for partner in _WAYS for file in (self._right(partner), self._broken(partner))]
        self._files += files
        sending = Sending(self._place, files, lambda: 0.0)
        sending.start()
        sending.join()

    def _right(self, partner: str) -> Input:
        office = ROUTES[_WAYS[partner]]
        number = f"N-{next(self._numbers):06d}"
        volume = {"customsNumber": self._place.volumes[office]}
        text = erp.manifests(erp.manifest(number, customs={"declaredAt": office}, volume=volume))
        return Input(partner, f"{number}.json", "right", number, text.encode())

    def _broken(self, partner: str) -> Input:
        number = f"N-{next(self._numbers):06d}"
        return Input(partner, f"{number}.json", "broken", number, f'{{"{number}": '.encode())


@contextmanager
def network(folder: Path, nursery: Nursery, known: Sequence[Point] = ()) -> Iterator[Network]:
    """Make the installation, its customs open, and tell the story once undisturbed."""
    with opened(folder, nursery, on_postgres=True, hasty=True) as place:
        place.customs.start()
        yield Network(place, known)
