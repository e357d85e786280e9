"""What becomes of submissions at the token and at the channel to customs, and how it is noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from gateway.errors import GatewayError, ParkedError, RetryError, UnsentError
from gateway.messages import serialize
from gateway.signing import Signer
from gateway.steps import circuits
from gateway.steps.containment import contained
from gateway.steps.records import World
from gateway.steps.token_watch import DEVICE, HANGING, UNUSABLE, TokenWatch, device_of
from gateway.steps.transport import enclosed
from gateway.steps.trouble import reasons_of, values_of
from gateway.store import AttemptOutcome, Member, Store, SubmissionRow, SubmissionState, Unit
from gateway.xmlio import parse

NOT_BOUND = "token.enterprise-not-bound"
EXPIRING = "token.certificate-expiring"
GIVEN_UP = "exchange.given-up"
# A token may need a quarter of a second for each, and what is signed is to be kept and sent soon.
SOON_SECONDS = 1.0


@dataclass(slots=True)
class Signatures:
    """What signing a batch came to.

    Attributes:
        signed: The signed bytes by message id.
        parked: What a person must look at, by message id.
        usable: The enterprises for which something was signed, and until when their certificates are valid.
        troubles: What stopped the token, or one enterprise's key; the messages concerned keep waiting.
    """

    signed: dict[str, bytes] = field(default_factory=dict)
    parked: dict[str, ParkedError] = field(default_factory=dict)
    usable: dict[str, datetime] = field(default_factory=dict)
    troubles: dict[str, RetryError] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many need not be signed any more."""
        return len(self.signed) + len(self.parked)

    def raise_trouble(self) -> None:
        """Let the stage pause before it asks the token again; what is wrong with one key stops no other.

        Raises:
            RetryError: As it came from the token.
        """
        if DEVICE in self.troubles:
            raise self.troubles[DEVICE]


def take_to_sign(unit: Unit, member: Member, limit: int) -> list[tuple[SubmissionRow, bytes]]:
    """Take what is to be signed; an enterprise whose key is known to be unusable is only looked at (ID-02).

    However much of it waits, it keeps nobody else from the token; its oldest message finds out when
    its key is there again. What one gateway takes, no other one's token signs meanwhile.
    """
    away = {each.subject for each in unit.alerts.opened(UNUSABLE) if not each.subject.startswith(DEVICE)}
    rows = unit.submissions.take_to_sign(limit, away, holder=member.id)
    if member.shares:
        unit.submissions.claims.to_sign([row.id for row in rows], member.id)
    return unit.raw.many((row, row.unsigned_digest) for row in rows)


def sign_batch(signer: Signer, watch: TokenWatch, batch: Iterable[tuple[SubmissionRow, bytes]]) -> Signatures:
    """Sign each message in its enterprise's name, until the token fails or it is time (ID-02, ID-03)."""
    result, end = Signatures(), monotonic() + SOON_SECONDS
    for row, data in batch:
        if row.enterprise in result.troubles:
            continue
        if monotonic() > end:
            break
        try:
            with contained(row.id), watch.asking():
                result.signed[row.id] = serialize(signer.sign(parse(data), row.enterprise, row.route))
            result.usable[row.enterprise] = signer.valid_until(row.enterprise)
        except ParkedError as fault:
            result.parked[row.id] = fault
        except RetryError as fault:
            # What names an enterprise is wrong with its key or certificate, and stops no other's.
            subject = str(fault.values.get("enterprise", DEVICE))
            result.troubles[subject] = fault
            if subject == DEVICE:
                break
    return result


def note_signatures(world: World, unit: Unit, member: Member, result: Signatures) -> None:
    """Keep the signed bytes; the first signature of a message stays, and trouble is told once (ID-03)."""
    if member.shares:
        # Another one's token may be able to do what this one did not come to.
        unit.submissions.claims.free(member.id)
    digests = unit.raw.put_many([*result.signed.values()])
    for submission, digest in zip(result.signed, digests, strict=True):
        unit.submissions.signed(submission, digest)
    for submission, parked in result.parked.items():
        # Another gateway may have signed it meanwhile, and be sending it.
        if unit.submissions.park(submission, str(parked), [SubmissionState.TO_SIGN]):
            unit.alerts.open(parked.code, submission, values_of(parked))
        if parked.code == NOT_BOUND:
            unit.alerts.close(UNUSABLE, str(parked.values["enterprise"]))
    device = device_of(member)
    for subject, trouble in result.troubles.items():
        unit.alerts.open(UNUSABLE, device if subject == DEVICE else subject, reasons_of(trouble))
    if result.usable or result.troubles:
        _note_answers(world, unit, device, result)


def _note_answers(world: World, unit: Unit, device: str, result: Signatures) -> None:
    """Close what was told of a token that answers and of keys that sign; tell whose certificate ends soon."""
    warned = timedelta(days=world.settings.token.certificate_days)
    ending = {one: until for one, until in result.usable.items() if until - unit.now < warned}
    for enterprise, until in ending.items():
        unit.alerts.open(EXPIRING, enterprise, {"enterprise": enterprise, "until": f"{until:%F}"})
    over = {(EXPIRING, one) for one in result.usable.keys() - ending.keys()} | {(HANGING, device)}
    if result.usable:
        over |= {(UNUSABLE, one) for one in result.usable.keys() - result.troubles.keys()}
    if result.usable and DEVICE not in result.troubles:
        over.add((UNUSABLE, device))
    # Mostly nothing is open, and nothing is to be written then.
    for alert in unit.alerts.opened(UNUSABLE, EXPIRING, HANGING):
        if (alert.code, alert.subject) in over:
            unit.alerts.close(alert.code, alert.subject)


