"""How bytes come and go under a name, and nothing else: folders and memory; `sftp` and `amqp` stand apart."""

from gateway.channels.base import Arrival, Inbox, Outbox, Outcome, Refusal, reason_of
from gateway.channels.folder import FolderInbox, Intake
from gateway.channels.import_client import BOXES, ImportClientInbox, ImportClientOutbox, failed_files
from gateway.channels.line_log import LineLog
from gateway.channels.memory import MemoryInbox, MemoryOutbox
from gateway.channels.outbox import FolderOutbox
from gateway.channels.owner import owner_of, take_owner
from gateway.channels.waker import Waker, Watch

__all__ = [
    "BOXES",
    "Arrival",
    "FolderInbox",
    "FolderOutbox",
    "ImportClientInbox",
    "ImportClientOutbox",
    "Inbox",
    "Intake",
    "LineLog",
    "MemoryInbox",
    "MemoryOutbox",
    "Outbox",
    "Outcome",
    "Refusal",
    "Waker",
    "Watch",
    "failed_files",
    "owner_of",
    "reason_of",
    "take_owner",
]
