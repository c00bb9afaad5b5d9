"""A file is whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.errors import CommandRefused
from bot.core.text import t
from bot.reports.sheet import Sheet
from handlers.cli.exporting import refusals
from handlers.exports.files import write_csv, write_json
from tests.bot.core.setting import SETUP


def test_a_file_that_cannot_be_written_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CommandRefused), refusals(tmp_path / "nowhere" / "x"):
        write_json(tmp_path / "nowhere" / "x", [])


def test_a_file_that_was_cut_off_leaves_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("the old one")

    def rows():  # type: ignore[no-untyped-def]  # noqa: ANN202
        yield ("one",)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_csv(file, Sheet([t("Date")], rows()), SETUP.speech("ar", "web"))
    assert file.read_text() == "the old one"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", [])
    assert (tmp_path / "x.json").read_text() == "[]\n"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_cell_is_never_a_formula(tmp_path: Path, cell: str) -> None:
    write_csv(tmp_path / "x.csv", Sheet([t("Date")], iter([(cell,)])), SETUP.speech("ar", "web"))
    assert f"'{cell}" in (tmp_path / "x.csv").read_text(encoding="utf-8-sig")
