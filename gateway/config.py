"""The configuration file `gateway.toml`: its shape, its defaults, and all its faults told at once."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from gateway.errors import Language, Place, RejectedError, Violation, refuse

EnterpriseCode = Annotated[str, Field(pattern=r"^[0-9A-Z]{10}$")]
Encoding = Literal["utf-8", "gb18030", "gbk", "gb2312"]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
# A customs office, or the two characters that all offices of a directly subordinate customs begin with.
OfficeCode = Annotated[str, Field(pattern=r"^[0-9]{2}([A-Z0-9]{2})?$")]
OffDays = Literal["stay", "before", "after"]


def _whole(path: Path) -> Path:
    if "\0" in str(path):
        raise PydanticCustomError("nul", "a path cannot hold a NUL character")
    return path


File = Annotated[Path, AfterValidator(_whole)]

# What AG-06 demands; an installation may demand more, never less.
_HEADER_KEYS = (
    *("IEFlag", "IEPort", "TradeCode", "OwnerCode", "TradeMode", "TradeCountry"),
    *("DistinatePort", "TrafMode", "ManualNo", "LicenseNo", "CutMode"),
)
_ITEM_KEYS = ("CodeTS", "GName", "GModel", "GUnit", "OriginCountry", "DeclPrice", "TradeCurr")


class _Section(BaseModel):
    """A table of the file: a key that it does not know is a fault, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Folders(_Section):
    """Where the gateway's own files are; relative to the configuration file."""

    var: File = Path("var")
    schemas: File = Path("schemas/xsd")
    mappings: File = Path("mappings")
    codes: File | None = None
    receipt_log: File = Path("receipts/receipts.log")


class TokenSettings(_Section):
    """The PKCS#11 token that signs; the PIN itself never stands in this file (ID-01, ID-05)."""

    module: File | None = None
    label: str = "collective-declaration"
    pin_file: File = Path("var/token/pin")
    softhsm_conf: File | None = None


class Agent(_Section):
    """A declaring agent that an enterprise may name; its name is looked up here (AG-03)."""

    code: EnterpriseCode
    name: Annotated[str, Field(min_length=1, max_length=100)]


class Enterprise(_Section):
    """What the manual calls the operator's account: the profile that back-fills (QF-02, ID-02)."""

    code: EnterpriseCode
    name: Annotated[str, Field(min_length=1, max_length=100)]
    social_credit_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
    guarantee_mode: str = ""
    key_label: Annotated[str, Field(min_length=1)] = "declarant"
    shared_key: bool = False
    certificate_sha256: Annotated[str, Field(pattern=r"^(([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2})?$")] = ""
    agents: tuple[Agent, ...] = ()
    typist_card: Annotated[str, Field(pattern=r"^([0-9]{13})?$")] = ""
    declare_declarations: bool = True
    aggregate_automatically: bool = False
    aggregate_on_day: Annotated[int, Field(ge=1, le=28)] = 5
    aggregate_at: time = time(20)


class Partner(_Section):
    """One ERP: its channel, its mappings, and the enterprises that it speaks for (ER-01, QR-08)."""

    name: Name
    enterprises: Annotated[tuple[EnterpriseCode, ...], Field(min_length=1)]
    inbox: File
    receipts: File
    mappings: Annotated[tuple[str, ...], Field(min_length=1)]
    encoding: Encoding | None = None


class Route(_Section):
    """The way to a customs office and back, and the certificates its receipts must bear (CU-02, CU-06)."""

    name: Name
    receiver: Annotated[str, Field(min_length=1, max_length=18)]
    outbox: File
    receipts: File
    trusted_certificates: Annotated[tuple[File, ...], Field(min_length=1)]


class Rules(_Section):
    """Figures of the manual and the regulation that may change."""

    guarantee_months: Annotated[int, Field(ge=0, le=120)] = 3
    volume_items: Annotated[int, Field(ge=1, le=99)] = 99
    extension_days: Annotated[int, Field(ge=0, le=365)] = 10
    import_days: Annotated[int, Field(ge=1, le=365)] = 14
    export_hours: Annotated[int, Field(ge=0, le=720)] = 24
    holidays: tuple[date, ...] = ()
    unknown_customs_district: Literal["warn", "refuse"] = "warn"
    code_table_days: Annotated[int, Field(ge=1)] = 730


class OfficeCalendar(_Section):
    """What differs at one customs office; what is left out is as at all others (AG-01)."""

    general_before: Annotated[int, Field(ge=2, le=31)] | None = None
    december_by_year_end: bool | None = None
    bonded_until: Annotated[int, Field(ge=1, le=31)] | None = None
    off_days: OffDays | None = None
    warning_days: Annotated[int, Field(ge=0, le=28)] | None = None


