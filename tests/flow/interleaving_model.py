"""What must become of a message to customs, told from the requirements: no code of the gateway is asked.

The gateway must come to the same after every step (CU-01, CU-03, CU-05, CU-07):

- What is not answered goes out again when it is due, always as the same bytes.
- Any answer that is believed proves arrival: nothing of it goes out ever after, whatever the sender notes.
- Technical and business receipt are noted separately, in whatever order they come.
- The first decision stands. Its repetition changes nothing; a contrary one waits for a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum


class End(StrEnum):
    """How an attempt ends for the one who sends."""

    SENT = "noted as sent"
    DOUBT = "timed out"
    UNSENT = "not sent"
    DIED = "died before the note"


class Receipt(StrEnum):
    """What customs can answer."""

    RECEIVED = "received"
    APPROVED = "approved"
    REFUSED = "refused"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Sending:
    """A look of the stage that sends.

    Attributes:
        end: How it ends for the sender, where anything is sent.
        arrives: Customs gets the bytes.
        early: What customs answers before the sender notes the end.
    """

    end: End
    arrives: bool = True
    early: tuple[Receipt, ...] = ()


@dataclass(frozen=True)
class Hearing:
    """A receipt comes."""

    receipt: Receipt


class Event(Enum):
    """Everything that can happen next."""

    SEND = Sending(End.SENT)
    TIMED_OUT = Sending(End.DOUBT)
    LOST = Sending(End.DOUBT, arrives=False)
    UNSENT = Sending(End.UNSENT, arrives=False)
    DIED = Sending(End.DIED)
    DIED_BEFORE = Sending(End.DIED, arrives=False)
    EARLY = Sending(End.SENT, early=(Receipt.RECEIVED,))
    EARLY_TIMED_OUT = Sending(End.DOUBT, early=(Receipt.RECEIVED,))
    EARLY_DECIDED = Sending(End.SENT, early=(Receipt.APPROVED,))
    EARLY_DIED = Sending(End.DIED, early=(Receipt.REFUSED,))
    RECEIVED = Hearing(Receipt.RECEIVED)
    APPROVED = Hearing(Receipt.APPROVED)
    REFUSED = Hearing(Receipt.REFUSED)
    DUPLICATE = Hearing(Receipt.DUPLICATE)
    AGAIN = "every receipt that came comes once more"
    TIMER = "the longest pause goes by"


@dataclass(frozen=True)
class Model:
    """How it stands with one message.

    Attributes:
        submission: `to_send`, `sending`, `in_doubt` or `sent`.
        due: It may go out at the next look.
        doubtful: An attempt ended so that nobody can know whether it arrived.
        copies: How often customs got the bytes.
        technical: The technical receipt is there.
        business: The decision is there.
        states: The states that the document has passed.
        heard: What customs has answered.
        person: A receipt waits for a person.
    """

    submission: str = "to_send"
    due: bool = True
    doubtful: bool = False
    copies: int = 0
    technical: bool = False
    business: bool = False
    states: tuple[str, ...] = ("declared",)
    heard: frozenset[Receipt] = frozenset()
    person: bool = False

    @property
    def document(self) -> str:
        """The document's state."""
        return self.states[-1]

    def can(self, event: Event) -> bool:
        """Tell whether it can happen: customs answers nothing that it has not got."""
        if isinstance(event.value, Hearing):
            return self.copies > 0
        return event is not Event.AGAIN or bool(self.heard)

    def after(self, event: Event) -> Model:
        """Return how it must stand after an event."""
        if isinstance(event.value, Sending):
            model = self._sent(event.value)
        elif isinstance(event.value, Hearing):
            model = self._heard(event.value.receipt)
        else:
            model = replace(self, due=True) if event is Event.TIMER else self
        # What went and what was answered goes no more, so that nothing else matters of how it went.
        return replace(model, due=False, doubtful=False) if model.submission == "sent" else model

    def _sent(self, sending: Sending) -> Model:
        abandoned = self.submission == "sending"
        if self.submission == "sent" or not (self.due or abandoned):
            return self
        copies, doubtful = self.copies + sending.arrives, self.doubtful or abandoned
        model = replace(self, submission="sending", due=False, copies=copies, doubtful=doubtful)
        for receipt in sending.early:
            model = model._heard(receipt)
        if model.submission != "sending":
            return model
        # That one attempt did not arrive says nothing of those before it.
        unsent = "in_doubt" if doubtful else "to_send"
        ends = {End.SENT: "sent", End.DOUBT: "in_doubt", End.UNSENT: unsent, End.DIED: "sending"}
        return replace(model, submission=ends[sending.end], doubtful=doubtful or sending.end is End.DOUBT)

    def _heard(self, receipt: Receipt) -> Model:
        proved = replace(self, submission="sent", heard=self.heard | {receipt})
        if receipt in {Receipt.RECEIVED, Receipt.DUPLICATE}:
            proved = replace(proved, technical=True)
            return proved._moved("sent") if self.document == "declared" else proved
        decided = {"approved", "refused"} & {self.document}
        if decided and receipt not in decided:
            return replace(proved, person=True, heard=self.heard)
        proved = replace(proved, business=True)
        return proved if decided else proved._moved(str(receipt))

    def _moved(self, state: str) -> Model:
        return replace(self, states=(*self.states, state))
