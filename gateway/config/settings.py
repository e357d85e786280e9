"""The configuration file `gateway.toml`: its shape and its defaults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from gateway.config.channels import AmqpBroker, SftpServer, Source, Target
from gateway.config.exchange import Exchange
from gateway.config.sections import File, Name, Section
from gateway.errors import Language

EnterpriseCode = Annotated[str, Field(pattern=r"^[0-9A-Z]{10}$")]
Encoding = Literal["utf-8", "gb18030", "gbk", "gb2312", "utf-16"]
# A customs office, or the two characters that all offices of a directly subordinate customs begin with.
OfficeCode = Annotated[str, Field(pattern=r"^[0-9]{2}([A-Z0-9]{2})?$")]
OffDays = Literal["stay", "before", "after"]


# What AG-06 demands; an installation may demand more, never less.
HEADER_KEYS = (
    *("IEFlag", "IEPort", "TradeCode", "OwnerCode", "TradeMode", "TradeCountry"),
    *("DistinatePort", "TrafMode", "ManualNo", "LicenseNo", "CutMode"),
)
ITEM_KEYS = ("CodeTS", "GName", "GModel", "GUnit", "OriginCountry", "DeclPrice", "TradeCurr")


Fingerprint = Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$")]


def _listed(value: object) -> object:
    """Take the short form: one text is a list of it, and an empty one of nothing."""
    return ([value] if value else []) if isinstance(value, str) else value


class Folders(Section):
    """Where the gateway's own files are; relative to the configuration file."""

    var: File = Path("var")
    schemas: File = Path("schemas/xsd")
    mappings: File = Path("mappings")
    codes: File | None = None
    receipt_log: File = Path("receipts/receipts.log")


class TokenSettings(Section):
    """The PKCS#11 token that signs; the PIN itself never stands in this file (ID-01, ID-05)."""

    module: File | None = None
    label: str = "collective-declaration"
    pin_file: File = Path("var/token/pin")
    certificate_days: Annotated[int, Field(ge=0, le=730)] = 30
    hanging_seconds: Annotated[float, Field(gt=0)] = 30
    softhsm_conf: File | None = None


class Agent(Section):
    """A declaring agent that an enterprise may name; its name is looked up here (AG-03)."""

    code: EnterpriseCode
    name: Annotated[str, Field(min_length=1, max_length=100)]


class Enterprise(Section):
    """What the manual calls the operator's account: the profile that back-fills (QF-02, ID-02)."""

    code: EnterpriseCode
    name: Annotated[str, Field(min_length=1, max_length=100)]
    social_credit_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]
    guarantee_mode: str = ""
    key_label: Annotated[str, Field(min_length=1)] = "declarant"
    shared_key: bool = False
    certificate_sha256: Annotated[tuple[Fingerprint, ...], BeforeValidator(_listed)] = ()
    agents: tuple[Agent, ...] = ()
    typist_card: Annotated[str, Field(pattern=r"^([0-9]{13})?$")] = ""
    declare_declarations: bool = True
    aggregate_automatically: bool = False
    aggregate_on_day: Annotated[int, Field(ge=1, le=28)] = 5
    aggregate_at: time = time(20)


class Partner(Section):
    """One ERP: its channel, its mappings, and the enterprises that it speaks for (ER-01, QR-08)."""

    name: Name
    enterprises: Annotated[tuple[EnterpriseCode, ...], Field(min_length=1)]
    inbox: Source
    receipts: Target
    mappings: Annotated[tuple[str, ...], Field(min_length=1)]
    encoding: Encoding | None = None


class DxpAddress(Section):
    """Who stands on the envelope of the data exchange platform (CU-06)."""

    sender_id: Annotated[str, Field(min_length=1, max_length=16)]
    receiver_ids: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=16)], ...], Field(min_length=1, max_length=5)
    ]


class SignatureForm(Section):
    """How a route's messages are signed, and with what its receipts may be signed (ID-01, CU-02)."""

    method: Literal[
        "by-key", "rsa-sha256", "rsa-sha384", "rsa-sha512", "ecdsa-sha256", "ecdsa-sha384", "rsa-sha1"
    ] = "by-key"
    canonicalization: Literal["inclusive", "exclusive"] = "inclusive"
    allow_broken_sha1: bool = False


class TrustedCertificate(Section):
    """A PEM file of certificates that receipts may bear, and the offices for which these speak (CU-02)."""

    file: File
    offices: tuple[OfficeCode, ...] = ()


def _file(value: object) -> object:
    """Take the short form: a path is a file whose certificates speak for all offices of the route."""
    return {"file": value} if isinstance(value, str | Path) else value