class Calendar(_Section):
    """Until when a month is aggregated, and how long before operators and ERP are told (AG-01, AG-12)."""

    general_before: Annotated[int, Field(ge=2, le=31)] = 10
    december_by_year_end: bool = True
    bonded_until: Annotated[int, Field(ge=1, le=31)] = 31
    off_days: OffDays = "stay"
    warning_days: Annotated[int, Field(ge=0, le=28)] = 5
    offices: dict[OfficeCode, OfficeCalendar] = Field(default_factory=dict)

    def at(self, office: str) -> Calendar:
        """Return the dates of an office: its own, else those of the customs above it, else the common."""
        own = self.offices.get(office) or self.offices.get(office[:2])
        return self if own is None else self.model_copy(update=own.model_dump(exclude_none=True))


class Aggregation(_Section):
    """The two merge keys, the limit of a declaration, and the deadlines (AG-01, AG-06, AG-07)."""

    # Beyond the regulation: what a declaration has room for only once.
    header_keys: tuple[str, ...] = (
        *_HEADER_KEYS,
        *("CustomMaster", "OwnerName", "AgentCode", "TradeAreaCode", "TransMode"),
    )
    item_keys: tuple[str, ...] = (
        *_ITEM_KEYS,
        *("ContrItem", "FirstUnit", "SecondUnit", "DutyMode", "DestinationCountry"),
    )
    max_items: Annotated[int, Field(ge=1, le=50)] = 50
    calendar: Calendar = Calendar()


class DeclarationForm(_Section):
    """What every aggregated declaration says that no manifest tells (DC-02)."""

    entry_type: Literal["0", "L", "W", "D", "M"] = "L"
    operation: Literal["A", "B", "C", "D", "E", "G"] = "C"
    domain: Literal["1", "2"] = "2"
    data_source: Annotated[str, Field(max_length=5)] = ""
    document_type: Annotated[str, Field(max_length=2)] = ""
    promises: Annotated[str, Field(pattern=r"^[019]{3,5}$")] = "000"
    goods_place: Annotated[str, Field(min_length=1, max_length=100)] = "集中申报货物已按清单验放"
    entry_ports: dict[OfficeCode, Annotated[str, Field(pattern=r"^[0-9]{6}$")]] = Field(default_factory=dict)

    def entry_port(self, office: str) -> str:
        """Return the domestic port of a customs office of entry or exit, empty where none is named."""
        return self.entry_ports.get(office) or self.entry_ports.get(office[:2], "")


class Waiting(_Section):
    """How long an answer may take before operators are told, in minutes (CU-01)."""

    technical_minutes: Annotated[int, Field(ge=1)] = 30
    business_minutes: Annotated[int, Field(ge=1)] = 24 * 60


class Settings(_Section):
    """The whole file."""

    sender: Annotated[str, Field(min_length=1, max_length=18)]
    language: Language = "en"
    database: str = "sqlite:///var/gateway.db"
    folders: Folders = Folders()
    token: TokenSettings = TokenSettings()
    rules: Rules = Rules()
    aggregation: Aggregation = Aggregation()
    declaration: DeclarationForm = DeclarationForm()
    waiting: Waiting = Waiting()
    enterprise: Annotated[tuple[Enterprise, ...], Field(min_length=1)]
    partner: Annotated[tuple[Partner, ...], Field(min_length=1)]
    route: Annotated[tuple[Route, ...], Field(min_length=1, max_length=1)]
    root: Path = Path()

    def path(self, path: Path) -> Path:
        """Return the path as seen from the configuration file's folder."""
        return self.root / path

    @property
    def database_url(self) -> str:
        """Return the database's URL, with a relative SQLite file placed beside the configuration file."""
        prefix = "sqlite:///"
        if self.database.startswith(prefix):
            return prefix + str(self.path(Path(self.database.removeprefix(prefix))))
        return self.database


# What pydantic says in English only, by its kind of fault.
_REASONS_ZH = {
    "string_type": "应为加引号的文本",
    "string_too_short": "至少应有 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "应符合格式 {pattern}",
    "literal_error": "应为 {expected}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "greater_than_equal": "不得小于 {ge}",
    "less_than_equal": "不得大于 {le}",
    "too_short": "至少应有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "tuple_type": "应为列表",
    "path_type": "应为路径",
    "time_type": "应为时间，例如 20:00:00",
    "time_parsing": "应为时间，例如 20:00:00",
    "model_type": "应为表",
}


