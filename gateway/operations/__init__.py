"""Keeping an installation in order: what can be seen of its folders, files and disk."""

from gateway.operations.places import check_folder, check_secret, check_space

__all__ = ["check_folder", "check_secret", "check_space"]
