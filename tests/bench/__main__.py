"""`make bench`: what people cost, in counts, and cold starts, in ratios and counts.

python -m tests.bench [--rounds 30]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.bench import budgets, imports, people
from tests.bench.endpoint import recorded

_ROUNDS_MIN = 30
_GOALS = ((0.85, "bold green"), (1.00, "green"))


def main() -> None:
    """Measure every function and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS_MIN, help="at least 30")
    count = max(parser.parse_args().rounds, _ROUNDS_MIN)
    console = Console()
    with console.status("telling the stories"):
        counts = people.counts()
    console.print(_counts(counts))
    with console.status("packaging what would be deployed here"):
        variants = [*imports.baselines(), *imports.functions()]
    with recorded() as endpoint, Progress(console=console, transient=True) as progress:
        bar = progress.add_task(f"{len(variants)} handlers, {count} rounds", total=count + 1)
        starts = imports.rounds(variants, endpoint, count, lambda: progress.advance(bar))
    console.print(_table(starts, count))
    console.print(
        "Processor time of the import with the DynamoDB client connected and the logger made, as "
        "a ratio to the bare boto3 handler of the same run (medians, 95 % bootstrap interval). "
        "The wall says the same on a quiet machine. Goal ≤ 1.00, then ≤ 0.85; modules ≤ 440."
    )


def _counts(counts: Sequence[people.Count]) -> Table:
    table = Table(title="What people cost", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for heading in ("counted", "at most"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in counts:
        table.add_row(one.what, str(one.reached), "" if one.most is None else str(one.most))
    return table


def _table(starts: dict[str, list[imports.Start]], count: int) -> Table:
    table = Table(title=f"Cold starts, {count} interleaved rounds", box=None, pad_edge=False)
    table.add_column("handler", no_wrap=True)
    for heading in ("import", "95 %", "wall", "modules", "at first", "budget"):
        table.add_column(heading, justify="right", no_wrap=True)
    bare = next(iter(starts.values()))
    known = budgets.functions()
    for name, measured in starts.items():
        cpu, wall = _ratio(measured, bare, "cpu_seconds"), _ratio(measured, bare, "wall_seconds")
        style = next((style for goal, style in _GOALS if cpu.value <= goal), "red")
        table.add_row(
            name,
            f"[{style}]{cpu.value:.2f}[/]",
            f"{cpu.low:.2f}–{cpu.high:.2f}",
            f"{wall.value:.2f}",
            str(max(one.modules for one in measured)),
            str(max(one.modules_at_first_request for one in measured)),
            str(known[name].modules) if name in known else "",
        )
    return table


def _ratio(
    ours: Sequence[imports.Start], bare: Sequence[imports.Start], measure: str
) -> imports.Ratio:
    return imports.ratio(
        [getattr(one, measure) for one in ours], [getattr(one, measure) for one in bare]
    )


if __name__ == "__main__":
    main()
