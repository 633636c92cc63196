"""Who may import whom: the rooms of the README, enforced."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

README = (ROOT / "README.md").read_text()
# Of the pages, what declares, counts, words or specifies draws nothing: the others put it on the page.
DRAWING_VIEWS = {
    f"app.views.{name}"
    for name in (
        *("overview", "cities", "drill", "how.view", "how.shown", "policy_tests"),
        *(f"explore.{name}" for name in ("view", "desk", "running", "result", "history")),
        *(f"admin.{name}" for name in ("view", "asking", "who", "sign_ins", "statements", "policies")),
        *(
            "frame",
            "compare.sides",
            "compare.view",
            "head",
            "filters",
            "scripts",
            "waiting",
            "states",
            "tools",
            "export",
            "drawing",
            "grid",
            "metrics",
            "clock",
            "page",
        ),
    )
}
STREAMLIT = {"app.asgi", "app.headers", "app.main", "app.session.visit", "app.auth.sign_in"} | DRAWING_VIEWS
BOTO3 = {"app.auth.aws", "infra"}


def named(cell: str) -> list[str]:
    """The rooms that a cell of the table names, as Python does; those beside a room by their last name."""
    names = [name.rstrip("/").removesuffix(".py").replace("/", ".") for name in re.findall("`([^`]+)`", cell)]
    return [name if name.startswith(("app.", "infra.")) else f"app.{name}" for name in names]


def table_of_rooms() -> dict[str, set[str]]:
    """Room: the rooms of this project that it may import, beside itself and app.errors."""
    rows = re.findall(r"^\| (`(?:app|infra)/[^|]*) \|[^|]*\| ([^|]*) \|$", README, re.MULTILINE)
    return {room: set(named(allowed)) for rooms, allowed in rows for room in named(rooms)}


MAY_IMPORT = table_of_rooms()


def modules() -> list[str]:
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for room in ("app", "infra")
        for path in (ROOT / room).rglob("*.py")
    )


def imports(module: str) -> set[str]:
    path = ROOT / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def room_of(module: str) -> str:
    return next((room for room in MAY_IMPORT if within(module, room)), module)


@pytest.mark.parametrize("module", [m for m in modules() if m.count(".")])
def test_a_room_imports_only_what_it_may(module):
    room = room_of(module)
    allowed = {room, "app.errors"} | MAY_IMPORT.get(room, set())
    ours = {name for name in imports(module) if name.split(".")[0] in {"app", "infra"}}
    strangers = {name for name in ours if not any(within(name, other) for other in allowed)}
    assert not strangers


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_may_import_no_more_than_it_does(room):
    found = {name for module in modules() if room_of(module) == room for name in imports(module)}
    assert not {other for other in MAY_IMPORT[room] if not any(within(name, other) for name in found)}


@pytest.mark.parametrize("module", modules())
def test_streamlit_stays_in_the_pages(module):
    draws = any(within(name, "streamlit") for name in imports(module))
    allowed = any(within(module, room) for room in STREAMLIT)
    assert allowed or not draws


@pytest.mark.parametrize("module", modules())
def test_boto3_stays_where_credentials_are(module):
    assert any(within(module, room) for room in BOTO3) or not any(
        within(name, "boto3") for name in imports(module)
    )


@pytest.mark.parametrize("module", modules())
def test_a_file_is_short_enough_to_read(module):
    path = ROOT / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert len(file.read_text().splitlines()) <= 400


def test_every_module_is_in_a_room_and_every_room_is_there():
    rooms = {room_of(module) for module in modules() if module.count(".")}
    assert rooms == {room for room in MAY_IMPORT if room != "infra.sql"}
