"""A customs office of its own for trials: no code shared with the gateway, an own reading of the rules."""
