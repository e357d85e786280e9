"""The configuration file `gateway.toml`: its shape, its defaults, and all its faults told at once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.errors import Language, Place, RejectedError, Violation, refuse

EnterpriseCode = Annotated[str, Field(pattern=r"^[0-9A-Z]{10}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class _Section(BaseModel):
    """A table of the file: a key that it does not know is a fault, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Folders(_Section):
    """Where the gateway's own files are; relative to the configuration file."""

    var: Path = Path("var")
    schemas: Path = Path("schemas/xsd")
    mappings: Path = Path("mappings")
    codes: Path | None = None
    receipt_log: Path = Path("receipts/receipts.log")


class TokenSettings(_Section):
    """The PKCS#11 token that signs; the PIN itself never stands in this file (ID-01, ID-05)."""

    module: Path | None = None
    label: str = "collective-declaration"
    pin_file: Path = Path("var/token/pin")
    softhsm_conf: Path | None = None


class Enterprise(_Section):
    """What the manual calls the operator's account: the profile that back-fills (QF-02, ID-02)."""

    code: EnterpriseCode
    name: Annotated[str, Field(min_length=1, max_length=100)]
    social_credit_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
    guarantee_mode: str = ""
    key_label: str = "declarant"
    typist_card: Annotated[str, Field(pattern=r"^([0-9]{13})?$")] = ""
    declare_declarations: bool = True


class Partner(_Section):
    """One ERP: its channel, its mappings, and the enterprises that it speaks for (ER-01, QR-08)."""

    name: Name
    enterprises: Annotated[tuple[EnterpriseCode, ...], Field(min_length=1)]
    inbox: Path
    receipts: Path
    mappings: Annotated[tuple[str, ...], Field(min_length=1)]
    encoding: str | None = None


class Route(_Section):
    """The way to a customs office and back, and the certificates its receipts must bear (CU-02, CU-06)."""

    name: Name
    receiver: Annotated[str, Field(min_length=1, max_length=18)]
    outbox: Path
    receipts: Path
    trusted_certificates: Annotated[tuple[Path, ...], Field(min_length=1)]


class Rules(_Section):
    """Figures of the manual and the regulation that may change."""

    guarantee_months: Annotated[int, Field(ge=0)] = 3
    volume_items: Annotated[int, Field(ge=1, le=99)] = 99
    unknown_customs_district: Literal["warn", "refuse"] = "warn"


class Aggregation(_Section):
    """The two merge keys and the limit of a declaration (AG-06, AG-07)."""

    header_keys: tuple[str, ...] = (
        "IEFlag",
        "CustomMaster",
        "IEPort",
        "TradeCode",
        "OwnerCode",
        "OwnerName",
        "AgentCode",
        "TradeMode",
        "TradeCountry",
        "TradeAreaCode",
        "DistinatePort",
        "TrafMode",
        "ManualNo",
        "LicenseNo",
        "CutMode",
        "TransMode",
    )
    item_keys: tuple[str, ...] = (
        "CodeTS",
        "GName",
        "GModel",
        "GUnit",
        "OriginCountry",
        "DeclPrice",
        "TradeCurr",
        "ContrItem",
        "FirstUnit",
        "SecondUnit",
        "DutyMode",
        "DestinationCountry",
    )
    max_items: Annotated[int, Field(ge=1, le=50)] = 50


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
    waiting: Waiting = Waiting()
    enterprise: Annotated[tuple[Enterprise, ...], Field(min_length=1)]
    partner: Annotated[tuple[Partner, ...], Field(min_length=1)]
    route: Annotated[tuple[Route, ...], Field(min_length=1, max_length=1)]
    root: Path = Path()

    @model_validator(mode="after")
    def _agree(self) -> Settings:
        codes = [enterprise.code for enterprise in self.enterprise]
        names = [partner.name for partner in self.partner]
        if len(set(codes)) < len(codes):
            raise ValueError("an enterprise code stands twice")
        if len(set(names)) < len(names):
            raise ValueError("a partner name stands twice")
        for partner in self.partner:
            for code in partner.enterprises:
                if code not in codes:
                    raise ValueError(
                        f"partner {partner.name} names the enterprise {code}, which has no profile"
                    )
        return self

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


def load_settings(file: Path) -> Settings:
    """Read and check the configuration file.

    Raises:
        RejectedError: Every fault of the file: `config.absent`, `config.not-toml`, `config.key`.
    """
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as fault:
        raise refuse("config.absent", file=file) from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise refuse("config.not-toml", file=file, reason=fault) from fault
    try:
        return Settings.model_validate({**data, "root": file.resolve().parent})
    except ValidationError as faults:
        raise RejectedError(_violations(faults, file)) from faults


def _violations(faults: ValidationError, file: Path) -> list[Violation]:
    found = []
    for fault in faults.errors(include_url=False):
        key = _key(fault["loc"])
        given: Any = fault.get("input")
        shown = given if isinstance(given, str | int | float) else type(given).__name__
        values = {"key": key, "reason": fault["msg"], "given": shown}
        found.append(Violation("config.key", values=values, place=Place(str(file), path=key)))
    return found


def _key(steps: tuple[int | str, ...]) -> str:
    text = ""
    for step in steps:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".") or "the whole file"
