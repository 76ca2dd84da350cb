"""``treadle check`` and ``treadle repair``: check media by the rules of Threads, and convert what breaks them."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.cli._groups import single
from treadle.cli._media import SEVERITY, facts_words
from treadle_diagnosis.paths import absolute

if TYPE_CHECKING:
    from rich.console import Console

    from treadle.media.jobs import Progress
    from treadle.media.report import MediaReport
    from treadle.settings import Settings


checking = single()
repairing = single()


@checking.command()
def check(
    sources: Annotated[list[str], typer.Argument(metavar="FILE|URL", help="Files or URLs.")],
    trim: Annotated[
        bool, typer.Option("--trim", help="Accept a video that is too long, as if it could be trimmed.")
    ] = False,
    due: Annotated[
        str, typer.Option("--due", metavar="TIME", help="When it will be published, such as 2026-12-01T09:00:00+01:00.")
    ] = "",
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Allow URLs on this machine and in private networks.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per source.")] = False,
) -> None:
    """Check media files or URLs by the rules of Threads: what is wrong, and what Treadle would do about it.

    Exit code 0: everything can be published, if necessary after a repair. 1: something cannot.
    """
    due_at = _due(due)
    wrong = [] if as_json else [line for line in map(_no_file, sources) if line]
    if wrong:
        sys.stderr.write("".join(f"{line}\n" for line in wrong))
        raise typer.Exit(1)
    reports = asyncio.run(_check_all([_source(given) for given in sources], trim, due_at, allow_private))
    if as_json:
        for report in reports:
            sys.stdout.write(json.dumps(report.to_json()) + "\n")
    else:
        console = _console()
        for report in reports:
            _print_report(console, report)
    raise typer.Exit(0 if all(report.ok for report in reports) else 1)


@repairing.command()
def repair(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="A file, or a URL to fetch.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where to write the repaired file.")],
    trim: Annotated[bool, typer.Option("--trim", help="Trim a video that is too long instead of refusing it.")] = False,
    h264: Annotated[
        bool, typer.Option("--h264", help="Also convert formats that may not work (HEVC, HDR) to H.264.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Allow URLs on this machine and in private networks.")
    ] = False,
    keep_metadata: Annotated[
        bool, typer.Option("--keep-metadata", help="Keep where and with what it was taken in the file.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Convert a media file to what Threads accepts, with the least loss of time and quality.

    Exit code 0: Threads accepts the written file. 1: it cannot be repaired; nothing is written.
    """
    if line := _no_file(source):
        sys.stderr.write(f"{line}\n")
        raise typer.Exit(1)
    source, output = _source(source), absolute(output)
    if output.exists() and not force:
        sys.stderr.write(f"{output} already exists. Choose another name, or use --force.\n")
        raise typer.Exit(2)
    if not output.parent.is_dir():
        sys.stderr.write(f"There is no folder {output.parent}.\n")
        raise typer.Exit(2)
    if Path(source).exists() and output.exists() and output.samefile(source):
        sys.stderr.write("The output is the source itself. Choose another name.\n")
        raise typer.Exit(2)
    raise typer.Exit(asyncio.run(_repair(source, output, trim, h264, allow_private, keep_metadata, as_json)))


async def _check_all(sources: list[str], trim: bool, due_at: float | None, allow_private: bool) -> list[MediaReport]:
    from treadle.media.service import MediaService

    with tempfile.TemporaryDirectory(prefix="treadle-check-") as folder:
        service = MediaService(_settings(Path(folder), allow_private))
        if len(sources) > 1:
            service.keep_ready()
        try:
            too_long = "trim" if trim else "refuse"
            return [await service.check(source, due_at=due_at, on_too_long=too_long) for source in sources]
        finally:
            await service.close()


