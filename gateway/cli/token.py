"""Commands about the token: its state, and the word that lets a refused PIN be tried again."""

from __future__ import annotations

import click

from gateway.building import make_module
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED
from gateway.latch import make_latch
from gateway.signing import fingerprint, inspect_token


@click.group()
def token() -> None:
    """Look at the token and its PIN latch."""


@token.command("status")
@command
def token_status(session: Session, /) -> int:
    """Show the token and its certificates.

    And the PIN latch; no PIN is sent.
    """
    settings = session.settings
    latch = make_latch(settings, session.clock)
    found = inspect_token(make_module(settings), settings.token.label, latch)
    show = session.show
    told = {
        "label": found.label,
        "result": "ok" if found.fault is None else "fault",
        "text": "" if found.fault is None else found.fault.text(show.language),
        "serial": found.serial,
        "model": found.model,
        "latch": found.latch.state.value,
        "latched_at": found.latch.at,
        "pin_tried_wrong": found.pin_tried_wrong,
        "pin_final_try": found.pin_final_try,
        "pin_locked": found.pin_locked,
    }
    certificates = [
        {
            "label": label,
            "subject": certificate.subject.rfc4514_string(),
            "until": f"{certificate.not_valid_after_utc:%F}",
            "serial": format(certificate.serial_number, "X"),
            "certificate_sha256": fingerprint(certificate),
        }
        for label, certificate in found.certificates
    ]
    if show.json:
        show.data({**told, "certificates": certificates})
    else:
        show.pairs("token", {**told, "latch": f"latch.{told['latch']}"})
        show.rows("certificates", ("label", "subject", "until", "certificate_sha256"), certificates)
    return DONE if found.fault is None else REFUSED


@token.command("unlock")
@click.option("--allow-final-try", is_flag=True, help="Use even the last try that the token allows, once.")
@command
def token_unlock(session: Session, /, *, allow_final_try: bool) -> int:
    """Let the PIN be tried again after a refusal.

    Put the right PIN in place first.
    """
    # Noted first: whatever becomes of the PIN, it is known who let it be tried.
    with session.store.begin() as unit:
        session.note_act(unit, "token unlock", session.settings.token.label, final_try=allow_final_try)
    make_latch(session.settings, session.clock).unlock(allow_final_try=allow_final_try)
    session.show.line("latch-unlocked")
    return DONE
