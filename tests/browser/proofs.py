"""The proof of what somebody sees, as it stands in a page."""

import re

from playwright.sync_api import expect


def opened(visitor):
    """The proof of the page at which somebody is, once all of it is there."""
    visitor.page.get_by_role("button", name="How do I see this?").click()
    proof = visitor.page.get_by_role("dialog")
    expect(proof.get_by_role("heading", name="On record")).to_be_visible()
    return proof


def assert_steps(proof, said):
    """What the picture says of each link."""
    expect(proof.get_by_role("list", name="The chain of identity").locator("em")).to_have_text(said)


def fact(proof, name):
    """What stands beside a name."""
    term = proof.page.locator("dt", has_text=re.compile(f"^{name}$"))
    return proof.locator("dl div").filter(has=term).locator("dd").first