def load_settings(file: Path) -> Settings:
    """Read and check the configuration file.

    Raises:
        RejectedError: Every fault of the file: `config.absent`, `config.unreadable`, `config.not-toml`,
            `config.key`, `config.key-missing`, `config.key-unknown`, `config.twice`,
            `config.key-shared`, `config.agent-twice`, `config.no-profile`, `config.folder-shared`,
            `config.merge-key-missing`.
    """
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as fault:
        raise refuse("config.absent", file=file) from fault
    except OSError as fault:
        raise refuse("config.unreadable", file=file, reason=fault.strerror) from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise refuse("config.not-toml", file=file, reason=fault) from fault
    try:
        settings = Settings.model_validate({**data, "root": file.resolve().parent})
    except ValidationError as faults:
        raise RejectedError(_violations(faults.errors(include_url=False), file)) from faults
    if found := list(_disagreements(settings, file)):
        raise RejectedError(found)
    return settings


def _violations(faults: list[ErrorDetails], file: Path) -> list[Violation]:
    places = [fault["loc"] for fault in faults]
    return [
        _violation(fault, file)
        for fault in faults
        # A list that is short only of its faulty entries has enough of them.
        if fault["type"] != "too_short"
        or all(place[: len(fault["loc"])] != fault["loc"] or place == fault["loc"] for place in places)
    ]


def _violation(fault: ErrorDetails, file: Path) -> Violation:
    key = _key(fault["loc"])
    place = Place(str(file), path=key)
    if fault["type"] == "missing":
        return Violation("config.key-missing", values={"key": key}, place=place)
    if fault["type"] == "extra_forbidden":
        return Violation("config.key-unknown", values={"key": key}, place=place)
    given: Any = fault.get("input")
    shown = given if isinstance(given, str | int | float) else "…"
    reason_zh = _REASONS_ZH.get(fault["type"], fault["msg"]).format_map(fault.get("ctx", {}))
    values = {"key": key, "reason": fault["msg"], "reason_zh": reason_zh, "given": shown}
    return Violation("config.key", values=values, place=place)


def _disagreements(settings: Settings, file: Path) -> Iterator[Violation]:
    """Yield what is wrong between keys that are each right."""
    place = Place(str(file))
    codes = [enterprise.code for enterprise in settings.enterprise]
    names = [partner.name for partner in settings.partner]
    for value in _repeated([*codes, *names]):
        yield Violation("config.twice", values={"value": value}, place=place)
    yield from _profiles(settings, place)
    for partner in settings.partner:
        for code in partner.enterprises:
            if code not in codes:
                values = {"partner": partner.name, "enterprise": code}
                yield Violation("config.no-profile", values=values, place=place)
    # One folder with two meanings feeds the gateway its own answers.
    channels: list[Partner | Route] = [*settings.partner, *settings.route]
    folders = [each.inbox if isinstance(each, Partner) else each.outbox for each in channels]
    folders += [each.receipts for each in channels]
    for folder in _repeated([str(settings.path(folder).resolve()) for folder in folders]):
        yield Violation("config.folder-shared", values={"folder": folder}, place=place)
    aggregation = settings.aggregation
    for key in sorted({*_HEADER_KEYS} - {*aggregation.header_keys}):
        yield Violation("config.merge-key-missing", values={"table": "header_keys", "key": key}, place=place)
    for key in sorted({*_ITEM_KEYS} - {*aggregation.item_keys}):
        yield Violation("config.merge-key-missing", values={"table": "item_keys", "key": key}, place=place)


def _profiles(settings: Settings, place: Place) -> Iterator[Violation]:
    """Yield keys that two enterprises have without saying so, and agents that stand twice (ID-02, AG-03)."""
    for label in _repeated([enterprise.key_label for enterprise in settings.enterprise]):
        sharing = [enterprise for enterprise in settings.enterprise if enterprise.key_label == label]
        if not all(enterprise.shared_key for enterprise in sharing):
            codes = ", ".join(enterprise.code for enterprise in sharing)
            yield Violation("config.key-shared", values={"value": label, "enterprises": codes}, place=place)
    for enterprise in settings.enterprise:
        for code in _repeated([agent.code for agent in enterprise.agents]):
            values = {"value": code, "enterprise": enterprise.code}
            yield Violation("config.agent-twice", values=values, place=place)


def _repeated(values: list[str]) -> list[str]:
    return sorted({value for value in values if values.count(value) > 1})


def _key(steps: tuple[int | str, ...]) -> str:
    text = ""
    for step in steps:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".") or "the whole file"
