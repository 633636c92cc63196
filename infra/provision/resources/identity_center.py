"""IAM Identity Center: whose tokens are exchanged, at which application, for whom, for what."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.provision.errors import ProvisioningError
from infra.provision.iam import policies
from infra.provision.resources.resource import (
    Found,
    Ids,
    Owner,
    Resource,
    State,
    made,
    owner_by,
    upper,
)
from infra.provision.specification.spec import Spec

if TYPE_CHECKING:
    from mypy_boto3_sso_admin import SSOAdminClient

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REFRESH_TOKEN = "refresh_token"
CONNECT = "redshift:connect"
# What the resources tell each other.
APPLICATION, TOKEN_ISSUER = "application_arn", "token_issuer_arn"
REDSHIFT_APPLICATION, MANAGED_APPLICATION = "redshift_application_arn", "managed_application_arn"


def custom(spec: Spec) -> str:
    """The provider of customer-managed applications."""
    return f"arn:{spec.partition}:sso::aws:applicationProvider/custom"


def _owner(sso: "SSOAdminClient", spec: Spec, arn: str) -> Owner:
    pages = sso.get_paginator("list_tags_for_resource").paginate(
        InstanceArn=spec.instance_arn, ResourceArn=arn
    )
    return owner_by([tag for page in pages for tag in page["Tags"]], spec.application)


@dataclass(frozen=True)
class TokenIssuer(Resource):
    """The provider's tokens are trusted, by the e-mail address in them."""

    sso: "SSOAdminClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"trusted token issuer {self.spec.token_issuer}"

    def find(self, ids: Ids) -> Found | None:
        arn, known = self._known()
        if not arn:
            return None
        owner = _owner(self.sso, self.spec, arn)
        if known["IssuerUrl"] != self.spec.issuer:
            raise ProvisioningError(
                f"The trusted token issuer {self.spec.token_issuer} is for another issuer, and AWS cannot"
                f" change that: delete it in IAM Identity Center, or give this one another name."
            )
        return Found(known, owner, gives={TOKEN_ISSUER: arn})

    def _known(self) -> tuple[str, dict[str, Any]]:
        """The one of that name, else the one of that address: an instance has one for each address."""
        pages = self.sso.get_paginator("list_trusted_token_issuers").paginate(
            InstanceArn=self.spec.instance_arn
        )
        found = [issuer for page in pages for issuer in page["TrustedTokenIssuers"]]
        named = [issuer for issuer in found if issuer.get("Name") == self.spec.token_issuer]
        for issuer in named or found:
            arn = issuer["TrustedTokenIssuerArn"]
            described = self.sso.describe_trusted_token_issuer(TrustedTokenIssuerArn=arn)
            known: dict[str, Any] = dict(described["TrustedTokenIssuerConfiguration"]["OidcJwtConfiguration"])
            if named or known["IssuerUrl"] == self.spec.issuer:
                return arn, known
        return "", {}

    def wanted(self, ids: Ids) -> State:
        return {
            "IssuerUrl": self.spec.issuer,
            "ClaimAttributePath": "email",
            "IdentityStoreAttributePath": "emails.value",
            "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
        }

    def create(self, ids: Ids) -> Found:
        tags: Any = upper(self.spec.application)
        configuration: Any = {"OidcJwtConfiguration": self.wanted(ids)}
        created = self.sso.create_trusted_token_issuer(
            InstanceArn=self.spec.instance_arn,
            Name=self.spec.token_issuer,
            TrustedTokenIssuerType="OIDC_JWT",
            TrustedTokenIssuerConfiguration=configuration,
            Tags=tags,
        )
        return made({TOKEN_ISSUER: created["TrustedTokenIssuerArn"]})

    def change(self, ids: Ids, found: Found) -> None:
        if found.owner is Owner.OTHERS:
            raise ProvisioningError(
                f"IAM Identity Center trusts {self.spec.issuer} already, and finds people by"
                f" {found.state['ClaimAttributePath']} = {found.state['IdentityStoreAttributePath']}, where"
                f" the app needs email = emails.value. Other applications may depend on that: change it"
                f" there (Settings, Authentication, Trusted token issuers), then apply again."
            )
        mapping = {name: value for name, value in self.wanted(ids).items() if name != "IssuerUrl"}
        configuration: Any = {"OidcJwtConfiguration": mapping}
        self.sso.update_trusted_token_issuer(
            TrustedTokenIssuerArn=found.gives[TOKEN_ISSUER], TrustedTokenIssuerConfiguration=configuration
        )

    def remove(self, ids: Ids) -> None:
        self.sso.delete_trusted_token_issuer(TrustedTokenIssuerArn=ids[TOKEN_ISSUER])


@dataclass(frozen=True)
class Application(Resource):
    """The customer-managed application, without a tile in people's portal."""

    sso: "SSOAdminClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"application {self.spec.application}"

    def find(self, ids: Ids) -> Found | None:
        pages = self.sso.get_paginator("list_applications").paginate(InstanceArn=self.spec.instance_arn)
        found = [
            application
            for page in pages
            for application in page["Applications"]
            if application.get("Name") == self.spec.application
            and application.get("ApplicationProviderArn") == custom(self.spec)
        ]
        if len(found) > 1:
            raise ProvisioningError(
                f"IAM Identity Center has {len(found)} applications named {self.spec.application}: delete"
                f" those that are not used, or give this one another name."
            )
        if not found:
            return None
        arn = found[0]["ApplicationArn"]
        return Found(
            {"Status": found[0].get("Status")}, _owner(self.sso, self.spec, arn), gives={APPLICATION: arn}
        )

    def wanted(self, ids: Ids) -> State:
        return {"Status": "ENABLED"}

    def create(self, ids: Ids) -> Found:
        tags: Any = upper(self.spec.application)
        created = self.sso.create_application(
            InstanceArn=self.spec.instance_arn,
            ApplicationProviderArn=custom(self.spec),
            Name=self.spec.application,
            Description="Sales dashboards on Amazon Redshift",
            PortalOptions={"Visibility": "DISABLED"},
            Status="ENABLED",
            Tags=tags,
        )
        return made({APPLICATION: created["ApplicationArn"]})

    def change(self, ids: Ids, found: Found) -> None:
        self.sso.update_application(ApplicationArn=found.gives[APPLICATION], Status="ENABLED")

    def remove(self, ids: Ids) -> None:
        self.sso.delete_application(ApplicationArn=ids[APPLICATION])


