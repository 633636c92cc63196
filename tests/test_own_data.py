"""docs/own-data.md and docs/own-policies.md, step by step, as a reader would, in an empty account."""

import os
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from tests import outside

ROOT = Path(__file__).parent.parent
DATA, POLICIES = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("own-data", "own-policies"))


def blocks(document, language):
    return re.findall(rf"```{language}\n(.*?)```", document, re.DOTALL)


class Desk:
    """A folder, a shell in which settings stay, and the account."""

    def __init__(self, env, folder):
        self.env, self.folder = env, folder
        home = {"HOME": str(folder), "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"}
        home |= {
            "PYTHONPATH": str(ROOT),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self.shell = {**home, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

    def run(self, block, *, status=0):
        """Runs a block of a document; what it exports stays."""
        here = block.replace("http://localhost:8503", self.env["AWS_ENDPOINT_URL"])
        script = f"set -e\n{here}\nenv -0 > .exported"
        ended = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.shell,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == status, ended.stdout + ended.stderr
        if status == 0:
            exported = (self.folder / ".exported").read_text().split("\0")
            self.shell = dict(each.split("=", 1) for each in exported if each)
        return ended.stdout

    def as_admin(self, block):
        client = outside.aws(self.env, "redshift-data", outside.administrator(self.env))
        (secret,) = [
            each["ARN"]
            for each in outside.aws(
                self.env, "secretsmanager", outside.administrator(self.env)
            ).list_secrets()["SecretList"]
            if each["Name"].startswith("redshift!")
        ]
        for statement in filter(str.strip, block.split(";\n")):
            ended = outside.run(client, self.made, statement.rstrip().removesuffix(";"), SecretArn=secret)
            assert ended["Status"] == "FINISHED", ended

    @property
    def made(self):
        """The account's settings, with those that provisioning prints."""
        printed = self.run("python -m infra.provision env")
        return self.env | dict(re.findall(r"^(?:export )?([A-Z_]+)=[\"']?([^\"'\n]*)", printed, re.MULTILINE))

    def rows(self, name, sql):
        made = self.made
        return outside.rows(outside.aws(made, "redshift-data", outside.credentials_of(made, name)), made, sql)

    def add(self, toml):
        file = self.folder / "rowlight.toml"
        file.write_text(f"{file.read_text()}\n{toml}")

    def replace(self, old, new):
        file = self.folder / "rowlight.toml"
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))


@pytest.fixture(scope="module")
def desk(empty_stand_in, tmp_path_factory):
    """Somebody who has done what is at the beginning of the first document."""
    httpx.post(f"{empty_stand_in['AWS_ENDPOINT_URL']}/_local/states/0").raise_for_status()
    desk = Desk(dict(empty_stand_in), tmp_path_factory.mktemp("own-data"))
    (csv,) = blocks(DATA, "text")
    (desk.folder / "visits.csv").write_text(csv)
    assert blocks(DATA, "sh")[0] == "EMPTY=on make local\n"  # it runs
    for block in blocks(DATA, "sh")[1:]:
        desk.run(block)
    return desk


ASKED, EXISTING, COUNTED = blocks(DATA, "sql")


def test_each_sees_their_own_rows(desk):
    assert desk.rows("Frank Amer", ASKED) == [("Bogota Norte", 80), ("Lima Centro", 215)]
    assert desk.rows("Ethan Global", ASKED) == [
        ("Bogota Norte", 80),
        ("Lima Centro", 215),
        ("Paris Marais", 200),
    ]
    assert desk.rows("Frank Amer", "SELECT COUNT(*) > 0 FROM public.sales_data") == [(True,)]


def test_again_it_changes_nothing(desk):
    assert desk.rows("Ethan Global", "SELECT COUNT(*) FROM public.visits") == [(4,)]
    desk.run("python -m infra.provision apply")
    assert desk.rows("Ethan Global", "SELECT COUNT(*) FROM public.visits") == [(4,)]


def test_a_table_that_is_there_is_governed(desk):
    desk.as_admin(EXISTING)
    (toml,) = blocks(DATA, "toml")
    desk.add(toml)
    desk.replace(
        '["public.sales_data", "public.visits"]', '["public.sales_data", "public.visits", "public.stores"]'
    )
    desk.run("python -m infra.provision plan\npython -m infra.provision apply")
    assert desk.rows("Frank Amer", "SELECT manager FROM public.stores") == [("Rosa",)]
    assert desk.rows("Ethan Global", "SELECT manager FROM public.stores ORDER BY 1") == [("Luc",), ("Rosa",)]


def test_an_administrator_sees_counts_and_no_row(desk):
    desk.as_admin(COUNTED)
    counted = "SELECT timezone, row_count FROM rowlight.rows_of_visits ORDER BY timezone"
    assert desk.rows("Ada Admin", counted) == [
        ("America/Bogota", 1),
        ("America/Lima", 2),
        ("Europe/Paris", 1),
    ]
    made = desk.made
    ada = outside.aws(made, "redshift-data", outside.credentials_of(made, "Ada Admin"))
    assert outside.run(ada, made, "SELECT * FROM public.visits")["Status"] == "FAILED"


def test_a_new_group_sees_exactly_its_rows(desk):
    group, look, measure = blocks(POLICIES, "sh")
    desk.run(group)
    (toml,) = blocks(POLICIES, "toml")
    desk.add(toml)
    said = desk.run(look)
    assert re.search(r"^ *\+ .*CREATE RLS POLICY lima_only .*store = 'Lima Centro'", said, re.MULTILINE)
    assert desk.rows("Nora Newcomer", "SELECT COUNT(*) FROM public.visits") == [(2,)]
    desk.rows("Frank Amer", "SELECT 1")
    (expected,) = blocks(POLICIES, "yaml")
    (desk.folder / "visits.yaml").write_text(expected)
    desk.run(measure)
    # And somebody widens it by hand.
    (widened,) = blocks(POLICIES, "sql")
    desk.as_admin(widened)
    assert "differs" in desk.run(measure, status=1)
    desk.run("python -m infra.provision apply")
    desk.run(measure)


def test_every_command_is_run():
    """Those above, and none that nobody tried."""
    assert len(blocks(DATA, "sh")) == 6
    assert len(blocks(POLICIES, "sh")) == 3
