"""Modules that are loaded when they are asked for, since no command needs them all."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from types import ModuleType


def loaded(module: str) -> ModuleType:
    """Load a module with all that it needs; as that stays, garbage is looked for neither meanwhile nor in it.

    It would be a sixth of the time of every start.
    """
    if module not in sys.modules:
        gc.disable()
        try:
            import_module(module)
            gc.freeze()
        finally:
            gc.enable()
    return sys.modules[module]
