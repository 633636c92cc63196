"""The figures of a run as JSON, and as the tables of bench/README.md, so that no table is written by hand."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.report import Figure

HOME = Path(__file__).parent
RESULTS, README = HOME / "results.json", HOME / "README.md"
BEGIN, END = "<!-- what follows is written by `python -m bench --write` -->", "<!-- until here -->"

Run = dict[str, dict[str, Any]]  # part: its machine, its seconds and its figures


def run(figures: Iterable[Figure], machine: Mapping[str, str], seconds: Mapping[str, float]) -> Run:
    """What a run measured, part by part."""
    found: Run = {}
    for figure in figures:
        part = found.setdefault(
            figure.part,
            {"machine": dict(machine), "seconds": round(seconds.get(figure.part, 0.0)), "figures": []},
        )
        part["figures"].append(asdict(figure))
    return found


def write(measured: Run) -> None:
    """Puts the parts that were measured in place of what was written of them before."""
    kept: Run = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(kept | measured, indent=1, ensure_ascii=False) + "\n")
    README.write_text(document(README.read_text(), kept | measured))


def document(text: str, results: Run) -> str:
    """The README with the tables of these results."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{_tables(results)}\n{END}{tail}"


def _tables(results: Run) -> str:
    figures = {part: [Figure(**each) for each in of["figures"]] for part, of in results.items()}
    bounded = [figure for each in figures.values() for figure in each if figure.bound]
    sections = ["## The machine", _machine(results), "## Figures that have a bound", _table(bounded)]
    for part, found in figures.items():
        of = results[part]
        sections += [
            f"## {part}",
            f"Measured on {of['machine']['measured']} in {of['seconds']} s.",
            _table(found),
        ]
    return "\n\n".join(sections) + "\n"


def _machine(results: Run) -> str:
    newest = max((of["machine"] for of in results.values()), key=lambda each: each["measured"])
    return _rows(("", ""), newest.items())


def _table(figures: Sequence[Figure]) -> str:
    head = ("what", "median", "middle half, p95", "beside it", "bound")
    return _rows(head, ((f.name, f.value, f.spread, f.note, f.judged) for f in figures))


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', ' ') for cell in line)} |" for line in lines)
