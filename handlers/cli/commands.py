"""The commands of `nidaa`, one function each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from handlers.cli import backing_up, checking, exporting, work
from handlers.cli.tools import Tools

cli = typer.Typer(
    help="nidaa: the call of Essaouira as a conversation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
exports = typer.Typer(help="Take data away as a file.", no_args_is_help=True)
cli.add_typer(exports, name="export")


class Only(StrEnum):
    WEB = "web"
    DELIVER = "deliver"
    TICK = "tick"


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"


class Language(StrEnum):
    ARABIC = "ar"
    FRENCH = "fr"


@cli.command()
def serve(
    context: typer.Context,
    only: Annotated[Only | None, typer.Option(help="Run one part; several processes then share a PostgreSQL.")] = None,
) -> None:
    """Serve the web chat and the channels, deliver what is owed, look at the timetable."""
    tools: Tools = context.obj
    tools.run(tools.serve(only))


@cli.command()
def migrate(context: typer.Context) -> None:
    """Bring the database to the present schema. Safe to run again."""
    context.obj.run(work.bring_up(context.obj))


@cli.command()
def check(context: typer.Context) -> None:
    """Say what each setting is, try the database and the channels, explain what is wrong and what to do."""
    context.obj.run(checking.check(context.obj))


@cli.command()
def backup(context: typer.Context, file: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write everything to one file, as it is at this moment, while nidaa runs; but the secret and the erasure journal."""
    context.obj.run(backing_up.backup(context.obj, file))


@cli.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that nidaa backup wrote, on SQLite or on PostgreSQL.")],
    journal: Annotated[
        list[Path] | None, typer.Option(help="An erasure journal kept elsewhere, besides the one in the data folder.")
    ] = None,
) -> None:
    """Fill an empty database from a backup; whoever was erased since is erased again."""
    context.obj.run(backing_up.restore(context.obj, file, journal or []))


@cli.command()
def parked(
    context: typer.Context,
    retry: Annotated[bool, typer.Option("--retry", help="Take them again.")] = False,
) -> None:
    """List the messages that failed on our side."""
    context.obj.run(work.parked(context.obj, retry=retry))


@exports.command("signups")
def export_signups(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="The file to write.")],
    format_: Annotated[Format, typer.Option("--format", help="json: records; csv: a table for spreadsheets.")] = Format.JSON,
    language: Annotated[Language, typer.Option(help="The language of a table.")] = Language.ARABIC,
) -> None:
    """Every sign-up, drafts included."""
    context.obj.run(exporting.signups(context.obj, output, table=format_ is Format.CSV, language=language))


@exports.command("help-requests")
def export_help_requests(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="The file to write.")],
    format_: Annotated[Format, typer.Option("--format", help="json: records; csv: a table for spreadsheets.")] = Format.JSON,
    language: Annotated[Language, typer.Option(help="The language of a table.")] = Language.ARABIC,
) -> None:
    """Everybody who asked for a call or wrote a question."""
    context.obj.run(exporting.help_requests(context.obj, output, table=format_ is Format.CSV, language=language))
