"""Sample submissions, built and signed without any code of the stub or the gateway."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree

JB = "urn:cn:collective-declaration:1.0"
DEC = "http://www.chinaport.gov.cn/dec"
DS = "http://www.w3.org/2000/09/xmldsig#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENTERPRISE = "4403180001"
OFFICE = "5301"

Body = dict[str, "str | Body | list[Body]"]


@dataclass(frozen=True)
class Signer:
    """An enterprise's key and certificate."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate for the register."""
        return self.certificate.public_bytes(Encoding.PEM)


def make_signer(*, curve: bool = False) -> Signer:
    """Make a key, RSA-2048 or on the curve P-256, with a certificate signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ENTERPRISE)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .sign(key, SHA256())
    )
    return Signer(key, certificate)


def qualification(**values: str) -> Body:
    """Return a qualification filing of general trade that nothing is wrong with on 2026-10-20."""
    body: Body = {
        "SeqNo": "QF0000000000000001",
        "CustomMaster": OFFICE,
        "TradeCode": ENTERPRISE,
        "TradeName": "深圳示例进出口有限公司",
        "GoodsNature": "1",
        "IEBatches": "60",
        "GuaranteeMode": "1",
        "GuaranteeAmount": "100.0000",
        "GuaranteeValidDate": "20270430",
        "ContactName": "张三",
        "ContactTel": "0755-12345678",
    }
    return _altered(body, values)


def goods(number: int, **values: str) -> Body:
    """Return one item of a volume."""
    body: Body = {
        "GNo": str(number),
        "CodeTS": "8517130000",
        "GName": f"手机{number}",
        "GModel": "型号A",
        "GUnit": "006",
        "OriginCountry": "CHN",
        "DeclPrice": "100.0000",
        "TradeCurr": "USD",
    }
    return _altered(body, values)


def volume(items: int = 2, **values: str) -> Body:
    """Return a volume under that qualification."""
    body: Body = {
        "SeqNo": "GF0000000000000001",
        "QualificationSeqNo": "QF0000000000000001",
        "CustomMaster": OFFICE,
        "TradeCode": ENTERPRISE,
        "TradeName": "深圳示例进出口有限公司",
        "Item": [goods(number) for number in range(1, items + 1)],
    }
    return _altered(body, values)


def line(number: int, **values: str) -> Body:
    """Return one item of a manifest."""
    body: Body = {
        "GNo": str(number),
        "ContrItem": str(number),
        "CodeTS": "8517130000",
        "GName": f"手机{number}",
        "GModel": "型号A",
        "GUnit": "006",
        "OriginCountry": "CHN",
        "TradeCurr": "USD",
        "GQty": "3",
        "DeclPrice": "33.3350",
        "DeclTotal": "100.01",
    }
    return _altered(body, values)


def manifest(manual: str, items: int = 2, **values: str) -> Body:
    """Return an export manifest of goods of that volume."""
    body: Body = {
        "SeqNo": "MF0000000000000001",
        "IEFlag": "E",
        "GoodsNature": "1",
        "CustomMaster": OFFICE,
        "IEPort": OFFICE,
        "ManualNo": manual,
        "TradeCode": ENTERPRISE,
        "TradeName": "深圳示例进出口有限公司",
        "OwnerName": "深圳示例进出口有限公司",
        "DeclDate": "20261020",
        "IEDate": "20261022",
        "TrafMode": "4",
        "TrafName": "粤B12345",
        "VoyNo": "",
        "BillNo": "BL0001",
        "TradeMode": "0110",
        "TradeCountry": "HKG",
        "DistinatePort": "HKG003",
        "LicenseNo": "",
        "WrapType": "22",
        "PackNo": "10",
        "GrossWet": "12.5",
        "NetWt": "11",
        "Item": [line(number) for number in range(1, items + 1)],
    }
    return _altered(body, values)


def qualification_change(**values: str) -> Body:
    """Return a change of that qualification: more batches."""
    body: Body = {
        "SeqNo": "QC0000000000000001",
        "QualificationSeqNo": "QF0000000000000001",
        "CustomMaster": OFFICE,
        "TradeCode": ENTERPRISE,
        "TradeName": "深圳示例进出口有限公司",
        "GoodsNature": "1",
        "IEBatches": "90",
        "GuaranteeMode": "",
        "GuaranteeAmount": "",
        "GuaranteeValidDate": "",
    }
    return _altered(body, values)


def extension(**values: str) -> Body:
    """Return an extension of a bonded qualification that ends on 2026-10-25."""
    body: Body = {
        "SeqNo": "QX0000000000000001",
        "QualificationSeqNo": "QF0000000000000001",
        "CustomMaster": OFFICE,
        "TradeCode": ENTERPRISE,
        "TradeName": "深圳示例进出口有限公司",
        "GoodsNature": "2",
        "ApprovedValidDate": "20261025",
    }
    return _altered(body, values)


def volume_change(
    number: str, added: Sequence[Body] = (), disabled: Sequence[str] = (), **values: str
) -> Body:
    """Return a change of that volume."""
    body: Body = {
        "SeqNo": "GC0000000000000001",
        "VolumeSeqNo": "GF0000000000000001",
        "VolumeCustomsNo": number,
        "QualificationSeqNo": "QF0000000000000001",
        "CustomMaster": OFFICE,
        "TradeCode": ENTERPRISE,
        "TradeName": "深圳示例进出口有限公司",
        "Item": list(added),
        "DisabledItem": [{"GNo": each} for each in disabled],
    }
    return _altered(body, values)


def change(name: str, old: str, new: str, item: str = "") -> Body:
    """Return one changed field of a manifest."""
    body: Body = {"FieldCode": name, "FieldName": "字段", "OldValue": old, "NewValue": new, "GNo": item}
    return _altered(body, {"ListType": "1"} if item else {})


def withdrawal(number: str, **values: str) -> Body:
    """Return the withdrawal of the sample manifest, whose customs number it tells."""
    body: Body = {
        "SeqNo": "WD0000000000000001",
        "ManifestSeqNo": "MF0000000000000001",
        "ManifestCustomsNo": number,
        "IEFlag": "E",
        "CustomMaster": OFFICE,
        "TradeCode": ENTERPRISE,
        "TradeName": "深圳示例进出口有限公司",
        "DecModNote": "装错货物",
        "EntOpName": "张三",
        "EntOpTele": "0755-12345678",
    }
    return _altered(body, values)


def modification(number: str, changes: Sequence[Body], corrected: Body, **values: str) -> Body:
    """Return a modification of the sample manifest."""
    groups: Body = {"Change": list(changes), "Corrected": corrected}
    return withdrawal(number, SeqNo="MD0000000000000001", **values) | groups


def declared_item(number: int, **values: str) -> Body:
    """Return one item of a declaration."""
    body: Body = {
        "CodeTS": "8517130000",
        "DeclPrice": "33.3350",
        "DutyMode": "1",
        "GModel": "型号A",
        "GName": f"手机{number}",
        "GNo": str(number),
        "OriginCountry": "HKG",
        "TradeCurr": "USD",
        "DeclTotal": "100.01",
        "GQty": "3",
        "GUnit": "006",
        "DestinationCountry": "CHN",
        "CiqCode": "999",
    }
    return _altered(body, values)


def declaration(items: int = 2, **head: str) -> Body:
    """Return the declaration that the sample manifest is aggregated to."""
    values: Body = {
        "SeqNo": "DC0000000000000001",
        "IEFlag": "E",
        "AgentCode": ENTERPRISE,
        "AgentName": "深圳示例进出口有限公司",
        "BillNo": "2026102020261020",
        "CustomMaster": OFFICE,
        "DistinatePort": "HKG003",
        "GrossWet": "12.5",
        "IEPort": OFFICE,
        "NetWt": "11",
        "OwnerName": "深圳示例进出口有限公司",
        "PackNo": "10",
        "TradeCode": ENTERPRISE,
        "TradeCountry": "HKG",
        "TradeMode": "0110",
        "TradeName": "深圳示例进出口有限公司",
        "TrafMode": "4",
        "TrafName": "集中申报",
        "WrapType": "22",
        "EdiId": "1",
        "CopName": "深圳示例进出口有限公司",
        "EntryType": "M",
        "DeclTrnRel": "0",
        "PromiseItmes": "000",
        "TradeAreaCode": "HKG",
    }
    # Mandatory elements that the public structure allows to be empty.
    blank: Body = {
        "DespPortCode": "",
        "EntyPortCode": "",
        "GoodsPlace": "",
        "DeclareName": "张三",
        "NoOtherPack": "",
    }
    return {
        "DecHead": {**_altered(values, head), **blank},
        "DecLists": {"DecList": [declared_item(number) for number in range(1, items + 1)]},
        "DecContainers": {},
        "DecLicenseDocus": {},
        "DecFreeTxt": {},
        "DecSign": {"OperType": "C", "ClientSeqNo": "DC-1", "Sign": "", "HostId": ""},
    }


def message(
    message_type: str, body: Mapping[str, object], client_number: str, message_id: str
) -> etree._Element:
    """Return the unsigned standard message."""
    root = etree.fromstring(f'<Message xmlns="{JB}"/>')
    head: Body = {
        "MessageId": message_id,
        "MessageType": message_type,
        "SenderId": "GW4403180001",
        "ReceiverId": "CUSTOMS5301",
        "CreateTime": "2026-10-20T08:00:00+08:00",
        "ClientSeqNo": client_number,
    }
    fill(etree.SubElement(root, f"{{{JB}}}MessageHead"), head)
    fill(etree.SubElement(root, f"{{{JB}}}{message_type}"), body)
    return root


def declaration_message(body: Mapping[str, object], client_number: str) -> etree._Element:
    """Return the unsigned declaration."""
    root = etree.fromstring(f'<DecMessage xmlns="{DEC}" Version="3.1"/>')
    fill(root, body)
    number = root.find(f".//{{{DEC}}}ClientSeqNo")
    assert number is not None
    number.text = client_number
    return root


def fill(parent: etree._Element, body: Mapping[str, object]) -> None:
    """Append the values as child elements."""
    namespace = etree.QName(parent).namespace
    for name, value in body.items():
        for each in value if isinstance(value, list) else [value]:
            child = etree.SubElement(parent, f"{{{namespace}}}{name}")
            if isinstance(each, str):
                child.text = each
            else:
                fill(child, each)


def sign(
    root: etree._Element, signer: Signer, *, canonical: str = INCLUSIVE, with_certificate: bool = True
) -> bytes:
    """Sign with plain text templates and return the file."""
    exclusive = canonical == EXCLUSIVE
    octets = etree.tostring(root, method="c14n", exclusive=exclusive)
    digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    name = "rsa" if isinstance(signer.key, rsa.RSAPrivateKey) else "ecdsa"
    told = base64.b64encode(signer.certificate.public_bytes(Encoding.DER)).decode()
    key_info = (
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{told}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    )
    root.append(
        etree.fromstring(
            f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'
            f'<ds:CanonicalizationMethod Algorithm="{canonical}"/>'
            f'<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#{name}-sha256"/>'
            f'<ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="{DS}enveloped-signature"/>'
            f'<ds:Transform Algorithm="{canonical}"/></ds:Transforms>'
            f'<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
            f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
            f"<ds:SignatureValue/>{key_info if with_certificate else ''}</ds:Signature>"
        )
    )
    info, value = root[-1][0], root[-1][1]
    value.text = base64.b64encode(
        _signature(signer, etree.tostring(info, method="c14n", exclusive=exclusive))
    ).decode()
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _signature(signer: Signer, octets: bytes) -> bytes:
    if isinstance(signer.key, rsa.RSAPrivateKey):
        return signer.key.sign(octets, padding.PKCS1v15(), SHA256())
    r, s = decode_dss_signature(signer.key.sign(octets, ec.ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def _altered(body: Body, values: Mapping[str, str]) -> Body:
    """Return the body with other values; an empty one takes the field away."""
    altered: Body = {**body, **values}
    return {name: value for name, value in altered.items() if value not in ("", [])}
