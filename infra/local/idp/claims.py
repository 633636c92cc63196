"""What the provider says of a person."""

import hashlib

from authlib.oidc.core import UserInfo

from infra.local.people import Person

SCOPES = ("openid", "profile", "email", "groups", "offline_access")


class PersonInfo(UserInfo):  # type: ignore[misc]  # Authlib is not typed
    """The standard claims, and the groups that Okta adds."""

    SCOPES_CLAIMS_MAPPING = {  # noqa: RUF012 - Authlib's own shape
        **UserInfo.SCOPES_CLAIMS_MAPPING,
        # A profile without its groups would be of little use to whoever asks for a profile here.
        "profile": [*UserInfo.SCOPES_CLAIMS_MAPPING["profile"], "groups"],
        "groups": ["groups"],
    }

    def filter(self, scope: str) -> dict[str, object]:
        allowed = {claim for part in scope.split() for claim in self.SCOPES_CLAIMS_MAPPING.get(part, ())}
        return {claim: value for claim, value in self.items() if claim in allowed}


def subject(person: Person) -> str:
    """The person's identifier: opaque, and the same at every start."""
    return "00u" + hashlib.sha256(f"rowlight-demo:{person.email}".encode()).hexdigest()[:17]


def session_tags(person: Person) -> dict[str, object]:
    """The claim by which AWS tags a role session: the person, and each of their groups as a role."""
    groups = {"RedshiftDbRoles": [":".join(person.groups)]} if person.groups else {}
    return {"https://aws.amazon.com/tags": {"principal_tags": {"RedshiftDbUser": [person.email], **groups}}}


def person_info(person: Person, scope: str) -> dict[str, object]:
    """The claims of a person that the scope lets out."""
    given, _, family = person.name.partition(" ")
    return PersonInfo(
        sub=subject(person),
        email=person.email,
        email_verified=True,
        name=person.name,
        given_name=given,
        family_name=family,
        preferred_username=person.email,
        groups=list(person.groups),
    ).filter(scope)
