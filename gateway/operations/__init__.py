"""Keeping an installation in order: what can be seen of its folders, files, disk and memory."""

from gateway.operations.archive import Archive
from gateway.operations.memory import keep_memory_private
from gateway.operations.places import check_folder, check_space
from gateway.operations.rights import check_guarded, check_inbox, check_private, check_secret

__all__ = [
    "Archive",
    "check_folder",
    "check_guarded",
    "check_inbox",
    "check_private",
    "check_secret",
    "check_space",
    "keep_memory_private",
]
