"""Who declares: the agent that is named by its code, looked up by name, or the enterprise itself (AG-03)."""

from __future__ import annotations

from typing import Final

from gateway.config import Enterprise
from gateway.documents import identifiers
from gateway.documents.core import Facts
from gateway.documents.draft import Draft
from gateway.fields import Fields

# An agent's code that says that there is to be none.
NONE: Final = "none"


def look_up(code: str, profile: Enterprise, facts: Facts) -> str | None:
    """Return an agent's name: from the enterprise's own list, else that of another configured enterprise."""
    for agent in profile.agents:
        if agent.code == code:
            return agent.name
    known = profile if code == profile.code else facts.enterprise(code)
    return known.name if known else None


def declaring_agent(run: Fields, manifest: Fields, profile: Enterprise) -> tuple[str, str]:
    """Return who declares, code and name: whom the run names, else its manifests, else the enterprise.

    Args:
        run: The request for the aggregation, with the name that was looked up.
        manifest: One of its manifests; they all name the same.
        profile: The enterprise.
    """
    if run.get("AgentCode") != NONE:
        for content in (run, manifest):
            code, name = content.get("AgentCode"), content.get("AgentName")
            if isinstance(code, str) and isinstance(name, str) and code and name:
                return code, name
    return profile.code, profile.name


def named_agent(draft: Draft, code: str, profile: Enterprise | None) -> tuple[str, str] | None:
    """Return code and name of the agent that a body names, the enterprise itself for none; note faults."""
    path = draft.head.at("AgentCode")
    if profile is None:
        return None
    if code == NONE:
        return profile.code, profile.name
    if not identifiers.is_enterprise_code(code):
        draft.fault("rule.enterprise-code", path, given=code)
        return None
    name = look_up(code, profile, draft.facts)
    if name is None:
        known = ", ".join(f"{agent.code} {agent.name}" for agent in profile.agents) or "-"
        draft.fault("rule.unknown-agent", path, given=code, expected=known)
        return None
    return code, name
