"""A body on its way to being saved or declared: completed, checked, every fault gathered (EN-01 to EN-05)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.config import Enterprise
from gateway.documents import identifiers
from gateway.documents.core import Change, Command, Document, Facts, News, Use
from gateway.errors import RejectedError, Violation
from gateway.fields import Fields, FieldSpec


class Level(StrEnum):
    """How complete a body must be."""

    SAVE = "save"
    DECLARE = "declare"

    @property
    def zh(self) -> str:
        """The Chinese word."""
        return "暂存" if self is Level.SAVE else "申报"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of fields and where it stands: the body itself or one of its items."""

    fields: Fields
    path: str

    def text(self, name: str) -> str:
        """Return a field's text, empty when absent."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""

    def at(self, name: str) -> str:
        """Return the path of a field of this group."""
        return f"{self.path}/{name}"


@dataclass(frozen=True, slots=True)
class Outline:
    """What a document shows of its content, and what completing it found out beside that.

    Attributes:
        enterprise: Whose it is.
        office: The declaring customs.
        nature: The nature of the goods.
        ie_flag: `I`, `E`, or empty.
        parent: The document that it belongs to.
        period: The month, `yyyyMM`.
        hold: Why its message must wait, or None.
        uses: What it takes of licences once it is declared (MF-08).
        shown: What the reply shows beside number and state (AM-02).
        moved: Other documents that change with it, such as a manifest that leaves its run (AM-07).
    """

    enterprise: str = ""
    office: str = ""
    nature: str = ""
    ie_flag: str = ""
    parent: str | None = None
    period: str | None = None
    hold: News | None = None
    uses: tuple[Use, ...] = ()
    shown: Mapping[str, object] = field(default_factory=dict)
    moved: tuple[Change, ...] = ()


@dataclass
class Draft:
    """The work on one body.

    Attributes:
        message_type: The body's element name, the first step of every path.
        level: How complete it must be.
        partner: Who asks.
        facts: What the rules may ask.
        present: The document as it is now, None when it is made anew.
        head: The body's own fields; a copy, never what the sender gave.
        violations: The faults found so far.
        warnings: What is told and stops nothing.
        filled: What was back-filled, by path.
        amends: Whether `present` is with customs and is being corrected: its day of declaration stays, and
            no deadline begins anew (AM-02).
        item_steps: How the path of each item goes on; by its position, where nothing else is said.
    """

    message_type: str
    level: Level
    partner: str
    facts: Facts
    present: Document | None
    head: Group
    violations: list[Violation] = field(default_factory=list)
    warnings: list[Violation] = field(default_factory=list)
    filled: dict[str, str] = field(default_factory=dict)
    amends: bool = False
    item_steps: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, command: Command, body: Fields, level: Level, facts: Facts, present: Document | None = None
    ) -> Draft:
        """Begin the work on a copy of the body."""
        head = Group(copy(body), command.message_type)
        return cls(command.message_type, level, command.partner, facts, present, head)

    @property
    def today(self) -> str:
        """Return the day of the decision, `yyyyMMdd` in China."""
        return self.facts.now.date().isoformat().replace("-", "")

    @property
    def day(self) -> str:
        """Return the day of declaration: of what is corrected the day on which it was declared."""
        kept = self.present.content.get("DeclDate") if self.amends and self.present else None
        return kept if isinstance(kept, str) else self.today

    @property
    def declaring(self) -> bool:
        """Tell whether the body must be complete."""
        return self.level is Level.DECLARE

    def items(self) -> list[Group]:
        """Return the items with their positions."""
        value = self.head.fields.get("Item", [])
        items = value if isinstance(value, list) else []
        steps = self.item_steps or [f"Item[{count}]" for count in range(1, len(items) + 1)]
        return [Group(item, f"{self.head.path}/{step}") for item, step in zip(items, steps, strict=True)]

    def fault(self, code: str, path: str, **values: object) -> None:
        """Note a violation; the field's names are put in by themselves."""
        self.violations.append(Violation(code, path, {**self._names(path), **values}))

    def warn(self, code: str, path: str, **values: object) -> None:
        """Note a warning."""
        self.warnings.append(Violation(code, path, {**self._names(path), **values}, warning=True))

    def fill(self, group: Group, name: str, value: str) -> None:
        """Back-fill a grey field (EN-02): absent is filled, the same is fine, another is a violation."""
        given = group.fields.get(name)
        if not given or not isinstance(given, str):
            if value:
                group.fields[name] = value
                self.filled[f"{group.path}/{name}"] = value
        elif given != value:
            code = "rule.fill-differs" if value else "rule.filled-by-customs"
            self.fault(code, group.at(name), given=given, expected=value)

    def take(self, name: str) -> str:
        """Take a command-only field out of the body and return its text."""
        text = self.head.text(name)
        self.head.fields.pop(name, None)
        return text

    def settle(self) -> None:
        """End the work.

        Raises:
            RejectedError: With every violation found (EN-01).
        """
        if self.violations:
            raise RejectedError([*self.violations, *self.warnings])

    def _names(self, path: str) -> Mapping[str, object]:
        spec = self.facts.dictionary.find(path) or FieldSpec(path.rpartition("/")[2], path, "", "")
        return {"field": spec.name, "en": spec.en or spec.name, "zh": spec.zh or spec.name}


def resolve_enterprise(draft: Draft, expected: str = "") -> Enterprise | None:
    """Find whose document it is and back-fill its code (QR-08).

    The enterprise is the expected one where another document tells it, else the one that is named,
    else the only one that the partner speaks for.
    """
    own = draft.facts.enterprises_of(draft.partner)
    expected = expected or (draft.present.enterprise if draft.present else "")
    named = draft.head.text("TradeCode")
    code = expected or named or (own[0] if len(own) == 1 else "")
    path = draft.head.at("TradeCode")
    if not code:
        draft.fault("rule.enterprise-not-named", path, expected=", ".join(own))
        return None
    if code not in own:
        draft.fault("rule.not-your-enterprise", path, given=code, expected=", ".join(own))
        return None
    profile = draft.facts.enterprise(code)
    if profile is None:
        draft.fault("rule.unknown-enterprise", path, given=code)
        return None
    draft.fill(draft.head, "TradeCode", code)
    if not identifiers.is_social_credit_code(profile.social_credit_code):
        draft.warn("rule.social-credit-code", path, given=profile.social_credit_code)
    return profile


def fill_profile(draft: Draft, expected: str = "") -> Enterprise | None:
    """Find whose document it is and back-fill code and name from the profile (QF-02)."""
    profile = resolve_enterprise(draft, expected)
    if profile is not None:
        draft.fill(draft.head, "TradeName", profile.name)
    return profile


def copy(body: Fields) -> Fields:
    """Return a copy of a tree down to its leaves."""
    return {
        name: value
        if isinstance(value, str)
        else copy(value)
        if isinstance(value, dict)
        else [copy(group) for group in value]
        for name, value in body.items()
    }
