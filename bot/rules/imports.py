"""Tables gathered elsewhere: which column is which, which rows are one association, which were already there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeAlias

from rapidfuzz import fuzz, process

from bot.core.folding import fold

PREPARED_DAYS = 90
PREPARED_LASTS = timedelta(days=PREPARED_DAYS)
"""How long a sign-up that others prepared waits for its president before it is deleted."""

FIELDS = ("association", "centre", "category", "president", "phone", "email", "city", "signature")
"""The columns in the order of the call."""
_NEEDED = frozenset(FIELDS) - {"email", "signature"}
_HEADERS = (
    ("signature", "signature توقيع امضاء"),
    ("email", "mail email mel courriel ايميل بريد"),
    ("phone", "telephone tel phone gsm portable mobile whatsapp هاتف تلفون محمول جوال نقال واتساب"),
    ("category", "categorie category cible beneficiaires public population فئة فئات مستهدفة مستفيدين مستفيدون"),
    ("city", "ville city commune localite مدينة جماعة"),
    ("president", "president presidente رئيس رئيسة"),
    ("association", "gestionnaire managing مسيرة"),
    ("centre", "centre center etablissement مركز مؤسسة"),
    ("association", "association ong جمعية"),
)
"""Words that tell a column. A header that has words of several fields («هاتف الرئيس», “ville du centre”) is the first of
them in this order."""
_TELLING = tuple((name, frozenset(fold(word) for word in words.split())) for name, words in _HEADERS)
_ARTICLE = re.compile("^(?:[وبل]?ال|لل?)(?=..)|^[ld](?=[aeiou])")
_ROWS_ABOVE = 10
_FEWEST_FOR_HEADERS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it stands in the file; `number` is the one its spreadsheet shows."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands; `header` is the line with the names, None where the columns have none and stand in the
    order of the call."""

    places: Mapping[str, int]
    header: Line | None


@dataclass(frozen=True, slots=True)
class ColumnsUnclear:
    """`missing` fields have no column, or none of them has a name; `twice` have several, with their names."""

    missing: tuple[str, ...] = ()
    twice: tuple[tuple[str, tuple[str, ...]], ...] = ()


def find_columns(lines: Sequence[Line]) -> Columns | ColumnsUnclear:
    """Which column is which, by the first line that names enough of them, else by the order of the call if that fits."""
    for line in lines[:_ROWS_ABOVE]:
        named = [(name, place) for place, cell in enumerate(line.cells) if (name := _named(cell)) is not None]
        if len({name for name, _ in named}) >= _FEWEST_FOR_HEADERS and not any(map(_is_data, line.cells)):
            return _columns(line, named)
    if lines and _in_the_calls_order(lines):
        return Columns({name: place for place, name in enumerate(FIELDS)}, None)
    return ColumnsUnclear(missing=tuple(name for name in FIELDS if name in _NEEDED))


def rows_below(lines: Sequence[Line], columns: Columns) -> list[Line]:
    """The lines that hold data: all, or those below the names."""
    return [line for line in lines if columns.header is None or line.number > columns.header.number]


def cells_of(line: Line, columns: Columns) -> dict[str, str]:
    """The cells by field; a line that ends early has empty ones."""
    return {name: line.cells[place] if place < len(line.cells) else "" for name, place in columns.places.items()}


def _columns(header: Line, named: Sequence[tuple[str, int]]) -> Columns | ColumnsUnclear:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for name, place in named:
        places[name].append(place)
    twice = tuple((name, tuple(header.cells[p] for p in found)) for name, found in places.items() if len(found) > 1)
    missing = tuple(name for name in FIELDS if name in _NEEDED and name not in places)
    if twice or missing:
        return ColumnsUnclear(missing, twice)
    return Columns({name: found[0] for name, found in places.items()}, header)


def _named(header: str) -> str | None:
    words = {form for word in fold(header).split() for form in (word, _ARTICLE.sub("", word))}
    return next((name for name, telling in _TELLING if words & telling), None)


def _is_data(cell: str) -> bool:
    return "@" in cell or sum(letter.isdigit() for letter in cell) >= 6


