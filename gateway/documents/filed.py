"""What a filing number, 备案号, stands for: a volume, account book or handbook, and what it says of items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from gateway.documents import identifiers
from gateway.documents.core import Document, Nature
from gateway.documents.draft import Draft, Group
from gateway.documents.filing import FilingState
from gateway.fields import Fields

# What only the filing may say of an item (MF-05); where the filing is silent, the ERP speaks.
FROM_FILING: Final = (
    "CodeTS",
    "GName",
    "GModel",
    "GUnit",
    "FirstUnit",
    "SecondUnit",
    "OriginCountry",
    "TradeCurr",
)
# The declaration elements, 申报要素: the filing's, unless the ERP gives its own (MF-10).
ELEMENTS: Final = "DeclElements"
# What the gateway may fill in from the filing.
FILED: Final = (*FROM_FILING, ELEMENTS)

# The type letters of account books and handbooks, each with the trade mode of its goods where the book
# itself is silent: 来料加工, 进料对口, 不作价设备, 保税仓库货物. A letter without one serves several modes.
BOOK_LETTERS: Final[Mapping[str, str]] = {
    **dict.fromkeys("EFGHLQT", ""),
    "B": "0214",
    "C": "0615",
    "D": "0320",
    "J": "1233",
    "K": "1233",
}
_DISABLED: Final = "1"


@dataclass(frozen=True, slots=True)
class Filed:
    """A volume, account book or handbook as a manifest sees it.

    Attributes:
        number: The filing number.
        office: The customs office at which it is filed.
        nature: The nature of its goods.
        trade_mode: The trade mode of its goods, empty where only the ERP can tell.
        items: Its items by their number, 备案序号.
    """

    number: str
    office: str
    nature: str
    trade_mode: str
    items: Mapping[str, Fields]

    def entry(self, item: Group) -> Group:
        """Return what is filed of a manifest's item; nothing when it is not filed."""
        return Group(self.items.get(item.text("ContrItem"), {}), item.path)


def find_filed(draft: Draft, enterprise: str, named: Document | None = None) -> Filed | None:
    """Find what the filing number stands for; it must be the enterprise's, and of office and nature (MF-04).

    A book that is not at hand hinders declaring only, for customs may still send it (GF-09).

    Args:
        draft: The manifest.
        enterprise: Whose it is.
        named: The volume that the ERP named by its own number, which need not be looked for again.
    """
    head = draft.head
    number, nature = head.text("ManualNo"), head.text("GoodsNature")
    if not number:
        return None
    path = head.at("ManualNo")
    if not identifiers.is_filing_number(number):
        draft.fault("rule.filing-number", path, given=number)
        return None
    bonded = nature == Nature.BONDED
    volume = partial(_volume, named=named if named and named.customs_number == number else None)
    ways: tuple[_Way, ...] = (_book, volume) if bonded else (volume, _book)
    found = ways[0](draft, number, enterprise) or ways[1](draft, number, enterprise)
    if found is None:
        _unknown(draft, number, bonded=bonded)
        return None
    office = head.text("CustomMaster")
    if office and office != found.office:
        code = "rule.volume-of-other-office" if found.nature != Nature.BONDED else "rule.book-of-other-office"
        draft.fault(code, path, given=number, office=office, expected=found.office)
    if nature and nature != found.nature:
        draft.fault("rule.nature-differs", head.at("GoodsNature"), given=nature, expected=found.nature)
    return found


def fill_item(draft: Draft, item: Group, filed: Filed) -> None:
    """Back-fill an item from what is filed under its filing item number (MF-05, GF-09)."""
    number = item.text("ContrItem")
    if not number:
        return
    entry = filed.items.get(number)
    if entry is None:
        known = sorted(map(int, filed.items)) or [0]
        values = {"number": filed.number, "first": known[0], "last": known[-1]}
        draft.fault("rule.unknown-item", item.at("ContrItem"), given=number, **values)
        return
    if entry.get("Disabled") == _DISABLED and not _was_there(draft, number):
        draft.fault("rule.item-disabled", item.at("ContrItem"), given=number, number=filed.number)
    for name in FROM_FILING:
        if text := entry.get(name):
            draft.fill(item, name, str(text))
        elif draft.declaring and not item.text(name):
            _check_silent(draft, item, name)
    elements = entry.get(ELEMENTS)
    if elements and not item.text(ELEMENTS):
        draft.fill(item, ELEMENTS, str(elements))


_Way = Callable[[Draft, str, str], Filed | None]


def _volume(draft: Draft, number: str, enterprise: str, *, named: Document | None) -> Filed | None:
    volume = named or draft.facts.volume(number)
    if volume is None or volume.enterprise != enterprise:
        return None
    state = FilingState(volume.state)
    if state is not FilingState.APPROVED:
        path = draft.head.at("ManualNo")
        draft.fault("rule.volume-not-approved", path, given=number, state_en=state.en, state_zh=state.zh)
    return Filed(number, volume.office, volume.nature, "", _items(volume.content))


def _book(draft: Draft, number: str, enterprise: str) -> Filed | None:
    book = draft.facts.account_book(number)
    if book is None or book.enterprise != enterprise:
        return None
    if draft.declaring and book.valid_until is not None and book.valid_until < draft.day:
        path = draft.head.at("ManualNo")
        draft.fault("rule.book-expired", path, given=number, valid_until=book.valid_until)
    office = str(book.content.get("CustomMaster", ""))
    mode = str(book.content.get("TradeMode") or BOOK_LETTERS.get(number[0], ""))
    return Filed(number, office, Nature.BONDED, mode, _items(book.content))


def _items(content: Fields) -> Mapping[str, Fields]:
    items = content.get("Item", [])
    return {str(item.get("GNo", "")): item for item in items} if isinstance(items, list) else {}


def _unknown(draft: Draft, number: str, *, bonded: bool) -> None:
    path = draft.head.at("ManualNo")
    if not bonded:
        draft.fault("rule.unknown-volume", path, given=number)
    elif number[0] not in BOOK_LETTERS:
        draft.fault("rule.book-letter", path, given=number, expected=", ".join(sorted(BOOK_LETTERS)))
    elif draft.declaring:
        draft.fault("rule.unknown-book", path, given=number)
    else:
        draft.warn("rule.unknown-book", path, given=number)


def _was_there(draft: Draft, number: str) -> bool:
    """Tell whether the manifest that is corrected had the item before: it is no new use of it (CH-03)."""
    if not draft.amends or draft.present is None:
        return False
    items = draft.present.content.get("Item", [])
    return isinstance(items, list) and any(item.get("ContrItem") == number for item in items)


def _check_silent(draft: Draft, item: Group, name: str) -> None:
    """Ask the ERP for what must be told and the filing does not tell."""
    spec = draft.facts.dictionary.find(item.at(name))
    if spec is not None and spec.declare:
        draft.fault("rule.mandatory", item.at(name), level_en=draft.level, level_zh=draft.level.zh)
