"""What passes between the gateway and customs: what a receipt says, and to which submission it belongs."""

from gateway.customs.circuit import Circuit, CircuitState, Outage
from gateway.customs.correlation import Known, Sent, correlate
from gateway.customs.finding import Finder
from gateway.customs.lanes import lane_of
from gateway.customs.patience import Late, Wait
from gateway.customs.pointers import Pointer, read_pointer
from gateway.customs.receipts import TECHNICAL, Fault, Said, read_receipt

__all__ = [
    "TECHNICAL",
    "Circuit",
    "CircuitState",
    "Fault",
    "Finder",
    "Known",
    "Late",
    "Outage",
    "Pointer",
    "Said",
    "Sent",
    "Wait",
    "correlate",
    "lane_of",
    "read_pointer",
    "read_receipt",
]