def file_name(row: SubmissionRow) -> str:
    """Return the name under which a message leaves: its id, the same at every attempt (CU-05)."""
    return f"{row.id}.xml"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to send a submission, noted before it is made.

    Attributes:
        id: The attempt's row.
        submission: What is sent.
        data: The stored signed bytes, encrypted and in an envelope where the route has them so.
        holder: The gateway that sends it.
    """

    id: int
    submission: SubmissionRow
    data: bytes = field(repr=False)
    holder: str

    @property
    def file(self) -> tuple[str, bytes]:
        """What leaves: a name, the same at every attempt, and the bytes (CU-05)."""
        return file_name(self.submission), self.data


def begin_attempts(world: World, unit: Unit, member: Member, route: str, limit: int) -> list[Attempt]:
    """Note that what waits for a route is being sent; what this gateway began to send before is in doubt."""
    holder = member.id
    lost = unit.submissions.claims.recover(route, holder)
    rows = circuits.take(unit, route, limit, lost)
    begun = unit.submissions.attempt_begin([row.id for row in rows], holder)
    # What was encrypted before leaves as the same bytes again (CU-05).
    files = unit.raw.many(
        (row, row.sent_digest or row.signed_digest or "") for row in rows if row.id in begun
    )
    files = [(row, _encrypted(world, unit, row, data)) for row, data in files]
    return [
        Attempt(begun[row.id], row, enclosed(world, row, file_name(row), data), holder) for row, data in files
    ]


def _encrypted(world: World, unit: Unit, row: SubmissionRow, data: bytes) -> bytes:
    """Return signed bytes as their route has them leave: encrypted once, and kept (ID-04)."""
    encrypter = world.encrypters.get(row.route)
    if encrypter is None or row.sent_digest is not None:
        return data
    made = encrypter.encrypt(data)
    unit.submissions.encrypted(row.id, unit.raw.put(made))
    return made


def note_attempts(
    world: World, store: Store, attempts: Sequence[Attempt], faults: Mapping[str, GatewayError]
) -> int:
    """Note how each attempt ended, and what that tells of the route; return how many are not made again.

    What has certainly not arrived is told apart from what may have; both go again as the same bytes.
    Some may be answered already, and others are at them just now: those are noted afterwards, so that
    nobody waits for the other, and no note is undone, after which all would go again (CU-05).
    """
    of = {each.submission.id: faults.get(file_name(each.submission)) for each in attempts}
    gone = {name: fault for name, fault in of.items() if fault is not None}
    left, noted = list(attempts), list[SubmissionRow]()
    while left:
        with store.begin() as unit:
            ours = unit.submissions.lock([each.submission.id for each in left])
            noted += [
                each.submission
                for each in left
                if each.submission.id in ours and _note_attempt(world, unit, each, of[each.submission.id])
            ]
            left = [each for each in left if each.submission.id not in ours]
            if noted and not left:
                circuits.note(world, unit, noted, gone)
    return len(attempts) - sum(isinstance(fault, RetryError) for fault in gone.values())


def _note_attempt(world: World, unit: Unit, attempt: Attempt, fault: GatewayError | None) -> bool:
    """Note how one attempt ended, and when something is to be done about its message next (CU-01, CU-05).

    False where that was noted before: by an answer, or because this gateway was held for dead.
    """
    row = attempt.submission
    exchange = world.settings.exchanged(row.route, row.message_type)
    if fault is None:
        due_at = unit.now + timedelta(minutes=exchange.technical.warn_minutes)
        return unit.submissions.attempt_end(attempt.id, AttemptOutcome.SENT, due_at=due_at)
    tries = unit.submissions.attempts(row.id)
    outcome = AttemptOutcome.RETRY if isinstance(fault, UnsentError) else AttemptOutcome.IN_DOUBT
    if isinstance(fault, ParkedError):
        outcome = AttemptOutcome.FAILED
    due_at = unit.now + exchange.pause(len(tries))
    if not unit.submissions.attempt_end(attempt.id, outcome, str(fault), due_at=due_at):
        return False
    if outcome is AttemptOutcome.FAILED:
        unit.alerts.open(fault.code, row.id, values_of(fault))
    elif 0 < exchange.attempts <= len(tries):
        unit.submissions.give_up(row.id)
        values = {"number": row.number, "attempts": len(tries), **reasons_of(fault)}
        unit.alerts.open(GIVEN_UP, row.id, values)
    return True


def raise_one(faults: Mapping[str, GatewayError]) -> None:
    """Raise the first thing that may work later, so that the stage pauses before it tries again.

    Raises:
        RetryError: As it came from the channel.
    """
    for fault in faults.values():
        if isinstance(fault, RetryError):
            raise fault
