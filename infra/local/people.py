"""The people of the demonstration: what Okta's SCIM would bring to IAM Identity Center."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in at the demonstration's provider."""

    name: str
    email: str
    groups: tuple[str, ...]
    role: str  # what the sign-in page says of them

    @property
    def username(self) -> str:
        return self.email.partition("@")[0]


PEOPLE = (
    Person("Ethan Global", "ethan@example.com", ("exec-global",), "Global sales executive"),
    Person("Frank Amer", "frank@example.com", ("amer-sales",), "Sales manager, Americas"),
    Person("Alex Emea", "alex@example.com", ("emea-sales",), "Sales manager, Europe"),
    Person("Ming Apac", "ming@example.com", ("apac-sales",), "Sales manager, Asia Pacific"),
    Person("Nora Newcomer", "nora@example.com", (), "New here, in no group yet"),
    Person("Ada Admin", "ada@example.com", ("analytics-admins",), "Analytics administrator"),
)

GROUPS = tuple(sorted({group for person in PEOPLE for group in person.groups}))
