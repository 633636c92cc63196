"""`python -m infra.deploy.cost`: a month on AWS, for how you work and at the prices that you pay."""

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from infra.deploy.cost import page
from infra.deploy.cost.bill import Host
from infra.deploy.cost.prices import PRICES, PriceError, with_own
from infra.deploy.cost.work import Work

CROWDS = (10, 100, 1000)
RPU = 8


def main(arguments: Sequence[str]) -> int:
    """Prints the tables, or writes those of the usual case into the document."""
    chosen = _parser().parse_args(arguments)
    if chosen.write:
        page.DOCUMENT.write_text(page.written(page.DOCUMENT.read_text("utf-8"), usual()), "utf-8")
        return 0
    try:
        prices = with_own(chosen.prices) if chosen.prices else PRICES
        habits = {field.name: getattr(chosen, field.name) for field in fields(Work)[1:]}
        crowds = [Work(people=people, **habits) for people in chosen.people]
    except (PriceError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line's answer
        return 2
    print(page.tables(crowds, chosen.rpu, Host(), prices))  # noqa: T201 - a command line's answer
    return 0


def usual() -> str:
    """The tables of the document."""
    return page.tables([Work(people=people) for people in CROWDS], RPU, Host(), PRICES)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy.cost", description=__doc__)
    parser.add_argument(
        "--people", type=_count, nargs="+", default=CROWDS, metavar="N", help="how many people"
    )
    parser.add_argument("--rpu", type=int, default=RPU, choices=page.CAPACITIES, help="base capacity")
    for field in fields(Work)[1:]:
        name = f"--{field.name.replace('_', '-')}"
        parser.add_argument(
            name, type=_amount, default=field.default, metavar="X", help=page.SAID[field.name]
        )
    parser.add_argument("--prices", type=Path, metavar="FILE", help="own prices, in TOML: rpu_hour = 0.36")
    parser.add_argument("--write", action="store_true", help="write docs/cost.md")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError
    return count


def _amount(text: str) -> float:
    amount = float(text)
    if not math.isfinite(amount) or amount <= 0:
        raise ValueError
    return amount


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