def _in_the_calls_order(lines: Sequence[Line]) -> bool:
    """Do most of the first lines have a number where the call has the phone, and an address or nothing after it?"""
    phone, email = FIELDS.index("phone"), FIELDS.index("email")
    looked = lines[:20]
    fitting = sum(
        len(line.cells) > email
        and sum(letter.isdigit() for letter in line.cells[phone]) >= 8
        and ("@" in line.cells[email] or len(line.cells[email]) < 20)
        and not any(map(_is_data, line.cells[:phone]))
        for line in looked
    )
    return 2 * fitting > len(looked)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a row is compared by: folded names, the phone in E.164, the commune's code."""

    row: int
    name: str
    phone: str
    city: str
    centre: str


@dataclass(frozen=True, slots=True)
class Existing:
    """An application that is there already, by the same keys; it has a `reference` once it was signed, an `import_id` if it
    came with an import."""

    reference: str | None
    import_id: int | None
    name: str
    phone: str | None
    cities: frozenset[str]


Like: TypeAlias = int | Existing
"""What a row resembles: another row of the table, by its number, or an application."""


@dataclass(frozen=True, slots=True)
class Resemblance:
    """`row` resembles `like`: the same association by all we know (`same`), the same name elsewhere, the same phone under
    another name, or a name that looks alike in the same city."""

    row: int
    like: Like
    how: Literal["same", "name", "phone", "alike"]


@dataclass(slots=True)
class Sorted:
    """`taken` are the rows of each new association, the first one's first; `left_out` are there already; `noted` are taken
    but should be looked at."""

    taken: list[list[int]] = field(default_factory=list)
    left_out: list[Resemblance] = field(default_factory=list)
    noted: list[Resemblance] = field(default_factory=list)


def sort_entries(entries: Iterable[Entry], existing: Iterable[Existing], *, with_duplicates: bool = False) -> Sorted:
    """Which rows are new associations, which are further centres of one, which are there already.

    The same association: the same folded name, and the same phone or city. With the same phone and another centre, a row
    adds that centre to the association of the earlier row. `with_duplicates` takes what would be left out, each row
    as an association of its own.
    """
    sorting = _Sorting()
    for each in existing:
        sorting.remember(each, each.name, each.phone, each.cities)
    for entry in entries:
        sorting.sort(entry, with_duplicates=with_duplicates)
    return sorting.result


_ALIKE = 88


class _Sorting:
    def __init__(self) -> None:
        self.result = Sorted()
        self._groups: dict[tuple[str, str], tuple[list[int], set[tuple[str, str]]]] = {}
        self._by_name: defaultdict[str, list[tuple[Like, str | None, frozenset[str]]]] = defaultdict(list)
        self._by_phone: dict[str, Like] = {}
        self._by_city: defaultdict[str, dict[str, Like]] = defaultdict(dict)

    def remember(self, like: Like, name: str, phone: str | None, cities: frozenset[str]) -> None:
        self._by_name[name].append((like, phone, cities))
        if phone is not None:
            self._by_phone.setdefault(phone, like)
        for city in cities:
            self._by_city[city].setdefault(name, like)

    def sort(self, entry: Entry, *, with_duplicates: bool) -> None:
        rows, centres = self._groups.get((entry.name, entry.phone), ([], set()))
        if rows and (entry.centre, entry.city) not in centres:
            rows.append(entry.row)
            centres.add((entry.centre, entry.city))
            return
        same = self._same(entry)
        if same is not None and not with_duplicates:
            self.result.left_out.append(Resemblance(entry.row, same, "same"))
            return
        noted = Resemblance(entry.row, same, "same") if same is not None else self._resembling(entry)
        if noted is not None:
            self.result.noted.append(noted)
        self.result.taken.append([entry.row])
        self._groups.setdefault((entry.name, entry.phone), (self.result.taken[-1], {(entry.centre, entry.city)}))
        self.remember(entry.row, entry.name, entry.phone, frozenset({entry.city}))

    def _same(self, entry: Entry) -> Like | None:
        for like, phone, cities in self._by_name.get(entry.name, ()):
            if phone == entry.phone or entry.city in cities:
                return like
        return None

    def _resembling(self, entry: Entry) -> Resemblance | None:
        if entry.name in self._by_name:
            return Resemblance(entry.row, self._by_name[entry.name][0][0], "name")
        if entry.phone in self._by_phone:
            return Resemblance(entry.row, self._by_phone[entry.phone], "phone")
        names = self._by_city.get(entry.city, {})
        near = process.extractOne(entry.name, names.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return Resemblance(entry.row, names[near[0]], "alike") if near else None
