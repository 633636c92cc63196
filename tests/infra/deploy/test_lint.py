"""cfn-lint, which has AWS's own schemas, finds no error in the templates, no warning, and nothing to tell."""

import re

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.infra.deploy.render import EXAMPLE, FOLDER, GIVEN, TEMPLATES, template

EVERYTHING = ManualArgs(regions=["us-east-1", "eu-central-1"], include_checks=["I"])


def findings(text: str) -> list[str]:
    return [f"{found.rule.id} {found.message}" for found in lint(text, config=EVERYTHING)]


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_linter_finds_nothing(name: str) -> None:
    assert findings(TEMPLATES[name].read_text()) == []


FAULTS = {
    "a property that there is not": ("EnableKeyRotation", "EnableKeyRotations", "E3002"),
    "a value of another kind": ("RetentionInDays: !Ref LogDays", "RetentionInDays: 31", "E3030"),
    "a name that nobody has": ("!GetAtt Key.Arn", "!GetAtt Keys.Arn", "E1010"),
    "a table that may be lost": ("    DeletionPolicy: Delete\n", "", "I3011"),
    "a parameter that nobody uses": ("RetentionInDays: !Ref LogDays", "RetentionInDays: 365", "W2001"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_linter_sees_a_fault(fault: str) -> None:
    written, instead, code = FAULTS[fault]
    text = TEMPLATES["state"].read_text()
    assert written in text
    assert any(found.startswith(code) for found in findings(text.replace(written, instead)))


def test_every_template_is_linted() -> None:
    assert {*FOLDER.iterdir()} == {*TEMPLATES.values(), EXAMPLE}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_can_be_sent_as_it_is(name: str) -> None:
    """Without a bucket, CloudFormation takes 51,200 bytes."""
    assert TEMPLATES[name].stat().st_size <= 51_200


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_parameter_says_what_it_is(name: str) -> None:
    assert all(each.get("Description") for each in template(name)["Parameters"].values())


def test_the_example_gives_what_has_no_default() -> None:
    parameters = template("service")["Parameters"]
    chosen = {"ClientCidr", "RedshiftWorkgroup", "AlarmEmail"}
    assert set(GIVEN) == {name for name, each in parameters.items() if "Default" not in each} | chosen
    for name, value in GIVEN.items():
        assert re.fullmatch(parameters[name].get("AllowedPattern", ".+"), value), name
