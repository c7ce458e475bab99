"""`packsync check`: try to break a pack against a made-up service whose rows change."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from pack_sdk.errors import PackError
from pack_sdk.wording import counted
from pack_sync.check.blind_spots import BlindSpot
from pack_sync.check.checked_table import TableReport
from pack_sync.check.findings import CannotCheckError, Finding
from pack_sync.check.known_lists import fake_of_specification
from pack_sync.check.running import Report, check_pack
from pack_sync.cli.check_live import live_report
from pack_sync.cli.context import open_project
from pack_sync.cli.terminal import console, errors, plain_errors
from pack_sync.runtimes.loader import build_if_needed

FORMAT = 1
CANNOT_CHECK = 2


def check(
    pack: Annotated[str, typer.Argument(help="A pack of packs/, or the path of a folder.")],
    tables: Annotated[
        list[str] | None, typer.Argument(help="Some of its tables; all if left out.")
    ] = None,
    openapi: Annotated[
        Path | None, typer.Option(help="A specification (OpenAPI, Swagger) of the service.")
    ] = None,
    live: Annotated[
        bool,
        typer.Option(help="Read the first pages from the real account instead; stores nothing."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the findings as JSON, for programs.")
    ] = False,
) -> None:
    """Try to break a pack, without a network, against a made-up service whose rows change.

    That is what `make_fake(seed)` in `packs/PACK/tests/fake.py` makes, or one like that which was
    recorded, or which a specification describes. Exits with 1 if something is wrong, and with 2 if
    a table could not be checked.
    """
    with plain_errors():
        open_project()
        try:
            report = (
                live_report(pack, tables or [])
                if live
                else _report(pack, tables or [], openapi, as_json=as_json)
            )
        except (CannotCheckError, PackError) as error:
            _cannot(str(error), pack, as_json=as_json)
            raise typer.Exit(CANNOT_CHECK) from None
    if as_json:
        typer.echo(json.dumps(as_dictionary(report), indent=2))
    else:
        _show(report)
    raise typer.Exit(report.exit_code)


def _report(pack: str, tables: list[str], openapi: Path | None, *, as_json: bool) -> Report:
    """Check a pack against a made-up service; its progress is shown where somebody looks."""
    build_if_needed(pack, _tell)
    make_fake = fake_of_specification(pack, openapi) if openapi else None
    return check_pack(
        pack,
        tables,
        make_fake=make_fake,
        tell=lambda table: _progress(table, as_json),
        in_processes=True,
    )


def as_dictionary(report: Report) -> dict[str, Any]:
    """The report as `--json` writes it: new keys may be added, none changes its meaning."""
    return {
        "format": FORMAT,
        "pack": report.pack,
        "clean": report.exit_code == 0,
        "seconds": round(report.seconds, 1),
        "questions": list(report.questions),
        "tables": [
            {
                "table": table.table,
                "unchecked": table.unchecked,
                "findings": [_finding(finding) for finding in table.findings],
                "declared": [
                    {
                        "kind": spot.kind,
                        "says": spot.says,
                        "seen": [_finding(finding) for finding in spot.seen],
                    }
                    for spot in table.declared
                ],
            }
            for table in report.tables
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "level": finding.level,
        "rule": finding.rule,
        "says": finding.says,
        "remedy": finding.remedy,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.column,
    }


def _show(report: Report) -> None:
    for table in report.tables:
        _show_table(table)
    wrong = sum(finding.level == "error" for finding in report.findings)
    advice = len(report.findings) - wrong
    unchecked = sum(table.unchecked is not None for table in report.tables)
    said = [f"{counted(len(report.tables), 'table', 'tables')}"]
    said += [counted(wrong, "error", "errors") if wrong else "no errors"]
    said += [counted(advice, "piece of advice", "pieces of advice")] if advice else []
    said += [f"{unchecked} not checked"] if unchecked else []
    declared = sum(len(table.declared) for table in report.tables)
    said += [counted(declared, "declared blind spot", "declared blind spots")] if declared else []
    console.print(f"{report.pack}: {', '.join(said)}, in {report.seconds:.0f} s.", highlight=False)
    if report.questions:
        asked = counted(len(report.questions), "QUESTION is", "QUESTIONs are")
        console.print(
            f"[yellow]{asked} open[/yellow]: {escape(report.questions[0])}. What was guessed wrong "
            "there, the made-up service may have wrong as well.",
            highlight=False,
            soft_wrap=True,
        )


def _show_table(table: TableReport) -> None:
    name = escape(table.table)
    if table.unchecked:
        console.print(
            f"[yellow]?[/yellow] [bold]{name}[/bold] could not be checked", soft_wrap=True
        )
        console.print(f"    {escape(table.unchecked)}", highlight=False, soft_wrap=True)
    elif not table.findings:
        console.print(f"[green]✓[/green] [bold]{name}[/bold]")
    elif any(finding.level == "error" for finding in table.findings):
        console.print(f"[red]✗[/red] [bold]{name}[/bold]")
    else:
        console.print(f"[yellow]![/yellow] [bold]{name}[/bold]")
    for finding in table.findings:
        colour = "red" if finding.level == "error" else "yellow"
        for line in (
            f"  [{colour}]{finding.code}[/{colour}] {escape(str(finding.place))}",
            f"    {escape(finding.says)}.",
            f"    [dim]Rule: {escape(finding.rule)}[/dim]",
            f"    {escape(finding.remedy)}",
        ):
            console.print(line, highlight=False, soft_wrap=True)
    for spot in table.declared:
        _show_declared(spot)


def _show_declared(spot: BlindSpot) -> None:
    seen = ", ".join(f"{finding.code} {finding.place}" for finding in spot.seen)
    for line in (
        f"  [cyan]declared[/cyan] {spot.kind}: {escape(spot.says)}",
        f"    [dim]Seen here, and not called wrong: {escape(seen)}[/dim]" if seen else "",
    ):
        if line:
            console.print(line, highlight=False, soft_wrap=True)


def _cannot(why: str, pack: str, *, as_json: bool) -> None:
    if as_json:
        written: dict[str, Any] = {"format": FORMAT, "pack": pack, "clean": False, "tables": []}
        written["unchecked"] = why
        typer.echo(json.dumps(written, indent=2))
        return
    errors.print(f"[red]error:[/red] {escape(why)}", highlight=False, soft_wrap=True)


def _progress(table: str, as_json: bool) -> None:
    if not as_json and errors.is_terminal:
        errors.print(f"checking {table}", style="dim", markup=False, highlight=False)


def _tell(line: str) -> None:
    errors.print(line, markup=False, style="dim", highlight=False, soft_wrap=True)
