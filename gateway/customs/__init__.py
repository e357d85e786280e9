"""What passes between the gateway and customs: what a receipt says, and to which submission it belongs."""

from gateway.customs.correlation import Known, Sent, correlate
from gateway.customs.receipts import TECHNICAL, Fault, Said, read_receipt

__all__ = ["TECHNICAL", "Fault", "Known", "Said", "Sent", "correlate", "read_receipt"]
