"""The image as a platform runs it: an ordinary user, nothing to write to but /tmp, a signal at the end."""

import io
import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
import openpyxl
import pypdfium2
import pytest
from PIL import Image
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests import replica, stand_in
from tests.conftest import free_ports
from tests.infra.deploy import container
from tests.infra.deploy.container import Container
from tests.infra.deploy.image import Stage
from tests.raw_socket import Page, Tab


@dataclass(frozen=True)
class Scene:
    """A running container of the app, what it was made of, and what it was told."""

    stage: Stage
    container: Container
    settings: dict[str, str]

    @property
    def url(self) -> str:
        return self.settings["APP_URL"]


@pytest.fixture(scope="module")
def scene(images, tmp_path_factory):
    folder, stage = tmp_path_factory.mktemp("container"), images("app")
    with stand_in.running(folder / "stand-in.log", SIGN_IN="redirect") as world:
        settings = {name: value for name, value in world.env.items() if not name.startswith("ADMIN_")}
        port = httpx.URL(settings["APP_URL"]).port
        settings |= {"STREAMLIT_SERVER_PORT": str(port), "AWS_EC2_METADATA_DISABLED": "true"}
        health = f"http://127.0.0.1:{port}/_stcore/health"
        with container.running(stage, folder, stage.command, settings, health=health, name="app") as running:
            yield Scene(stage, running, settings)


@pytest.fixture(scope="module")
def browser(scene):
    """Somebody who is signed in."""
    browser = replica.Browser(scene.url, scene.container)
    assert browser.sign_in("Frank Amer").status_code == 303
    return browser


@pytest.fixture
def tab(browser):
    with browser.tab() as tab:
        yield tab


def chosen(page: Page, kind: str, label: str, **value: object) -> WidgetState:
    """What a browser says of the widget with this label once this value is in it."""
    [widget] = [each for each in page.kind(kind) if label in each.label]
    return WidgetState(id=widget.id, **value)


def taken(tab: Tab, what: str, kind: str) -> bytes:
    """A file of what is on the page, as the dialog makes it."""
    page = tab.run()
    opens = chosen(page, "button", "Export", trigger_value=True)
    part = chosen(tab.run(opens), "selectbox", "What", string_value=what)
    page = tab.run(opens, part)
    [kinds] = [each for each in page.kind("button_group") if each.label == "As"]
    as_kind = WidgetState(id=kinds.id)
    as_kind.string_array_value.data.append(kind)
    page = tab.run(opens, part, as_kind)
    makes = chosen(page, "button", "Make the file", trigger_value=True)
    page = tab.run(opens, part, as_kind, makes)
    [file] = [each for each in page.kind("bidi_component") if each.component_name == "rowlight.file"]
    return file.bytes.partition(b"\n")[2]


def inside(scene: Scene, *words: str, **settings: str) -> subprocess.CompletedProcess:
    """Runs a command as somebody would who has got into the container."""
    given = scene.settings | settings
    return subprocess.run(
        container.command(scene.stage, given, *words), capture_output=True, text=True, check=False
    )


def test_its_health_check_passes_while_it_runs_and_fails_where_nothing_does(scene):
    python, flag, code = scene.stage.health
    assert "8501" in code
    assert inside(scene, python, flag, code.replace("8501", str(scene.container.port))).returncode == 0
    (nobody,) = free_ports(1)
    assert inside(scene, python, flag, code.replace("8501", str(nobody))).returncode != 0


def test_a_person_signs_in_and_sees_their_rows(tab):
    page = tab.run()
    assert "Total sales" in page.metrics
    assert page.metrics["Total sales"] not in {"", "$0"}


def test_a_person_takes_along_a_page_a_table_and_a_chart(tab):
    document = pypdfium2.PdfDocument(taken(tab, "The whole page", "PDF"))
    assert "Rows visible to: Frank Amer" in document[0].get_textpage().get_text_bounded()
    book = openpyxl.load_workbook(io.BytesIO(taken(tab, "By category", "Excel")))
    assert len(list(book.active.iter_rows())) > 3
    assert Image.open(io.BytesIO(taken(tab, "By category", "PNG"))).width > 1_000


def test_it_is_an_ordinary_user_with_no_way_back(scene):
    told = Path(f"/proc/{scene.container.pid}/status").read_text()
    status = dict(line.split(":\t", 1) for line in told.splitlines())
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"10001"}
    assert status["Groups"].strip() == ""
    assert {int(status[kind], 16) for kind in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"


def test_whoever_gets_in_can_neither_write_nor_install(scene):
    for place in ("/srv/rowlight/app/main.py", "/opt/rowlight/new", "/usr/local/new", "/etc/new", "/new"):
        assert inside(scene, "python", "-c", f"open({place!r}, 'a')").returncode != 0
    assert "No module named pip" in inside(scene, "python", "-m", "pip", "--version").stderr
    assert inside(scene, "python", "-m", "ensurepip").returncode != 0


def test_it_tried_to_write_nowhere_and_left_nothing_in_the_one_place_it_may(scene, tab):
    taken(tab, "By category", "Excel")
    assert scene.container.refused() == []
    assert scene.container.left_behind() == []


def test_its_log_is_for_machines_and_has_no_secret(scene):
    lines = scene.container.log().splitlines()
    assert any('"event": "sign-in"' in line for line in lines)
    assert scene.settings["OIDC_CLIENT_SECRET"] not in scene.container.log()


def test_a_signal_ends_it_while_somebody_looks_at_a_page(scene, tmp_path):
    (port,) = free_ports(1)
    settings = scene.settings | {"STREAMLIT_SERVER_PORT": str(port)}
    health = f"http://127.0.0.1:{port}/_stcore/health"
    with container.running(
        scene.stage, tmp_path, scene.stage.command, settings, health=health, name="app"
    ) as ending:
        somebody = replica.Browser(scene.url, ending)
        assert somebody.sign_in("Frank Amer").status_code == 303
        open_tab = somebody.tab()
        assert "Total sales" in open_tab.run().metrics
    open_tab.close()
