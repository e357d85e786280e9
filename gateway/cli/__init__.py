"""The commands of the gateway: arguments and presentation; what is done stands elsewhere."""

from gateway.cli.main import main

__all__ = ["main"]