class Route(Section):
    """The way to a customs office and back, and the certificates its receipts must bear (CU-02, CU-06).

    A message takes the first route of which every list that is not empty names what it is about.
    """

    name: Name
    receiver: Annotated[str, Field(min_length=1, max_length=18)]
    outbox: Target
    receipts: Source
    trusted_certificates: Annotated[
        tuple[Annotated[TrustedCertificate, BeforeValidator(_file)], ...], Field(min_length=1)
    ]
    documents: tuple[str, ...] = ()
    goods_natures: tuple[str, ...] = ()
    offices: tuple[OfficeCode, ...] = ()
    enterprises: tuple[EnterpriseCode, ...] = ()
    dxp: DxpAddress | None = None
    signature: SignatureForm = SignatureForm()
    encrypt_for: File | None = None


class Rules(Section):
    """Figures of the manual and the regulation that may change."""

    guarantee_months: Annotated[int, Field(ge=0, le=120)] = 3
    volume_items: Annotated[int, Field(ge=1, le=99)] = 99
    extension_days: Annotated[int, Field(ge=0, le=365)] = 10
    import_days: Annotated[int, Field(ge=1, le=365)] = 14
    export_hours: Annotated[int, Field(ge=0, le=720)] = 24
    holidays: tuple[date, ...] = ()
    unknown_customs_district: Literal["warn", "refuse"] = "warn"
    code_table_days: Annotated[int, Field(ge=1)] = 730


class OfficeCalendar(Section):
    """What differs at one customs office; what is left out is as at all others (AG-01)."""

    general_before: Annotated[int, Field(ge=2, le=31)] | None = None
    december_by_year_end: bool | None = None
    bonded_until: Annotated[int, Field(ge=1, le=31)] | None = None
    off_days: OffDays | None = None
    warning_days: Annotated[int, Field(ge=0, le=28)] | None = None


class Calendar(Section):
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


class Workers(Section):
    """How gateways that share a database know of each other's death."""

    lease_seconds: Annotated[float, Field(ge=1, le=600)] = 15


class Aggregation(Section):
    """The two merge keys, the limit of a declaration, and the deadlines (AG-01, AG-06, AG-07)."""

    # Beyond the regulation: what a declaration has room for only once.
    header_keys: tuple[str, ...] = (
        *HEADER_KEYS,
        *("CustomMaster", "OwnerName", "AgentCode", "TradeAreaCode", "TransMode"),
    )
    item_keys: tuple[str, ...] = (
        *ITEM_KEYS,
        *("ContrItem", "FirstUnit", "SecondUnit", "DutyMode", "DestinationCountry"),
    )
    max_items: Annotated[int, Field(ge=1, le=50)] = 50
    calendar: Calendar = Calendar()


class DeclarationForm(Section):
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


class Retention(Section):
    """How long final documents stay in the database, and where they go then."""

    years: Annotated[int, Field(ge=0, le=100)] = 3
    archive: File = Path("archive")


class Settings(Section):
    """The whole file."""

    sender: Annotated[str, Field(min_length=1, max_length=18)]
    language: Language = "en"
    database: str = "sqlite:///var/gateway.db"
    folders: Folders = Folders()
    token: TokenSettings = TokenSettings()
    rules: Rules = Rules()
    aggregation: Aggregation = Aggregation()
    declaration: DeclarationForm = DeclarationForm()
    exchange: tuple[Exchange, ...] = ()
    workers: Workers = Workers()
    retention: Retention = Retention()
    enterprise: Annotated[tuple[Enterprise, ...], Field(min_length=1)]
    partner: Annotated[tuple[Partner, ...], Field(min_length=1)]
    route: Annotated[tuple[Route, ...], Field(min_length=1)]
    sftp: dict[Name, SftpServer] = Field(default_factory=dict)
    amqp: dict[Name, AmqpBroker] = Field(default_factory=dict)
    root: Path = Path()

    def path(self, path: Path) -> Path:
        """Return the path as seen from the configuration file's folder."""
        return self.root / path

    def exchanged(self, route: str, message_type: str) -> Exchange:
        """Return how a message is exchanged: as the first entry says that fits it."""
        return next((each for each in self.exchange if each.fits(route, message_type)), Exchange())

    def channel_places(self) -> Iterator[tuple[str, Source | Target]]:
        """Yield each channel's name and place."""
        for partner in self.partner:
            yield f"inbox {partner.name}", partner.inbox
            yield f"notices {partner.name}", partner.receipts
        for route in self.route:
            yield f"outbox {route.name}", route.outbox
            yield f"receipts {route.name}", route.receipts

    def secret_file(self, name: str) -> Path:
        """Return the file in which a password may stand."""
        return self.path(self.folders.var) / "secrets" / name

    @property
    def database_url(self) -> str:
        """Return the database's URL, with a relative SQLite file placed beside the configuration file."""
        prefix = "sqlite:///"
        if self.database.startswith(prefix):
            return prefix + str(self.path(Path(self.database.removeprefix(prefix))))
        return self.database
