"""Who may say what: which certificates each route believes, and about which customs offices (CU-02)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

from gateway.config import Route, Settings
from gateway.customs import Said
from gateway.errors import RejectedError, refuse
from gateway.signing import Verified, Verifier, fingerprint, load_files
from gateway.store import DocumentRow, ReceiptRow, SubmissionRow

# What a sender calls itself when it is an office; other senders are no claim to one.
_OFFICE: Final = re.compile(r"[0-9]{2}[A-Z0-9]{2}")


@dataclass(frozen=True, slots=True)
class Pinned:
    """The certificates of one route.

    Attributes:
        verifier: Believes each of them.
        limits: By fingerprint the offices for which it speaks; none means all.
        served: The offices that the route serves; none means all.
    """

    verifier: Verifier
    limits: Mapping[str, frozenset[str]]
    served: frozenset[str]


@dataclass(frozen=True, slots=True)
class Statement:
    """What came, opened, and what of it is signed by a certificate of the route over which it came."""

    receipt: ReceiptRow
    data: bytes
    verified: Verified


class Trust:
    """Whom the routes believe, and for which offices.

    Args:
        routes: What is pinned for each route.
    """

    def __init__(self, routes: Mapping[str, Pinned]) -> None:
        self._routes = routes

    def hear(self, receipt: ReceiptRow, data: bytes, at: datetime) -> Statement:
        """Verify what came by the certificates of its route.

        Raises:
            RejectedError: As `Verifier.verify` says.
        """
        return Statement(receipt, data, self._routes[receipt.channel].verifier.verify(data, at))

    def check_answer(
        self, told: Statement, said: Said, at: datetime, sent: SubmissionRow, row: DocumentRow
    ) -> None:
        """Let only those answer a message whom its own route trusts, for the office of its document.

        One customs may answer over any of its routes; another customs may not, whatever number it names.

        Raises:
            RejectedError: `receipt.other-route`, `receipt.other-office` or `receipt.contradicts`.
        """
        verified = told.verified if sent.route == told.receipt.channel else self._again(told, sent, at)
        limit = self._routes[sent.route].limits[verified.fingerprint]
        for office in (row.office or "", *([said.office] if _OFFICE.fullmatch(said.office) else [])):
            if not covers(limit, office):
                raise _other_office(verified, office, limit)
        if said.declared_at and row.office and said.declared_at != row.office:
            given, sent_to = said.declared_at, row.office
            path, name = "Receipt/CustomMaster", "CustomMaster"
            raise refuse("receipt.contradicts", path, field=name, given=given, sent=sent_to)

    def _again(self, told: Statement, sent: SubmissionRow, at: datetime) -> Verified:
        cause = None
        try:
            if sent.route in self._routes:
                return self._routes[sent.route].verifier.verify(told.data, at)
        except RejectedError as fault:
            cause = fault
        came_by = told.receipt.channel
        raise refuse("receipt.other-route", route=came_by, message_id=sent.id, sent=sent.route) from cause

    def check_reference(self, told: Statement, office: str, at: datetime) -> None:
        """Let reference data be told by whom any route trusts for its office, signed as that route wants it.

        What belongs to no office may be told by whoever speaks for all.

        Raises:
            RejectedError: `receipt.other-office`.
        """
        limits = []
        for name, route in self._routes.items():
            try:
                verified = (
                    told.verified if name == told.receipt.channel else route.verifier.verify(told.data, at)
                )
            except RejectedError:
                continue
            limits.append(route.limits[verified.fingerprint] or (route.served if office else frozenset()))
            if covers(limits[-1], office):
                return
        raise _other_office(told.verified, office, frozenset().union(*limits))


def covers(offices: Iterable[str], office: str) -> bool:
    """Whether an office is among those named, by itself or by the two characters of its customs."""
    named = frozenset(offices)
    return not named or office in named or office[:2] in named


def make_trust(settings: Settings) -> Trust:
    """Read every pinned certificate.

    Raises:
        RejectedError: `signature.certificate-file` for every file of a route that cannot be read.
    """
    return Trust({route.name: _pinned(settings, route) for route in settings.route})


def unheard(route: Route) -> list[str]:
    """Return the offices of a route for which no certificate speaks; `*` for those that it does not name."""
    if any(not each.offices for each in route.trusted_certificates):
        return []
    heard = {office for each in route.trusted_certificates for office in each.offices}
    return [office for office in route.offices or ("*",) if not covers(heard, office)]


def _pinned(settings: Settings, route: Route) -> Pinned:
    trusted = route.trusted_certificates
    loaded = load_files(settings.path(each.file) for each in trusted)
    limits: dict[str, frozenset[str]] = {}
    for each, certificates in zip(trusted, loaded, strict=True):
        offices = frozenset(each.offices)
        for name in map(fingerprint, certificates):
            known = limits.get(name, offices)
            # Named twice, it speaks for all that it is named for; once without offices, for all there are.
            limits[name] = known | offices if known and offices else frozenset()
    verifier = Verifier(chain.from_iterable(loaded), accept_sha1=route.signature.allow_broken_sha1)
    return Pinned(verifier, limits, frozenset(route.offices))


def _other_office(verified: Verified, office: str, limit: Iterable[str]) -> RejectedError:
    return refuse(
        "receipt.other-office",
        subject=verified.subject,
        fingerprint=verified.fingerprint,
        office=office or "–",
        offices=", ".join(sorted(limit)),
    )
