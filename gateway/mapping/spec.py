"""The shape of a mapping file: what its TOML may say, key by key."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gateway.mapping.steps import StepSpec
from gateway.mapping.unread import Policy

Text = Annotated[str, StringConstraints(min_length=1)]
# More than three characters, so that it cannot be mistaken for the tag of a segment.
SegmentGroup = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{3,}$")]
FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]*$")]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _rules(value: object) -> object:
    """Take the short forms: a text is a source expression, one table is a list of one."""
    return [{"from": each} if isinstance(each, str) else each for each in _listed(value)]


def _constants(value: object) -> object:
    """Take the short form of a type: a text is the type itself."""
    return [{"value": each} if isinstance(each, str) else each for each in _listed(value)]


Texts = Annotated[list[Text], BeforeValidator(_listed), Field(min_length=1)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class ConditionSpec(_Spec):
    """Holds if the value found is one of, none of, or missing."""

    source: Text = Field(alias="from")
    equals: Texts | None = Field(default=None, alias="is")
    differs: Texts | None = Field(default=None, alias="is-not")
    empty: bool | None = None
    of: Literal["message"] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if sum(part is not None for part in (self.equals, self.differs, self.empty)) != 1:
            raise PydanticCustomError("condition", "one of is, is-not, empty")
        return self


# What is passed over on purpose: an expression, or a condition for records.
IgnoredSpec = Annotated[
    Annotated[Text, Tag("text")] | Annotated[ConditionSpec, Tag("record")],
    Discriminator(lambda value: "record" if isinstance(value, dict | ConditionSpec) else "text"),
]

ConditionSpecs = Annotated[list[ConditionSpec], BeforeValidator(_listed)]


class RuleSpec(_Spec):
    """One way to make a value."""

    source: Texts | None = Field(default=None, alias="from")
    value: Text | None = None
    join: str | None = None
    do: list[StepSpec] = Field(default_factory=list)
    values: Text | None = None
    table: Text | None = None
    default: Text | None = None
    when: ConditionSpecs = Field(default_factory=list)
    optional: bool = False
    of: Literal["message"] | None = None

    @model_validator(mode="after")
    def _says_where_from(self) -> Self:
        if (self.source is None) == (self.value is None):
            raise PydanticCustomError("rule_source", "either from or value")
        given = self.model_fields_set - {"value", "when"}
        if self.value is not None and given:
            raise PydanticCustomError("rule_constant", "{keys}", {"keys": ", ".join(sorted(given))})
        return self


RuleSpecs = Annotated[list[RuleSpec], BeforeValidator(_rules), Field(min_length=1)]


class OnceSpec(_Spec):
    """A group that stands once, seen from the message: its fields by name, and the groups below it."""

    when: ConditionSpecs = Field(default_factory=list)
    fields: dict[FieldName, RuleSpecs] = Field(default_factory=dict)
    groups: dict[FieldName, GroupSpec] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fields_apart(cls, data: Any) -> Any:
        """Field names begin with a capital letter, the language's own words never do."""
        if not isinstance(data, dict):
            return data
        fields = {key: value for key, value in data.items() if key[:1].isupper()}
        return {"fields": fields} | {key: value for key, value in data.items() if key not in fields}


class GroupSpec(OnceSpec):
    """A group that repeats: where its records come from, which of them, and what is in each."""

    each: Text | None = None
    record: Text | None = None


class MatchSpec(_Spec):
    """What a file must have to fit the mapping."""

    file: Annotated[list[Text], BeforeValidator(_listed)] = Field(default_factory=list)
    columns: list[Text] = Field(default_factory=list)
    paths: list[Text] = Field(default_factory=list)
    values: dict[Text, Texts] = Field(default_factory=dict)


class MessageSpec(_Spec):
    """Which message is made, how the file falls into messages, and what goes into the message's head."""

    type: Annotated[list[RuleSpec], BeforeValidator(_constants), Field(min_length=1)]
    each: Text | None = None
    body: Text | None = None
    lists: list[FieldName] = Field(default_factory=list)
    key: Texts | None = None
    record: Text | None = None
    begins: Text | None = None
    client_number: RuleSpecs = Field(alias="client-number")
    operation: RuleSpecs | None = None


class MappingSpec(_Spec):
    """A whole mapping file."""

    formats: Annotated[
        list[Literal["csv", "xlsx", "xml", "json", "edifact"]],
        BeforeValidator(_listed),
        Field(alias="format", min_length=1),
    ]
    match: MatchSpec
    message: MessageSpec
    namespaces: dict[str, Text] = Field(default_factory=dict)
    segment_groups: dict[SegmentGroup, list[Text]] = Field(default_factory=dict, alias="segment-groups")
    unread: Policy | None = None
    ignored: list[IgnoredSpec] = Field(default_factory=list)
    header: dict[FieldName, RuleSpecs] = Field(default_factory=dict)
    items: GroupSpec | None = None
    once: dict[FieldName, OnceSpec] = Field(default_factory=dict)
    groups: dict[FieldName, GroupSpec] = Field(default_factory=dict)
    values: dict[str, dict[str, Text]] = Field(default_factory=dict)

    @property
    def ignored_texts(self) -> list[str]:
        """The expressions of what no rule reads on purpose."""
        return [each for each in self.ignored if isinstance(each, str)]

    @property
    def ignored_records(self) -> list[ConditionSpec]:
        """The conditions on which no group takes a record on purpose."""
        return [each for each in self.ignored if not isinstance(each, str)]

    @property
    def format(self) -> str:
        """The format whose dialect the expressions are in; a sheet is a table as a CSV file is."""
        return "csv" if self.formats[0] == "xlsx" else self.formats[0]
