"""The tables of docs/cost.md, and the same for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from infra.deploy.cost.bill import Host, month
from infra.deploy.cost.prices import SEATS, Price
from infra.deploy.cost.work import DATA_API_RESULTS, LEAST_CHARGED, Work

DOCUMENT = Path(__file__).parents[3] / "docs" / "cost.md"
BEGIN, END = "<!-- cost: make cost-page -->", "<!-- /cost -->"
CAPACITIES = (8, 16, 32, 64, 128, 256, 512, 1024)
_GB_AN_RPU = 16
_HEAVY = 10.0  # seconds on 8 RPU
SAID = {
    "days": "working days of a month",
    "hours": "hours of such a day, over which visits are spread",
    "visits": "visits of each person in a day",
    "actions": "pages opened and filters changed in a visit",
    "pause": "seconds from one to the next",
    "remembered": "part of them that the app's own memory answers",
    "seconds": "seconds that a statement takes on 8 RPU",
    "least_seconds": "of these, what no capacity shortens",
    "peak": "the busiest minutes, in times the mean",
    "storage_gb": "GB in the warehouse",
}


def tables(crowds: Sequence[Work], rpu: int, host: Host, prices: Mapping[str, Price]) -> str:
    """A month for each crowd, the capacities, the assumptions and the prices, as Markdown."""
    middle = crowds[len(crowds) // 2]
    return "\n".join(
        (
            f"### A month on {rpu} RPU\n",
            *_months(crowds, rpu, host, prices),
            "",
            *_origins(crowds, rpu, host),
            f"\n### From {CAPACITIES[0]} to {CAPACITIES[-1]:,} RPU, for {middle.people:,} people\n",
            *_capacities(middle, prices),
            f"\n### What is assumed, and what it does to the bill of {middle.people:,} people\n",
            *_assumptions(middle, rpu, host, prices),
            "\n### Beside seats of other tools\n",
            *_seats(crowds, rpu, host, prices),
            "\n### Prices\n",
            *_prices(prices),
        )
    )


def _months(crowds: Sequence[Work], rpu: int, host: Host, prices: Mapping[str, Price]) -> Iterator[str]:
    bills = [month(work, rpu, host, prices) for work in crowds]
    both = list(zip(bills, crowds, strict=True))
    yield from _head("US dollars a month", *_people(crowds))
    for part in bills[0].parts:
        yield _row(part, *(f"{bill.parts[part]:,.2f}" for bill in bills))
    yield _row("**all of it**", *(f"**{bill.total:,.2f}**" for bill in bills))
    yield _row("a person", *(f"{bill.total / work.people:,.2f}" for bill, work in both))
    yield _row("of that, all but Redshift", *(f"{bill.hosting / work.people:,.2f}" for bill, work in both))


def _origins(crowds: Sequence[Work], rpu: int, host: Host) -> Iterator[str]:
    results = f"statements a second, busiest (the Data API gives {DATA_API_RESULTS} results)"
    yield from _head("what it comes from", *_people(crowds))
    yield _row("statements", *(f"{work.statements_a_month:,.0f}" for work in crowds))
    yield _row("hours that Redshift is awake", *(f"{work.awake_hours(rpu):,.1f}" for work in crowds))
    yield _row("people at work at once, busiest", *(f"{work.busiest_at_work:,.1f}" for work in crowds))
    yield _row("tabs signed in, busiest", *(f"{work.busiest_tabs:,.0f}" for work in crowds))
    yield _row(results, *(f"{work.busiest_statements:,.2f}" for work in crowds))
    task = f"tasks of {host.vcpu:g} vCPU and {host.memory_gb:g} GB"
    yield _row(task, *(f"{host.tasks(work)}" for work in crowds))


def _people(crowds: Sequence[Work]) -> Iterator[str]:
    return (f"{work.people:,} people" for work in crowds)


def _capacities(work: Work, prices: Mapping[str, Price]) -> Iterator[str]:
    price = prices["rpu_hour"].usd
    heavy = replace(work, seconds=_HEAVY)
    yield from _head(
        *("RPU", "memory", "an hour awake", "woken for one statement", "Redshift Serverless, a month"),
        *(f"{said.seconds:g} s on 8 RPU become at best" for said in (work, heavy)),
    )
    for rpu in CAPACITIES:
        yield _row(
            f"{rpu:,}",
            f"{rpu * _GB_AN_RPU:,} GB",
            f"${rpu * price:,.2f}",
            f"${rpu * price * LEAST_CHARGED / 3600:,.2f}",
            f"${work.rpu_hours(rpu) * price:,.0f}",
            *(f"{said.seconds_on(rpu):.2f} s" for said in (work, heavy)),
        )


def _assumptions(work: Work, rpu: int, host: Host, prices: Mapping[str, Price]) -> Iterator[str]:
    usual = month(work, rpu, host, prices).total
    yield from _head("assumed", "option", "is", "half of it", "twice as much")
    for name, said in SAID.items():
        value = getattr(work, name)
        changed = (month(replace(work, **{name: value * by}), rpu, host, prices) for by in (0.5, 2))
        option = f"`--{name.replace('_', '-')}`"
        yield _row(said, option, f"{value:g}", *(f"{bill.total - usual:+,.0f}" for bill in changed))


def _seats(crowds: Sequence[Work], rpu: int, host: Host, prices: Mapping[str, Price]) -> Iterator[str]:
    bills = (month(work, rpu, host, prices) for work in crowds)
    yield from _head("US dollars a month", *_people(crowds))
    yield _row("Rowlight, all but Redshift", *(f"{bill.hosting:,.0f}" for bill in bills))
    for name, price in SEATS:
        said = f"[{name}]({price.source}): ${price.usd:g}, seen {price.seen}"
        yield _row(said, *(f"{work.people * price.usd:,.0f}" for work in crowds))


def _prices(prices: Mapping[str, Price]) -> Iterator[str]:
    yield from (_row("name", "US dollars", "for", "seen", "where"), _row(*["---"] * 5))
    for name, price in prices.items():
        where = f"<{price.source}>" if "://" in price.source else price.source or "not found in print"
        yield _row(f"`{name}`", f"{price.usd:g}", price.unit, price.seen or "never", where)


def _head(first: str, *others: str) -> Iterator[str]:
    yield _row(first, *others)
    yield _row("---", *("---:" for _ in others))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def written(document: str, text: str) -> str:
    """The document with the tables between its markers."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"
