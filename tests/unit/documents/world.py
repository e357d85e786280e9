"""A small world in memory for documents: facts as a store would answer them, and bodies that are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from gateway.clock import CHINA
from gateway.config import Aggregation, Enterprise, Partner, Route, Rules, Settings
from gateway.documents import (
    Answer,
    CodeLookup,
    Command,
    Decision,
    Document,
    Kind,
    Reference,
    Selection,
    Stale,
    Use,
    advance,
    decide,
)
from gateway.errors import RejectedError
from gateway.fields import FieldDictionary, Fields, FieldSpec

ACME, OTHER = "4403180001", "4403180002"
OFFICE = "5301"

TABLES = {
    "customs_district": {"5301": "皇岗海关", "5304": "蛇口海关", "0708": "乌拉海关", "5729": "中山快件"},
    "goods_nature": {"1": "一般贸易", "2": "保税", "3": "边境小额", "4": "对外承包出口货物"},
    "guarantee_mode": {"1": "保证金", "2": "保函"},
    "unit": {"011": "件", "035": "千克"},
    "country": {"USA": "美国", "CHN": "中国", "DEU": "德国"},
    "currency": {"USD": "美元", "EUR": "欧元"},
    "supervision_mode": {"0110": "一般贸易", "0615": "进料对口", "4019": "边境小额", "3422": "对外承包出口"},
    "transport_mode": {"2": "水路运输", "4": "公路运输", "5": "航空运输"},
    "package_type": {"22": "纸制或纤维板制盒/箱", "93": "天然木托"},
    "port": {"USA000": "美国"},
}


class Codes:
    """Code tables in memory."""

    def has(self, table: str) -> bool:
        """Tell whether the table is there."""
        return table in TABLES

    def code(self, table: str, text: str) -> str | None:
        """Return the code of a code or name."""
        entries = TABLES[table]
        if text in entries:
            return text
        return next((code for code, name in entries.items() if name == text), None)

    def near(self, table: str, text: str) -> Sequence[tuple[str, str]]:
        """Return what shares a character."""
        return [(code, name) for code, name in TABLES[table].items() if set(text) & set(name)][:3]

    def validity(self, table: str, text: str) -> str | None:
        """Return the days of the one code of another day, the mark of before 2002."""
        return "DEM 德国马克 (–2001-12-31)" if (table, text) == ("currency", "DEM") else None


# Fields by body: name, then s for saving, d for declaring, f for back-filled, and its table.
FIELDS = {
    "QualificationFiling": """SeqNo:f CustomsNo:f CustomMaster:sd:customs_district TradeCode:sdf TradeName:sdf
        GoodsNature:sd:goods_nature IEBatches:d GuaranteeMode:f:guarantee_mode GuaranteeAmount:
        GuaranteeValidDate: ApprovedValidDate:f ContactName:d ContactTel:d NoteS:""",
    "GoodsFiling": """SeqNo:f CustomsNo:f QualificationSeqNo:sd CustomMaster:df:customs_district TradeCode:df
        TradeName:df NoteS: Item:d""",
    "GoodsFiling/Item": """GNo:f CodeTS:d CiqCode: GName:d GModel:d GUnit:d:unit FirstUnit::unit
        SecondUnit::unit OriginCountry:d:country DeclPrice:d TradeCurr:d:currency LicenseNo: DeclElements:
        Disabled:f""",
    "QualificationChange": """SeqNo:f QualificationSeqNo:df CustomMaster:df:customs_district TradeCode:df
        TradeName:df GoodsNature:df:goods_nature IEBatches: GuaranteeMode::guarantee_mode GuaranteeAmount:
        GuaranteeValidDate: NoteS:""",
    "QualificationExtension": """SeqNo:f QualificationSeqNo:df CustomMaster:df:customs_district TradeCode:df
        TradeName:df GoodsNature:df:goods_nature ApprovedValidDate:df NoteS:""",
    "GoodsFilingChange": """SeqNo:f VolumeSeqNo:sd VolumeCustomsNo:df QualificationSeqNo:df
        CustomMaster:df:customs_district TradeCode:df TradeName:df NoteS: Item: DisabledItem:""",
    "GoodsFilingChange/Item": """GNo:f CodeTS:d CiqCode: GName:d GModel:d GUnit:d:unit FirstUnit::unit
        SecondUnit::unit OriginCountry:d:country DeclPrice:d TradeCurr:d:currency LicenseNo: DeclElements:
        Disabled:f""",
    "Manifest": """SeqNo:f CustomsNo:f IEFlag:sd GoodsNature:d:goods_nature CustomMaster:sd:customs_district
        IEPort:d:customs_district ManualNo:d TradeCode:df TradeName:df OwnerCode: OwnerName:d DeclDate:df
        IEDate:d TrafMode:d:transport_mode TrafName:d VoyNo: BillNo:d TradeMode:df:supervision_mode
        TradeCountry:d:country DistinatePort:d:port LicenseNo: WrapType:d:package_type PackNo:d GrossWet:d
        NetWt:d ContainerNo: NoteS: Item:d""",
    "Manifest/Item": """GNo:f ContrItem:d CodeTS:df GName:df GModel:df GUnit:df:unit OriginCountry:df:country
        TradeCurr:df:currency GQty:d DeclPrice:d DeclTotal:d FirstUnit:f:unit FirstQty: SecondUnit:f:unit
        SecondQty: DestinationCountry::country DutyMode: LicenseNo: DeclElements:""",
    "ManifestModification": """SeqNo:f CustomsNo:f ManifestSeqNo:sd ManifestCustomsNo:df IEFlag:df
        CustomMaster:df:customs_district TradeCode:df TradeName:df AgentCode: AgentName: CheckMark:
        DecModNote:d EntOpName:d EntOpTele:d Change:df Corrected:df""",
    "ManifestModification/Change": "No:f FieldCode:d FieldName:df OldValue:f NewValue: GNo: ListType:f",
    "ManifestWithdrawal": """SeqNo:f CustomsNo:f ManifestSeqNo:sd ManifestCustomsNo:df IEFlag:df
        CustomMaster:df:customs_district TradeCode:df TradeName:df AgentCode: AgentName: CheckMark:
        DecModNote:d EntOpName:d EntOpTele:d""",
    "Declaration": """SeqNo: AgentCode: ContrNo: WrapType::package_type TradeAreaCode::country
        DespPortCode::port EntyPortCode: GoodsPlace: EntryType: ChkSurety: PromiseItmes: MarkNo: NoteS:
        Item:""",
    "Declaration/Item": "GNo:sd CiqCode: DistrictCode: DestCode:",
    "AggregationRequest": """Month:sd TradeCode:f GoodsNature::goods_nature IEFlag:
        CustomMaster::customs_district ManualNo: AgentCode: AgentName:f ManifestCount: Total: Manifest:""",
}


def dictionary() -> FieldDictionary:
    """Return the field dictionary that the schema would give."""
    specs: dict[str, FieldSpec] = {}
    for prefix, rows in FIELDS.items():
        for row in rows.split():
            name, marks, *table = row.split(":")
            path = f"{prefix}/{name}"
            specs[path] = FieldSpec(
                name,
                path,
                zh=f"中文{name}",
                en=f"name of {name}",
                save="s" in marks,
                declare="d" in marks,
                filled="f" in marks,
                table=table[0] if table else "",
            )
    return FieldDictionary(specs)


def settings(rules: Rules | None = None, aggregation: Aggregation | None = None) -> Settings:
    """Return a configuration with two enterprises and two partners."""
    enterprises = tuple(
        Enterprise(
            code=code,
            name=name,
            social_credit_code="91440300MA5EX00018",
            guarantee_mode="1",
            typist_card="8000000000881",
        )
        for code, name in ((ACME, "深圳示例进出口有限公司"), (OTHER, "深圳另一家有限公司"))
    )
    folder = Path("folder")
    partners = (
        Partner(name="acme", enterprises=(ACME,), inbox=folder, receipts=folder, mappings=("a",)),
        Partner(name="other", enterprises=(OTHER,), inbox=folder, receipts=folder, mappings=("a",)),
        Partner(name="both", enterprises=(ACME, OTHER), inbox=folder, receipts=folder, mappings=("a",)),
    )
    route = Route(
        name="customs", receiver="C", outbox=folder, receipts=folder, trusted_certificates=(folder,)
    )
    return Settings(
        sender="GW",
        enterprise=enterprises,
        partner=partners,
        route=(route,),
        rules=rules or Rules(),
        aggregation=aggregation or Aggregation(),
    )


@dataclass
class World:
    """Facts in memory; `apply` writes a decision as a store would, with compare-and-set."""

    now: datetime = datetime(2026, 10, 20, 9, 30, tzinfo=CHINA)
    settings: Settings = field(default_factory=settings)
    dictionary: FieldDictionary = field(default_factory=dictionary)
    codes: CodeLookup = field(default_factory=Codes)
    documents: dict[str, Document] = field(default_factory=dict)
    history: list[tuple[str, str, str]] = field(default_factory=list)
    references: dict[str, Reference] = field(default_factory=dict)
    uses: dict[str, tuple[Use, ...]] = field(default_factory=dict)
    counter: int = 0
    run_marking: str | None = None

    def enterprise(self, code: str) -> Enterprise | None:
        """Return a profile."""
        return next((one for one in self.settings.enterprise if one.code == code), None)

    def enterprises_of(self, partner: str) -> Sequence[str]:
        """Return whom a partner speaks for."""
        return next((one.enterprises for one in self.settings.partner if one.name == partner), ())

    def new_number(self, kind: Kind) -> str:
        """Count on."""
        self.counter += 1
        return f"{kind.value[0].upper()}{self.counter:017}"

    def document(self, number: str) -> Document | None:
        """Look up by number."""
        return self.documents.get(number)

    def by_client_number(self, partner: str, kind: Kind, client_number: str) -> Document | None:
        """Look up by client number."""
        wanted = (partner, kind, client_number)
        return next((d for d in self._all() if (d.partner, d.kind, d.client_number) == wanted), None)

    def qualifications(self, enterprise: str, office: str | None, nature: str) -> Iterable[Document]:
        """Look up by enterprise, office and nature."""
        wanted = (Kind.QUALIFICATION, enterprise, nature)
        found = [d for d in self._all() if (d.kind, d.enterprise, d.nature) == wanted]
        return [d for d in found if office in {None, d.office}]

    def volume(self, customs_number: str) -> Document | None:
        """Look up by customs number."""
        wanted = (Kind.VOLUME, customs_number)
        return next((d for d in self._all() if (d.kind, d.customs_number) == wanted), None)

    def volumes_of(self, qualification: str) -> Iterable[Document]:
        """Look up by qualification."""
        return [d for d in self._all() if d.kind is Kind.VOLUME and d.parent == qualification]

    def changes_of(self, number: str) -> Iterable[Document]:
        """Look up by what is changed."""
        kinds = {Kind.CHANGE, Kind.AMENDMENT}
        return [d for d in self._all() if d.kind in kinds and d.parent == number]

    def account_book(self, number: str) -> Reference | None:
        """Look up by number."""
        return self.references.get(f"account_book {number}")

    def licence(self, number: str) -> Reference | None:
        """Look up by number."""
        return self.references.get(f"licence {number}")

    def licence_used(self, number: str, besides: str) -> Iterable[Use]:
        """Look up by licence."""
        taken = [use for manifest, uses in self.uses.items() if manifest != besides for use in uses]
        return [use for use in taken if use.licence == number]

    def cargo_manifests(self, bill: str) -> Iterable[Reference]:
        """Look up by what keys begin with."""
        start = f"cargo_manifest {bill}"
        return [reference for key, reference in self.references.items() if key.startswith(start)]

    def offered(self, selection: Selection) -> int:
        """Count what a run would take."""
        return len(self._offered(selection))

    def marking(self, enterprise: str, period: str) -> str | None:
        """Name the run that was said to be marking."""
        return self.run_marking if enterprise and period else None

    def locked(self, number: str) -> Document | None:
        """Look up by number; nobody else is here."""
        return self.documents.get(number)

    def _offered(self, selection: Selection) -> list[Document]:
        amended = self.amended(selection.enterprise, selection.period)
        found = self.manifests(selection.enterprise, selection.period, {"cleared"})
        return [each for each in found if selection.fits(each) and selection.takes(each, amended)]

    def offering(self, selection: Selection) -> Iterator[Document]:
        """Yield what a run would take."""
        return iter(self._offered(selection))

    def cleared(self, enterprise: str, period: str) -> Mapping[tuple[str, str], int]:
        """Count by office and nature."""
        return Counter((each.office, each.nature) for each in self.manifests(enterprise, period, {"cleared"}))

    def manifests(self, enterprise: str, period: str, states: Collection[str]) -> Iterator[Document]:
        """Yield by month and state."""
        for document in self._all():
            wanted = (Kind.MANIFEST, enterprise, period)
            if (document.kind, document.enterprise, document.period) == wanted and document.state in states:
                yield document

    def amended(self, enterprise: str, period: str) -> Collection[str]:
        """Look up the amendments that are not decided."""
        wanted = (Kind.AMENDMENT, enterprise, period)
        return {
            d.parent or ""
            for d in self._all()
            if (d.kind, d.enterprise, d.period) == wanted and d.state in {"declared", "sent"}
        }

    def _all(self) -> list[Document]:
        return list(self.documents.values())

    def apply(self, decision: Decision | Stale) -> Decision:
        """Write a decision; each document must be as it was expected."""
        assert isinstance(decision, Decision), decision
        for change in decision.changes:
            present = self.documents.get(change.document.number)
            assert (present.state if present else None) == change.expected_state
            assert (present.version if present else 0) == change.expected_version
            assert change.document.version == change.expected_version + 1
            self.documents[change.document.number] = change.document
            self.history.append((change.document.number, change.event, change.document.state))
        self.uses |= decision.uses
        if decision.takes is not None:
            for each in self._offered(decision.takes):
                awaiting = replace(each, state="awaiting_aggregation", parent=decision.document.number)
                self.move(awaiting, "await")
        return decision

    def move(self, document: Document, event: str) -> None:
        """Write what a run moves."""
        moved = replace(document, version=document.version + 1)
        self.documents[document.number] = moved
        self.history.append((document.number, event, document.state))

    def do(
        self,
        message: str,
        operation: str,
        client_number: str,
        body: Fields | None = None,
        partner: str = "acme",
    ) -> Decision:
        """Decide and write a command."""
        return self.apply(decide(Command(message, operation, client_number, partner, body or {}), self))

    def answer(self, number: str, code: str, receipt_type: str = "B", **values: str) -> Decision | Stale:
        """Let customs answer, and write what follows."""
        said = Answer("T" if receipt_type == "T" else "B", code, **values)
        result = advance(self.documents[number], said, self)
        if isinstance(result, Decision):
            self.apply(result)
        return result

    def put(self, document: Document) -> Document:
        """Put a document as it is, past all rules."""
        self.documents[document.number] = document
        return document


def qualification(**fields: str) -> Fields:
    """Return a qualification filing that may be declared."""
    body = {
        "CustomMaster": OFFICE,
        "GoodsNature": "1",
        "IEBatches": "12",
        "GuaranteeAmount": "50.0000",
        "GuaranteeValidDate": "20270630",
        "ContactName": "张三",
        "ContactTel": "0755-12345678",
    }
    return _with(body, fields)


def volume(*items: Fields, **fields: str) -> Fields:
    """Return a volume that may be declared."""
    body = {"QualificationClientNo": "QF-1"}
    return {
        **_with(body, fields),
        "Item": list(items) or [goods(), goods(CodeTS="8518290000", GName="扬声器")],
    }


def goods(**fields: str) -> Fields:
    """Return one item of a volume."""
    item = {
        "CodeTS": "4901990000",
        "GName": "书籍",
        "GModel": "无型号",
        "GUnit": "011",
        "FirstUnit": "035",
        "OriginCountry": "USA",
        "DeclPrice": "12.5000",
        "TradeCurr": "USD",
    }
    return _with(item, fields)


def manifest(*items: Fields, **fields: str) -> Fields:
    """Return a manifest that may be declared."""
    body = {
        "IEFlag": "I",
        "GoodsNature": "1",
        "CustomMaster": OFFICE,
        "IEPort": OFFICE,
        "VolumeClientNo": "GF-1",
        "OwnerName": "深圳示例进出口有限公司",
        # An export is declared a day before loading, an import once the means of transport has entered.
        "IEDate": "20261022" if fields.get("IEFlag") == "E" else "20261019",
        "TrafMode": "4",
        "TrafName": "粤Z1234港",
        "BillNo": "BL20261019",
        "TradeCountry": "USA",
        "DistinatePort": "USA000",
        "WrapType": "22",
        "PackNo": "10",
        "GrossWet": "120.5",
        "NetWt": "100",
    }
    return {**_with(body, fields), "Item": list(items) or [line()]}


def line(**fields: str) -> Fields:
    """Return one item of a manifest."""
    item = {"ContrItem": "1", "GQty": "100", "DeclPrice": "12.50", "DeclTotal": "1250.00", "FirstQty": "80"}
    return _with(item, fields)


def _with(body: Mapping[str, str], fields: dict[str, str]) -> Fields:
    merged: Fields = {**body, **fields}
    return {name: value for name, value in merged.items() if value}


def codes_of(fault: RejectedError) -> list[str]:
    """Return code and path of every violation."""
    return [f"{violation.code} {violation.path}" for violation in fault.violations if not violation.warning]


def approved_world() -> World:
    """Return a world with an approved qualification `QF-1` and an approved volume `GF-1`."""
    world = World()
    filed = world.do("QualificationFiling", "save-declare", "QF-1", qualification())
    world.answer(filed.changes[0].document.number, "A", valid_until="20270630", customs_number="Q53016000001")
    goods_filed = world.do("GoodsFiling", "save-declare", "GF-1", volume())
    world.answer(goods_filed.changes[0].document.number, "A", customs_number="J53016000001")
    return world


def cleared(world: World, client_number: str, body: Fields | None = None) -> Document:
    """Return a manifest that went all the way to cleared."""
    made = world.do("Manifest", "save-declare", client_number, body or manifest())
    number = made.changes[0].document.number
    world.answer(number, "0", "T")
    flag = made.changes[0].document.ie_flag
    world.answer(number, "7", customs_number=f"53012026{flag}{world.counter:09}")
    world.answer(number, "15")
    return world.documents[number]
