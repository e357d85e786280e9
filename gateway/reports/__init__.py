"""What people are shown of documents: how one version differs from another."""

from gateway.reports.differences import Difference, differences

__all__ = ["Difference", "differences"]
