"""What is wrong with a mapping file, in the words of its language: file, key, and what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from gateway.errors import Place, Violation
from gateway.mapping.nearest import nearest
from gateway.mapping.spec import ConditionSpec, GroupSpec, MappingSpec, MatchSpec, MessageSpec, RuleSpec
from gateway.mapping.steps import TRANSFORMS, StepSpec

_KINDS = {
    "string_type": ("text in quotes", "加引号的文本"),
    "bool_type": ("true or false", "true 或 false"),
    "list_type": ("a list", "列表"),
    "dict_type": ("a table", "表"),
    "model_type": ("a table", "表"),
    "model_attributes_type": ("a table", "表"),
    "int_type": ("a whole number", "整数"),
    "literal_error": ("one of {expected}", "{expected} 之一"),
    "string_too_short": ("text that is not empty", "非空文本"),
    "string_too_long": ("one character", "一个字符"),
    "too_short": ("at least one entry", "至少一项"),
    "greater_than_equal": ("at least {ge}", "不小于 {ge}"),
    "less_than_equal": ("at most {le}", "不大于 {le}"),
}
_PATTERNS = {
    "multiply": ('a number in quotes, for example "0.0001"', '加引号的数，例如 "0.0001"'),
    "segment-groups": (
        "a name of at least four letters and digits, which begins with a capital letter",
        "以大写字母开头、至少四个字母或数字的名称",
    ),
    "": ("the name of a field, which begins with a capital letter", "以大写字母开头的字段名"),
}
_TAGS = frozenset({*TRANSFORMS, "fields", "text", "record"})


def explain(fault: ValidationError, file: str, raw: Mapping[str, Any]) -> list[Violation]:
    """Turn every fault that pydantic found into a violation with the key and what would be right."""
    return list(_explained(fault, file, raw))


def _explained(fault: ValidationError, file: str, raw: Mapping[str, Any]) -> Iterator[Violation]:
    for error in fault.errors(include_url=False):
        key = _key(error["loc"], raw)
        kind = error["type"]
        context = error.get("ctx", {})
        values: dict[str, object] = {"key": key, "found": error.get("input")}
        if kind == "extra_forbidden":
            code = "mapping.unknown-key"
            allowed = _allowed(error["loc"])
            near = nearest(str(error["loc"][-1]), tuple(allowed))
            values |= {"near": ", ".join(near or allowed)}
        elif kind == "missing":
            code = "mapping.missing-key"
        elif kind == "union_tag_invalid":
            code = "mapping.unknown-transform"
            step = str(context["tag"])
            near = nearest(step, tuple(TRANSFORMS))
            values |= {"step": step, "near": ", ".join(near or TRANSFORMS)}
        elif kind in {"condition", "rule_source", "rule_constant", "date_pattern", "same_signs"}:
            code = f"mapping.{kind.replace('_', '-')}"
            values |= context
        else:
            code = "mapping.wrong-value"
            english, chinese = _right(kind, error["loc"], error["msg"])
            values |= {"right": english.format(**context), "right_zh": chinese.format(**context)}
        yield Violation(code, key, values, Place(file, path=key))


def _right(kind: str, loc: tuple[int | str, ...], message: str) -> tuple[str, str]:
    if kind == "string_pattern_mismatch":
        return _PATTERNS[next((each for each in _PATTERNS if each in loc), "")]
    escaped = message.replace("{", "{{").replace("}", "}}")
    return _KINDS.get(kind, (escaped, escaped))


def _key(loc: tuple[int | str, ...], raw: Any) -> str:
    """Write the way to a key as the file has it: what the short forms do not show is left out."""
    key = ""
    here: Any = raw
    for step in loc:
        if isinstance(step, int):
            if isinstance(here, list):
                key += f"[{step + 1}]"
                here = here[step] if step < len(here) else None
            continue
        if step == "[key]" or (step in _TAGS and not (isinstance(here, dict) and step in here)):
            continue
        if step in TRANSFORMS and key.endswith("]") and isinstance(here, dict) and loc[-1] != step:
            key += f".{step}"
            continue
        key += f".{step}" if key else step
        here = here.get(step) if isinstance(here, dict) else None
    return key


def _allowed(loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that may stand where an unknown one was found."""
    names = [step for step in loc[:-1] if isinstance(step, str)]
    if not names:
        return _keys(MappingSpec)
    if names[-1] in TRANSFORMS:
        return _keys(next(model for model in _step_models() if _keys(model)[0] == names[-1]))
    if names == ["items"] or names[-2:-1] == ["groups"]:
        return [key for key in _keys(GroupSpec) if key != "fields"]
    models: dict[str, type[BaseModel]] = {
        "when": ConditionSpec,
        "record": ConditionSpec,
        "match": MatchSpec,
        "message": MessageSpec,
    }
    return _keys(models.get(names[-1], RuleSpec))


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _step_models() -> Iterator[type[BaseModel]]:
    union = get_args(StepSpec)[0]
    for tagged in get_args(union):
        yield get_args(tagged)[0]
