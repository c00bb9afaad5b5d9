"""The commands of `nidaa`, one function each."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from handlers.cli import backing_up, checking, committee, exporting, importing, work
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
team = typer.Typer(help="The committee.", no_args_is_help=True)
cli.add_typer(team, name="coordinators")
imports = typer.Typer(help="Bring in what was gathered by form and e-mail.", no_args_is_help=True)
cli.add_typer(imports, name="import")


class Only(StrEnum):
    WEB = "web"
    DELIVER = "deliver"
    TICK = "tick"


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"


class Role(StrEnum):
    OWNER = "owner"
    COORDINATOR = "coordinator"
    VIEWER = "viewer"


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


@team.command("invite")
def invite_coordinator(
    context: typer.Context,
    role: Annotated[Role, typer.Option(help="owner: everything; coordinator: decides and answers; viewer: reads.")],
    name: Annotated[str, typer.Option(help="The name that the team, and the people who are answered, will see.")],
    category: Annotated[str | None, typer.Option(help="Only applications of this category; without it, of all.")] = None,
) -> None:
    """Let somebody into the committee with a one-time code, good for seven days."""
    context.obj.run(committee.invite(context.obj, name=name, role=role.value, category=category))


@team.command("list")
def list_coordinators(context: typer.Context) -> None:
    """Who is in the committee."""
    context.obj.run(committee.show_team(context.obj))


@cli.command("audit")
def show_audit(context: typer.Context) -> None:
    """Who did what, newest first."""
    context.obj.run(committee.show_audit(context.obj))


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


@imports.command("signups")
def import_signups(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A table: .xlsx, .ods or .csv, with the columns of the call.")],
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Load it; without this, only say what would happen.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Even if the same file was loaded before.")] = False,
    with_duplicates: Annotated[
        bool, typer.Option("--with-duplicates", help="Take also rows that are there already, each as a sign-up of its own.")
    ] = False,
    codes: Annotated[Path | None, typer.Option(help="Where the presidents' codes go; beside the table by default.")] = None,
    refused: Annotated[Path | None, typer.Option(help="Write the refused rows here, with the reasons, to correct.")] = None,
    language: Annotated[Language, typer.Option(help="The language of the files written.")] = Language.ARABIC,
) -> None:
    """Say what a table would bring and what is wrong with it; with --apply, load it."""
    wish = importing.Wish(file, apply, again, with_duplicates, codes, refused, language)
    context.obj.run(importing.signups(context.obj, wish))


@imports.command("undo")
def import_undo(
    context: typer.Context, number: Annotated[int, typer.Argument(help="The number the import was given.")]
) -> None:
    """Take a whole import back, but for what presidents have claimed."""
    context.obj.run(importing.undo(context.obj, number))
