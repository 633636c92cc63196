"""What Identity Center keeps of applications and trusted token issuers."""

import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.local.aws.identity_center import IdentityCenter
from infra.local.aws.model import AwsError, Call
from infra.local.aws.states import PutBack, all_of, keeping
from infra.local.aws.tags import Tags
from infra.local.config import ACCOUNT_ID, REGION

CUSTOM = "arn:aws:sso::aws:applicationProvider/custom"
REDSHIFT = "arn:aws:sso::aws:applicationProvider/redshift"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REFRESH_TOKEN = "refresh_token"
REDSHIFT_CONNECT = "redshift:connect"
_CHARACTERS = string.ascii_lowercase + string.digits


@dataclass
class Application:
    """An application, with everything that decides who gets a token of it."""

    arn: str
    name: str
    provider_arn: str
    created_at: datetime
    description: str | None = None
    enabled: bool = True
    portal_options: Mapping[str, Any] | None = None
    assignment_required: bool = True
    actor_policy: Mapping[str, Any] | None = None
    grants: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    scopes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    assignments: set[tuple[str, str]] = field(default_factory=set)  # (USER or GROUP, id)


@dataclass
class TokenIssuer:
    """An OpenID Connect issuer whose tokens Identity Center takes."""

    arn: str
    name: str
    url: str
    claim_path: str
    attribute_path: str


class Applications:
    """The applications and the trusted token issuers of the instance."""

    def __init__(self, *, identity_center: IdentityCenter, clock: Callable[[], float]) -> None:
        self._identity_center = identity_center
        self._clock = clock
        self._applications: dict[str, Application] = {}
        self.issuers: dict[str, TokenIssuer] = {}
        self.tags = Tags(invalid="ValidationException", too_many="ServiceQuotaExceededException")
        self._results: dict[tuple[str, str], tuple[Mapping[str, Any], Mapping[str, Any]]] = {}

    def keep(self) -> PutBack:
        """Keeps what there is; what is returned puts it back."""
        return all_of(keeping(self, "_applications", "issuers", "_results"), self.tags.keep())

    def application(self, arn: str) -> Application:
        """The application of an ARN; raises LookupError."""
        return self._applications[arn]

    def applications(self) -> list[Application]:
        """Every application, in the order of their making."""
        return list(self._applications.values())

    def arns(self) -> frozenset[str]:
        """The ARNs of every application."""
        return frozenset(self._applications)

    def add(self, name: str, provider_arn: str, asked: Mapping[str, Any]) -> Application:
        """Makes an application; a name that is taken raises AwsError."""
        if any(application.name == name for application in self.applications()):
            raise AwsError("ConflictException", f"There is an application named {name} already.")
        application = Application(
            arn=_application_arn(self._identity_center.instance_id),
            name=name,
            provider_arn=provider_arn,
            created_at=datetime.fromtimestamp(self._clock(), UTC),
            description=asked.get("Description"),
            enabled=asked.get("Status", "ENABLED") == "ENABLED",
            portal_options=asked.get("PortalOptions"),
        )
        self._applications[application.arn] = application
        self.tags.add(application.arn, asked.get("Tags", []))
        return application

    def remove(self, arn: str) -> None:
        """Forgets an application."""
        self._applications.pop(arn, None)
        self.tags.forget(arn)

    def reaches_redshift(self, targets: tuple[str, ...]) -> bool:
        """Whether a scope's targets (none: all) include a Redshift integration."""
        if not targets or self._identity_center.instance_arn in targets:
            return True
        found = (self._applications.get(target) for target in targets)
        return any(application is not None and application.provider_arn == REDSHIFT for application in found)

    def once(self, call: Call, create: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Creates once for a ClientToken, however often it is sent."""
        token = call.parameters.get("ClientToken")
        if token is None:
            return create()
        asked, result = self._results.get((call.operation, token), (call.parameters, {}))
        if asked != call.parameters:
            raise AwsError("ConflictException", "The client token was used with other parameters.")
        if not result:
            result = create()
            self._results[call.operation, token] = (call.parameters, result)
        return result


def _application_arn(instance_id: str) -> str:
    """A new application's ARN."""
    identifier = "".join(secrets.choice(_CHARACTERS) for _ in range(16))
    return f"arn:aws:sso::{ACCOUNT_ID}:application/{instance_id}/apl-{identifier}"


def token_issuer_arn(identity_center: IdentityCenter) -> str:
    """A new trusted token issuer's ARN: it is in the account of the instance's owner."""
    owner, instance_id = identity_center.conditions.instance_owner, identity_center.instance_id
    return f"arn:aws:sso::{owner}:trustedTokenIssuer/{instance_id}/tti-{uuid.uuid4()}"


def application_members(
    application: Application, *, instance_arn: str, identity_store_arn: str
) -> dict[str, Any]:
    """An application as DescribeApplication shows it."""
    members: dict[str, Any] = {
        "ApplicationArn": application.arn,
        "ApplicationProviderArn": application.provider_arn,
        "Name": application.name,
        "ApplicationAccount": ACCOUNT_ID,
        "InstanceArn": instance_arn,
        "IdentityStoreArn": identity_store_arn,
        "Status": "ENABLED" if application.enabled else "DISABLED",
        "CreatedDate": application.created_at,
        "CreatedFrom": REGION,
        "PortalOptions": application.portal_options,
        "Description": application.description,
    }
    return {name: value for name, value in members.items() if value is not None}


def token_issuer_members(issuer: TokenIssuer) -> dict[str, Any]:
    """A trusted token issuer as DescribeTrustedTokenIssuer shows it."""
    return {
        "TrustedTokenIssuerArn": issuer.arn,
        "Name": issuer.name,
        "TrustedTokenIssuerType": "OIDC_JWT",
        "TrustedTokenIssuerConfiguration": {
            "OidcJwtConfiguration": {
                "IssuerUrl": issuer.url,
                "ClaimAttributePath": issuer.claim_path,
                "IdentityStoreAttributePath": issuer.attribute_path,
                "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
            }
        },
    }
