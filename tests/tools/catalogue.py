"""Extract the sentences of the code and bring the languages up to date: `make catalogue`.

A new sentence comes into each language without a translation, which a test then asks for; one that is gone goes.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "locales"
_METHODS = [
    ("bot/**.py", "python"),
    ("handlers/**.py", "python"),
    ("storage/**.py", "python"),
    ("handlers/**.html", "jinja2"),
]
_KEYWORDS = {"t": None, "n": (1, 2)}
_WIDTH = 120


def extracted() -> Catalog:
    """Every sentence marked with t() or n(), with the files it stands in."""
    found = Catalog(project="nidaa", charset="utf-8")
    for file, _, source, _, _ in extract_from_dir(ROOT, _METHODS, keywords=_KEYWORDS):
        found.add(source, locations=[(file, 0)])
    return found


def main() -> None:
    template = extracted()
    _write(template, LOCALES / "messages.pot")
    for po in sorted(LOCALES.glob("*/LC_MESSAGES/messages.po")):
        with po.open("rb") as file:
            kept = read_po(file)
        head = po.read_text(encoding="utf-8").split("\n\n", 1)[0]
        kept.update(template, no_fuzzy_matching=True)
        kept.obsolete.clear()
        _write(kept, po, head)


def _write(catalogue: Catalog, file: Path, head: str = "") -> None:
    """The head stays as it was written by hand: the tool would swap two Arabic plural forms."""
    with file.open("wb") as out:
        if head:
            out.write(f"{head}\n\n".encode())
        write_po(out, catalogue, width=_WIDTH, omit_header=True, sort_by_file=True, include_lineno=False)


if __name__ == "__main__":
    main()
