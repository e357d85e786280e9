"""What nobody foresaw stays with its item; what was foreseen passes as it is."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from gateway.errors import GatewayError, ParkedError, RetryError, refuse
from gateway.steps.containment import contained


def test_an_unforeseen_error_is_parked_with_its_cause_and_logged() -> None:
    """The reply names its kind; the log has all of it."""
    with capture_logs() as log, pytest.raises(ParkedError) as caught, contained("orders.csv"):
        raise ZeroDivisionError("secret detail")
    assert caught.value.code == "containment.unexpected"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "ZeroDivisionError" in caught.value.text("zh")
    assert "secret detail" not in caught.value.text("en") + caught.value.text("zh")
    assert [line["item"] for line in log] == ["orders.csv"]


@pytest.mark.parametrize(
    "error", [RetryError("store.not-now", reason="x"), ParkedError("store.not-now", reason="x")]
)
def test_an_error_of_ours_passes_unchanged(error: GatewayError) -> None:
    """It knows its consequence itself."""
    with capture_logs() as log, pytest.raises(GatewayError) as caught, contained("orders.csv"):
        raise error
    assert caught.value is error
    assert log == []


def test_a_rejection_passes_unchanged() -> None:
    """With all its violations."""
    with pytest.raises(GatewayError) as caught, contained("orders.csv"):
        raise refuse("config.absent", file="x")
    assert caught.value.code == "config.absent"


def test_an_interruption_is_not_contained() -> None:
    """Whoever ends the process means it."""
    with pytest.raises(KeyboardInterrupt), contained("orders.csv"):
        raise KeyboardInterrupt
