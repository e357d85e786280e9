"""The fields by which an ERP names another document by its own number, and the fields that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# The left one exists in commands only and is turned into the right one before anything leaves.
STANDS_FOR: Final[Mapping[str, str]] = {
    "QualificationChange/QualificationClientNo": "QualificationChange/QualificationSeqNo",
    "QualificationExtension/QualificationClientNo": "QualificationExtension/QualificationSeqNo",
    "GoodsFiling/QualificationClientNo": "GoodsFiling/QualificationSeqNo",
    "GoodsFilingChange/VolumeClientNo": "GoodsFilingChange/VolumeSeqNo",
    "Manifest/VolumeClientNo": "Manifest/ManualNo",
    "ManifestModification/ManifestClientNo": "ManifestModification/ManifestSeqNo",
    "ManifestModification/Corrected/VolumeClientNo": "ManifestModification/Corrected/ManualNo",
    "ManifestWithdrawal/ManifestClientNo": "ManifestWithdrawal/ManifestSeqNo",
}
OWN: Final[Mapping[str, str]] = {wanted: own for own, wanted in STANDS_FOR.items()}