class _Part(Resource):
    """Something of the application, which is there as soon as the application is."""

    def create(self, ids: Ids) -> Found:
        self.change(ids, Found({}, Owner.WHOLE))
        return made()


@dataclass(frozen=True)
class Actors(_Part):
    """Who may ask the application for tokens: the authentication method IAM and its policy."""

    sso: "SSOAdminClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"actor policy of {self.spec.application}"

    def find(self, ids: Ids) -> Found | None:
        if APPLICATION not in ids:
            return None
        try:
            method = self.sso.get_application_authentication_method(
                ApplicationArn=ids[APPLICATION], AuthenticationMethodType="IAM"
            )["AuthenticationMethod"]
        except self.sso.exceptions.ResourceNotFoundException:
            return None
        return Found({"policy": method.get("Iam", {}).get("ActorPolicy")}, Owner.WHOLE)

    def wanted(self, ids: Ids) -> State:
        return {"policy": policies.actors(self.spec)}

    def change(self, ids: Ids, found: Found) -> None:
        method: Any = {"Iam": {"ActorPolicy": policies.actors(self.spec)}}
        self.sso.put_application_authentication_method(
            ApplicationArn=ids[APPLICATION], AuthenticationMethodType="IAM", AuthenticationMethod=method
        )


@dataclass(frozen=True)
class Grants(_Part):
    """What the application takes: this issuer's tokens for this app, its own refresh tokens, no other."""

    sso: "SSOAdminClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"grants of {self.spec.application}"

    def find(self, ids: Ids) -> Found | None:
        if APPLICATION not in ids:
            return None
        pages = self.sso.get_paginator("list_application_grants").paginate(ApplicationArn=ids[APPLICATION])
        grants = {each["GrantType"]: each["Grant"] for page in pages for each in page["Grants"]}
        return Found({str(kind): grant for kind, grant in grants.items()}, Owner.WHOLE)

    def wanted(self, ids: Ids) -> State:
        issuer = {
            "TrustedTokenIssuerArn": ids[TOKEN_ISSUER],
            "AuthorizedAudiences": [self.spec.client_id],
        }
        return {
            JWT_BEARER: {"JwtBearer": {"AuthorizedTokenIssuers": [issuer]}},
            REFRESH_TOKEN: {"RefreshToken": {}},
        }

    def change(self, ids: Ids, found: Found) -> None:
        arn, wanted = ids[APPLICATION], self.wanted(ids)
        kind: Any
        for kind, grant in wanted.items():
            if not policies.same(found.state.get(kind), grant):
                self.sso.put_application_grant(ApplicationArn=arn, GrantType=kind, Grant=grant)
        for kind in sorted(found.state.keys() - wanted.keys()):
            self.sso.delete_application_grant(ApplicationArn=arn, GrantType=kind)


@dataclass(frozen=True)
class Scopes(_Part):
    """What the application's tokens open: Redshift's application, and nothing else."""

    sso: "SSOAdminClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"access scopes of {self.spec.application}"

    def find(self, ids: Ids) -> Found | None:
        if APPLICATION not in ids:
            return None
        pages = self.sso.get_paginator("list_application_access_scopes").paginate(
            ApplicationArn=ids[APPLICATION]
        )
        scopes = [scope for page in pages for scope in page["Scopes"]]
        return Found({each["Scope"]: each.get("AuthorizedTargets", []) for each in scopes}, Owner.WHOLE)

    def wanted(self, ids: Ids) -> State:
        return {CONNECT: [ids[MANAGED_APPLICATION]]}

    def change(self, ids: Ids, found: Found) -> None:
        arn, wanted = ids[APPLICATION], self.wanted(ids)
        for scope, targets in wanted.items():
            if not policies.same(found.state.get(scope), targets):
                self.sso.put_application_access_scope(
                    ApplicationArn=arn, Scope=scope, AuthorizedTargets=targets
                )
        for scope in sorted(found.state.keys() - wanted.keys()):
            self.sso.delete_application_access_scope(ApplicationArn=arn, Scope=scope)


@dataclass(frozen=True)
class AssignmentRule(_Part):
    """Whether people must be assigned to the application to use it."""

    sso: "SSOAdminClient"
    spec: Spec

    @property
    def title(self) -> str:
        return f"assignment rule of {self.spec.application}"

    def find(self, ids: Ids) -> Found | None:
        if APPLICATION not in ids:
            return None
        known = self.sso.get_application_assignment_configuration(ApplicationArn=ids[APPLICATION])
        return Found({"AssignmentRequired": known["AssignmentRequired"]}, Owner.WHOLE)

    def wanted(self, ids: Ids) -> State:
        return {"AssignmentRequired": self.spec.assignment_required}

    def change(self, ids: Ids, found: Found) -> None:
        self.sso.put_application_assignment_configuration(
            ApplicationArn=ids[APPLICATION], AssignmentRequired=self.spec.assignment_required
        )
