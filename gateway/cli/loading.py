"""Modules that are loaded when they are asked for, since no command needs them all."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType


@contextmanager
def staying() -> Iterator[None]:
    """Tell that what is made meanwhile stays: garbage is looked for neither meanwhile nor, later, in it."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def loaded(module: str) -> ModuleType:
    """Load a module with all that it needs; to look for garbage meanwhile would be a sixth of every start."""
    if module not in sys.modules:
        with staying():
            import_module(module)
    return sys.modules[module]
