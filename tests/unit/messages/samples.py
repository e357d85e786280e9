"""A right sample of every body, and of a declaration."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any, Final

from lxml import etree

from gateway.clock import CHINA
from gateway.fields import Fields
from gateway.messages import Catalogue, Head, build

ENTERPRISE: Final = "4403180001"
OFFICE: Final = "5301"
NAME: Final = "深圳示例进出口有限公司"
UNIFIED: Final = "QF2026102000000001"
MANIFEST_NUMBER: Final = "53012026E000000001"

PARTY: Final[Fields] = {"CustomMaster": OFFICE, "TradeCode": ENTERPRISE, "TradeName": NAME}

GOODS: Final[Fields] = {
    "GNo": "1",
    "CodeTS": "8471300000",
    "GName": "便携式电脑",
    "GModel": "X1|14 寸",
    "GUnit": "001",
    "OriginCountry": "CHN",
    "DeclPrice": "500.0000",
    "TradeCurr": "USD",
    "LicenseNo": "1:26-AB-100200",
}

LINE: Final[Fields] = {
    "GNo": "1",
    "ContrItem": "1",
    "CodeTS": "8471300000",
    "GName": "便携式电脑",
    "GModel": "X1|14 寸",
    "GUnit": "001",
    "OriginCountry": "CHN",
    "TradeCurr": "USD",
    "GQty": "10",
    "DeclPrice": "500.0000",
    "DeclTotal": "5000.00",
    "FirstUnit": "001",
    "FirstQty": "10",
    "DestinationCountry": "USA",
    "DutyMode": "1",
}

MANIFEST: Final[Fields] = {
    "SeqNo": "MF2026102000000001",
    "IEFlag": "E",
    "GoodsNature": "1",
    "CustomMaster": OFFICE,
    "IEPort": OFFICE,
    "ManualNo": "B53012600001",
    "TradeCode": ENTERPRISE,
    "TradeName": NAME,
    "OwnerName": NAME,
    "DeclDate": "20261020",
    "IEDate": "20261020",
    "TrafMode": "4",
    "TrafName": "粤B12345",
    "BillNo": "BL0001",
    "TradeMode": "0110",
    "TradeCountry": "USA",
    "DistinatePort": "USA000",
    "WrapType": "22",
    "PackNo": "10",
    "GrossWet": "12.5",
    "NetWt": "11",
    "ContainerNo": "CSQU3054383,MSKU6011672",
    "Item": [LINE, {**LINE, "GNo": "2"}],
}

AMENDMENT: Final[Fields] = {
    "ManifestSeqNo": "MF2026102000000001",
    "ManifestCustomsNo": MANIFEST_NUMBER,
    "IEFlag": "E",
    **PARTY,
    "DecModNote": "数量录入有误",
    "EntOpName": "张三",
    "EntOpTele": "0755-12345678",
}

SAMPLES: Final[dict[str, Fields]] = {
    "QualificationFiling": {
        **PARTY,
        "GoodsNature": "1",
        "IEBatches": "60",
        "GuaranteeMode": "1",
        "GuaranteeAmount": "100.5",
        "GuaranteeValidDate": "20270430",
        "ContactName": "张三",
        "ContactTel": "0755-12345678",
    },
    "QualificationChange": {
        "QualificationSeqNo": UNIFIED,
        **PARTY,
        "GoodsNature": "1",
        "IEBatches": "80",
    },
    "QualificationExtension": {
        "QualificationSeqNo": UNIFIED,
        **PARTY,
        "GoodsNature": "2",
        "ApprovedValidDate": "20261031",
    },
    "GoodsFiling": {"QualificationSeqNo": UNIFIED, **PARTY, "Item": [GOODS]},
    "GoodsFilingChange": {
        "VolumeSeqNo": "GF2026102000000001",
        "VolumeCustomsNo": "B53012600001",
        "QualificationSeqNo": UNIFIED,
        **PARTY,
        "Item": [GOODS],
        "DisabledItem": [{"GNo": "3", "Reason": "不再进口"}],
    },
    "Manifest": MANIFEST,
    "ManifestModification": {
        **AMENDMENT,
        "Change": [
            {"FieldCode": "GQty", "FieldName": "成交数量", "OldValue": "10", "NewValue": "12", "GNo": "1"}
        ],
        "Corrected": MANIFEST,
    },
    "ManifestWithdrawal": AMENDMENT,
    "Receipt": {
        "ReceiptType": "B",
        "DocumentType": "Manifest",
        "SeqNo": "MF2026102000000001",
        "ResultCode": "R",
        "ResultText": "退单",
        "NoticeTime": "2026-10-20T08:00:00+08:00",
        "Fault": [{"FieldPath": "Manifest/Item[3]/CodeTS", "Code": "C101", "Text": "商品编号不存在"}],
    },
    "AccountBook": {
        "ManualNo": "H53012600001",
        "CustomMaster": OFFICE,
        "TradeCode": ENTERPRISE,
        "UpdateTime": "2026-10-20T08:00:00Z",
        "Item": [{"GNo": "1", "CodeTS": "8471300000", "GName": "便携式电脑", "GUnit": "001"}],
    },
    "CargoManifest": {
        "IEFlag": "I",
        "CustomMaster": OFFICE,
        "TrafMode": "2",
        "TrafName": "EVER GIVEN",
        "VoyNo": "0426E",
        "BillNo": "BL0001",
        "PackNo": "10",
        "GrossWet": "12.5",
        "UpdateTime": "2026-10-20T08:00:00+08:00",
    },
    "Licence": {
        "LicenseNo": "1:26-AB-100200",
        "IEFlag": "I",
        "TradeCode": ENTERPRISE,
        "ValidDate": "20261231",
        "UpdateTime": "2026-10-20T08:00:00+08:00",
        "Item": [{"GNo": "1", "CodeTS": "8471300000", "GUnit": "001", "GQty": "100"}],
    },
    "AggregationRequest": {
        "Month": "202610",
        "IEFlag": "E",
        "AgentCode": "none",
        "ManifestCount": "1",
        "Total": [{"TradeCurr": "USD", "DeclTotal": "1275.00"}, {"GUnit": "011", "GQty": "102"}],
        "Manifest": [{"SeqNo": "MF2026102000000001"}],
    },
    "Declaration": {
        "SeqNo": "DC2026110300000001",
        "EntyPortCode": "470201",
        "Item": [{"GNo": "1", "CiqCode": "101"}],
    },
    "Query": {"QueryKind": "manifest", "DateFrom": "20261001"},
}

DECLARATION: Final[Fields] = {
    "DecHead": {
        "SeqNo": "DC2026110300000001",
        "IEFlag": "E",
        "AgentCode": ENTERPRISE,
        "AgentName": NAME,
        "BillNo": "2026100120261031",
        "CustomMaster": OFFICE,
        "DistinatePort": "USA000",
        "GrossWet": "12.5",
        "ManualNo": "B53012600001",
        "NetWt": "11",
        "OwnerName": NAME,
        "PackNo": "10",
        "TradeCode": ENTERPRISE,
        "TradeCountry": "USA",
        "TradeMode": "0110",
        "TradeName": NAME,
        "TrafMode": "4",
        "TrafName": "集中申报",
        "WrapType": "22",
        "EdiId": "1",
        "EntryType": "L",
        "DeclTrnRel": "0",
        "PromiseItmes": "000",
        "TradeAreaCode": "USA",
        "DeclareName": "张三",
    },
    "DecLists": {
        "DecList": [
            {
                "CodeTS": "8471300000",
                "DeclPrice": "500",
                "GName": "便携式电脑",
                "GNo": "1",
                "OriginCountry": "USA",
                "DeclTotal": "5000.00",
                "GQty": "10",
                "DestinationCountry": "CHN",
                "CiqCode": "101",
            }
        ]
    },
    "DecSign": {"OperType": "C", "ClientSeqNo": "D-1"},
}


def head(message_type: str, **values: str) -> Head:
    """Return the head of a message."""
    plain: dict[str, Any] = {
        "message_id": "0F8FAD5B-D9CB-469F-A165-70867728950E",
        "message_type": message_type,
        "sender_id": ENTERPRISE,
        "receiver_id": OFFICE,
        "create_time": datetime(2026, 10, 20, 8, tzinfo=CHINA),
        "client_seq_no": "A0-1",
    }
    return Head(**{**plain, **values})


def sample(message_type: str, **values: object) -> Fields:
    """Return a copy of a sample with some fields altered; None takes a field away."""
    body: dict[str, Any] = {**deepcopy(SAMPLES[message_type]), **values}
    return {name: value for name, value in body.items() if value is not None}


def tree(catalogue: Catalogue, message_type: str, **values: object) -> etree._Element:
    """Build a sample with some fields altered."""
    return build(catalogue, head(message_type), sample(message_type, **values))
