"""What one worker's figures say about many machines: a calculation, made again with every measurement of ``drain``."""

from __future__ import annotations

from bench.measure import Outcome

NAME = "many"
WORKERS = 4  # of one machine
CONNECTIONS = 40  # of one worker, at most: twenty kept and twenty more under load
MACHINES = (10, 100)
POSTS_A_DAY = 250  # what Threads lets one account publish in 24 hours


def table(outcomes: dict[str, Outcome]) -> str:
    """The calculation as Markdown; empty when ``drain`` was not measured on PostgreSQL."""
    drained = outcomes["drain"].details.get("Postgres") if "drain" in outcomes else None
    if not drained:
        return ""
    rates = sorted(float(result["posts_a_second"]) for result in drained)
    rate, statements = rates[len(rates) // 2], float(drained[-1]["statements_a_post"])
    commits = float(drained[-1]["commits_a_post"])
    counts = [1, *(machines * WORKERS for machines in MACHINES)]
    heads = ["One worker", *(f"{machines} machines, {WORKERS} workers each" for machines in MACHINES)]
    rows: dict[str, list[float]] = {
        "posts a second the workers could take": [rate * count for count in counts],
        "statements a second on the database": [rate * statements * count for count in counts],
        "commits a second on the database": [rate * commits * count for count in counts],
        "connections to the database, at most": [CONNECTIONS * count for count in counts],
        "accounts it takes to use that rate all day": [rate * count * 86_400 / POSTS_A_DAY for count in counts],
    }
    return "\n".join(
        [
            f"Measured here: *R* = {rate:.0f} posts a second of one worker, *S* = {statements:.0f} statements and "
            f"{commits:.1f} commits a post.",
            "",
            "| | " + " | ".join(heads) + " |",
            "|---|" + "--:|" * len(heads),
            *(f"| {what} | " + " | ".join(f"{value:,.0f}" for value in values) + " |" for what, values in rows.items()),
        ]
    )
