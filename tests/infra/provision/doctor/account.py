"""What a test breaks in the stand-in's account, beyond IAM: Identity Center, Redshift and its SQL."""

import base64
import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests import outside
from tests.infra.provision.doctor.case import Case
from tests.infra.provision.doctor.cures import run_sql
from tests.infra.provision.doctor.world import World

Undone = contextlib.AbstractContextManager[None] | None
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True)
class Account:
    """The stand-in's account, by the world's settings."""

    world: World

    @property
    def env(self) -> dict[str, str]:
        return self.world.env

    def aws(self, service: str) -> Any:
        return self.world.aws(service)

    def specify(self, **changes: Any) -> "Account":
        """There is a rowlight.toml, which speaks of this account but for the changes."""
        self.world.spec = dataclasses.replace(self.world.provisioned, **changes)
        return self

    def token(self, who: str = "Frank Amer") -> str:
        return outside.sign_in(self.env, who).id_token

    def sql(self, *statements: str) -> None:
        """Runs statements as the warehouse's admin."""
        for statement in statements:
            run_sql(self.world, statement)

    def conditions(self, **conditions: Any) -> None:
        """The account and its region are otherwise; the world puts them back."""
        address = self.aws("sts").meta.endpoint_url
        httpx.post(f"{address}/_local/conditions", json=conditions).raise_for_status()

    @property
    def application(self) -> dict[str, str]:
        return {"ApplicationArn": self.env["IDC_APPLICATION_ARN"]}

    @property
    def redshift_application(self) -> Any:
        (found,) = self.aws("redshift").describe_redshift_idc_applications()["RedshiftIdcApplications"]
        return found

    @property
    def managed(self) -> dict[str, str]:
        return {"ApplicationArn": self.redshift_application["IdcManagedApplicationArn"]}

    @property
    def token_issuer_arn(self) -> str:
        listed = self.aws("sso-admin").list_trusted_token_issuers(InstanceArn=self.env["IDC_INSTANCE_ARN"])
        (found,) = listed["TrustedTokenIssuers"]
        return str(found["TrustedTokenIssuerArn"])

    @property
    def store(self) -> dict[str, str]:
        return {"IdentityStoreId": self.env["IDENTITY_STORE_ID"]}

    def group(self, name: str) -> str:
        unique = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": name}}
        store = self.aws("identitystore")
        return str(store.get_group_id(**self.store, AlternateIdentifier=unique)["GroupId"])

    def user(self, email: str) -> str:
        unique = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": email}}
        return str(self.aws("identitystore").get_user_id(**self.store, AlternateIdentifier=unique)["UserId"])

    def join(self, email: str, group_id: str) -> None:
        member = {"UserId": self.user(email)}
        self.aws("identitystore").create_group_membership(**self.store, GroupId=group_id, MemberId=member)

    def grant_jwt(self, issuer: str, *audiences: str) -> None:
        listed = [{"TrustedTokenIssuerArn": issuer, "AuthorizedAudiences": list(audiences)}]
        self.aws("sso-admin").put_application_grant(
            **self.application, GrantType=JWT_BEARER, Grant={"JwtBearer": {"AuthorizedTokenIssuers": listed}}
        )

    def actors(self, *statements: dict[str, Any]) -> None:
        """The actor policy's statements, in the place of those that are there."""
        policy = {"Version": "2012-10-17", "Statement": list(statements)}
        self.aws("sso-admin").put_application_authentication_method(
            **self.application,
            AuthenticationMethodType="IAM",
            AuthenticationMethod={"Iam": {"ActorPolicy": policy}},
        )

    def known_actors(self) -> list[dict[str, Any]]:
        method = self.aws("sso-admin").get_application_authentication_method(
            **self.application, AuthenticationMethodType="IAM"
        )
        found: list[dict[str, Any]] = method["AuthenticationMethod"]["Iam"]["ActorPolicy"]["Statement"]
        return found

    @contextlib.contextmanager
    def answering(
        self, service: str, operation: str, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> Iterator[None]:
        """An operation of the stand-in answers otherwise, as an account elsewhere would."""
        operations = self.world.services[service].operations
        own = operations[operation]
        operations[operation] = lambda call: change(dict(own(call)))
        try:
            yield
        finally:
            operations[operation] = own


def reworded(token: str, **claims: Any) -> str:
    """A token with other claims, whose signature then is of no use."""
    head, body, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    said = {name: value for name, value in {**said, **claims}.items() if value is not None}
    text = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    return f"{head}.{text}.{signature}"


def case(
    code: str,
    name: str,
    breaks: Callable[[Account], Any],
    *cure: str,
    cures: bool = False,
    fixable: bool = False,
) -> Case:
    """A case by what is broken of the account."""

    def inject(world: World) -> Undone:
        undone = breaks(Account(world))
        return undone if isinstance(undone, contextlib.AbstractContextManager) else None

    return Case(name, code, inject, cure, cures=cures, fixable=fixable)


def conditions(**changed: Any) -> Callable[[Account], None]:
    return lambda account: account.conditions(**changed)
