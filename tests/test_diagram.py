"""The diagram of architecture.md: what its description draws, with AWS's operations by their names."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from app.auth import exchange
from docs.diagrams.draw import STORY, SVG, WHO, Message, drawing, told
from tests.stand_in import ROOT


def test_it_is_what_the_description_draws():
    assert SVG.read_text("utf-8") == drawing(), "make diagram"


def test_it_is_shown_and_told_to_who_does_not_see_it():
    assert f"](diagrams/{SVG.name})" in (ROOT / "docs" / "architecture.md").read_text()
    picture = ET.fromstring(drawing())  # noqa: S314 - our own
    said = {each.tag.rpartition("}")[2]: each.text for each in picture}
    assert said["desc"] == "; ".join(told())
    drawn = [each.text for each in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert drawn[: len(WHO)] == list(WHO)
    assert " ".join(drawn[len(WHO) :]) == " ".join(each.text.replace("\n", " ") for each in STORY)


def test_it_asks_nothing_of_another_host():
    assert set(re.findall(r"https?://[^\"' )]+", drawing())) == {"http://www.w3.org/2000/svg"}


def test_its_steps_are_those_of_the_exchange():
    steps = {each.text.partition(":")[0] for each in STORY if isinstance(each, Message) and ": " in each.text}
    named = set(re.findall(r'"(AssumeRole\w*|CreateTokenWithIAM)"', Path(exchange.__file__).read_text()))
    assert steps >= named >= {"AssumeRoleWithWebIdentity", "CreateTokenWithIAM", "AssumeRole"}
