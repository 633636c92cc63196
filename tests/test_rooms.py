"""Who may import whom: the rooms of the README, enforced."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# room: the rooms of this project that it may import, beside itself and app.errors
MAY_IMPORT = {
    "app.asgi": {
        f"app.{name}" for name in ("main", "session", "logs", "gate", "headers", "assets", "routes")
    },
    "app.gate": {"app.session"},
    "app.headers": set(),
    "app.assets": set(),
    "app.routes": {"app.session", "app.auth", "app.audit", "app.settings"},
    "app.main": {"app.session", "app.auth.sign_in", "app.views"},
    "app.session": {"app.audit", "app.auth", "app.redshift", "app.settings"},
    "app.settings": set(),
    "app.logs": set(),
    "app.errors": set(),
    "app.audit": set(),
    "app.auth": {"app.audit", "app.settings"},
    "app.redshift": {"app.audit"},
    "app.views": {"app.redshift"},
    "infra.provision": set(),
    "infra.local": {"infra.provision"},
}
STREAMLIT = {"app.asgi", "app.headers", "app.main", "app.session", "app.auth.sign_in", "app.views"}
DRAWS_NOTHING = {
    f"app.views.{name}" for name in ("charts", "choice", "maps", "palette", "viewport", "formats")
}
BOTO3 = {"app.auth", "infra"}


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


@pytest.mark.parametrize("module", modules())
def test_streamlit_stays_in_the_pages(module):
    draws = any(within(name, "streamlit") for name in imports(module))
    allowed = any(within(module, room) for room in STREAMLIT) and module not in DRAWS_NOTHING
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


def test_every_room_is_covered():
    assert not [m for m in modules() if m.count(".") and room_of(m) not in MAY_IMPORT]