async def _repair(
    source: str, output: Path, trim: bool, h264: bool, allow_private: bool, keep_metadata: bool, as_json: bool
) -> int:
    from treadle.media.service import MediaService, NotPreparable

    with tempfile.TemporaryDirectory(prefix=".treadle-repair-", dir=output.parent) as folder:
        service = MediaService(_settings(Path(folder), allow_private, keep_metadata))
        try:
            with MediaBar(quiet=as_json) as update:
                made = await service.write_prepared(
                    source, output, on_too_long="trim" if trim else "refuse", conservative=h264, progress=update
                )
        finally:
            await service.close()
    done = not isinstance(made, NotPreparable)
    if as_json:
        answer: dict[str, Any] = {"done": done, "report": made.report.to_json()}
        if isinstance(made, NotPreparable):
            answer["findings"] = [item.to_json() for item in made.findings]
        else:
            answer |= {"output": str(output), "repaired": made.repaired, "summary": made.summary}
            answer["result"] = made.result.to_json() if made.result is not None else None
        sys.stdout.write(json.dumps(answer) + "\n")
        return 0 if done else 1
    from rich.text import Text  # not markup: a message or a name may hold brackets

    console = _console()
    if isinstance(made, NotPreparable):
        console.print(Text("Not repaired.", style="bold red"), Text(made.findings[0].message))
        for item in made.findings[1:]:
            if item.severity == "error":
                console.print("  ", Text(item.message))
        return 1
    console.print(Text(f"{made.summary} Written to {output}."), soft_wrap=True)
    return 0


def _settings(folder: Path, allow_private: bool, keep_metadata: bool = False) -> Settings:
    """The person's settings with a temporary data directory: neither command keeps anything."""
    from treadle.settings import Settings

    given = Settings()
    allowed = allow_private or given.allow_private_media_hosts
    changes = {
        "data_dir": folder, "media_store_url": "", "allow_private_media_hosts": allowed,
        "media_keep_metadata": keep_metadata or given.media_keep_metadata,
    }  # fmt: skip
    return given.model_copy(update=changes)


def _source(given: str) -> str:
    """A URL as it is, a file by its absolute path."""
    from treadle.media.outcomes import is_address

    return given if is_address(given) else str(absolute(given))


def _no_file(given: str) -> str:
    """Why this is no file that can be checked; empty: it is one, or an address."""
    from treadle.media.outcomes import is_address

    if is_address(given):
        return ""
    path = Path(given)
    if path.is_dir():
        return f"{given} is a folder. Name the files in it."
    if not path.exists():
        return f"There is no file {given}."
    return ""


def _due(text: str) -> float | None:
    from datetime import datetime

    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        sys.stderr.write(f"'{text}' is not a date and time. Write it like 2026-12-01T09:00:00+01:00.\n")
        raise typer.Exit(2) from None


def _console() -> Console:
    from rich.console import Console

    return Console(soft_wrap=False)


def _print_report(console: Console, report: MediaReport) -> None:
    from rich.table import Table
    from rich.text import Text

    from treadle.media.report import worst_first

    console.print(Text(report.source, style="bold"), Text(facts_words(report.probe), style="dim"))
    if report.findings:
        table = Table(show_edge=False, pad_edge=False, box=None, header_style="dim")
        table.add_column("")
        table.add_column("Finding", overflow="fold")
        table.add_column("Pattern", overflow="fold")
        for item in worst_first(report.findings):
            word, style = SEVERITY[item.severity]
            table.add_row(Text(word, style=style), Text(item.message), Text(item.pattern, style="dim"))
        console.print(table)
    console.print(Text("→ " + _verdict(report), style="green" if report.ok else "red"))
    console.print()


def _verdict(report: MediaReport) -> str:
    if report.ok or any(item.severity == "error" and item.fix != "trim" for item in report.findings):
        return report.plan.words
    return "It is too long: shorten it, or repair it with --trim."


class MediaBar:
    """A progress bar on standard error: percent, speed and time left. Silent when quiet."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Any = None

    def __enter__(self) -> Callable[[Progress], None] | None:
        if self._quiet:
            return None
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rest]}"),
        )
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._bar.start()
        task = self._bar.add_task("Checking", total=1.0, rest="")
        words = {"fetch": "Fetching", "repair": "Repairing"}

        def update(progress: Progress) -> None:
            self._bar.update(
                task,
                completed=progress.fraction,
                description=words.get(progress.step, progress.step),
                rest=_rest(progress),
            )

        return update

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()


def _rest(progress: Progress) -> str:
    from treadle_threads.media.words import clock, megabytes

    words = []
    if progress.speed is not None:
        words.append(f"{megabytes(progress.speed)}/s" if progress.step == "fetch" else f"{progress.speed:.1f}x")
    if progress.left_s is not None:
        words.append(f"{clock(progress.left_s)} left")
    return " ".join(words)
