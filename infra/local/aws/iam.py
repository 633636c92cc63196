"""IAM as the endpoint needs it: principals and policies in moto's backend, and who may do what."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from moto.core.config import default_user_config
from moto.iam.models import Group, IAMBackend, Role, User, iam_backends

from infra.local.aws.model import AwsError, Call, Caller
from infra.local.aws.policy import Decision, Request, decide, names_of
from infra.local.aws.states import PutBack, keeping
from infra.local.config import ACCOUNT_ID, REGION

_ALLOW_LIST = "arn:aws:iam::aws:policy/AWSIAMIdentityCenterAllowListForIdentityContext"
# Redshift's part of the allow list, which the recorded version of the document does not have yet.
_REDSHIFT = ("redshift-data:*", "redshift-serverless:GetCredentials", "redshift-serverless:GetWorkgroup")

# What a caller can change in moto's IAM.
_KEPT = (
    *("roles", "users", "groups", "access_keys", "open_id_providers", "managed_policies"),
    *("instance_profiles", "inline_policies", "saml_providers", "tagger"),
)
_PRINCIPAL_PREFIXES = (f"arn:aws:iam::{ACCOUNT_ID}:role/", f"arn:aws:iam::{ACCOUNT_ID}:user/")


@dataclass(frozen=True)
class Administrator:
    """The IAM user that provisions; its key pair."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


class Iam:
    """Reads moto's IAM backend."""

    def __init__(self) -> None:
        # Without them nothing can be attached that a guide tells one to attach.
        default_user_config["iam"]["load_aws_managed_policies"] = True
        iam_backends.reset()

    @property
    def _backend(self) -> IAMBackend:
        return iam_backends[ACCOUNT_ID]["aws"]

    def keep(self) -> PutBack:
        """Keeps what there is; what is returned puts it back."""
        backend = self._backend
        return keeping(backend, *_KEPT, shared=backend.aws_managed_policies)

    def create_administrator(self) -> Administrator:
        """Makes the account's administrator."""
        user = self._backend.create_user("us-east-1", "administrator")
        self._backend.attach_user_policy("arn:aws:iam::aws:policy/AdministratorAccess", user.name)
        key = self._backend.create_access_key(user.name)
        return Administrator(key.access_key_id, key.secret_access_key)

    def user_of_key(self, access_key_id: str) -> tuple[User, str]:
        """The user of an active access key, and its secret; raises LookupError."""
        key = self._backend.access_keys.get(access_key_id)
        if key is None or key.status != "Active" or key.user_name is None:
            raise LookupError(access_key_id)
        return self._user(key.user_name), key.secret_access_key

    def role(self, arn: str) -> Role:
        """The role of an ARN; raises LookupError."""
        for role in list(self._backend.roles.values()):
            if role.arn == arn:
                return role
        raise LookupError(arn)

    def openid_providers(self) -> dict[str, Any]:
        """The registered OpenID Connect providers by ARN."""
        return dict(self._backend.open_id_providers)

    def arn_of_role(self, name: str) -> str:
        """A role's ARN, or the one that it would have."""
        found = [role.arn for role in list(self._backend.roles.values()) if role.name == name]
        return found[0] if found else f"arn:aws:iam::{ACCOUNT_ID}:role/{name}"

    def arn_of_user(self, name: str) -> str:
        """A user's ARN, or the one that it would have."""
        user = self._backend.users.get(name)
        return user.arn if user else f"arn:aws:iam::{ACCOUNT_ID}:user/{name}"

    def check_trust(self, statements: Iterable[Mapping[str, Any]]) -> None:
        """Refuses a trust policy with a resource, or with a principal of the account that does not exist."""
        known = {role.arn for role in list(self._backend.roles.values())}
        known |= {user.arn for user in list(self._backend.users.values())}
        for statement in statements:
            if "Resource" in statement or "NotResource" in statement:
                raise AwsError("MalformedPolicyDocument", "Has prohibited field Resource.")
            for name in names_of(statement.get("Principal"), "AWS"):
                if name.startswith(_PRINCIPAL_PREFIXES) and name not in known:
                    raise AwsError("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{name}"')

    def decide(self, caller: Caller, request: Request) -> Decision:
        """What the caller's identity-based policies say."""
        return decide(self._documents(caller), request)

    def _user(self, name: str) -> User:
        user = self._backend.users.get(name)
        if user is None:
            raise LookupError(name)
        return user

    def _documents(self, caller: Caller) -> Iterator[str]:
        if caller.role_name is not None:
            yield from _documents_of(self.role(caller.principal_arn))
            if caller.person is not None:
                yield _allow_list(_default_document(self._backend.managed_policies[_ALLOW_LIST]))
            return
        user = self._user(caller.principal_arn.rpartition("/")[2])
        yield from _documents_of(user)
        for group in self._backend.get_groups_for_user(user.name):
            yield from _documents_of(group)


@lru_cache(maxsize=1)
def _allow_list(document: str) -> str:
    """AWS attaches it to each identity-enhanced session: all that propagation does not need is denied."""
    policy = json.loads(document)
    for statement in policy["Statement"]:
        statement["NotAction"] = [*statement["NotAction"], *_REDSHIFT]
    return json.dumps(policy)


def tags_of(role: Role) -> dict[str, str]:
    """The tags that the role itself has."""
    return {tag["Key"]: tag["Value"] for tag in role.tags}


def _documents_of(principal: Role | User | Group) -> Iterator[str]:
    yield from (
        document if isinstance(document, str) else json.dumps(document)
        for document in list(principal.policies.values())
    )
    for policy in list(principal.managed_policies.values()):
        yield _default_document(policy)


def _default_document(policy: Any) -> str:
    document = next(version.document for version in policy.versions if version.is_default)
    return document if isinstance(document, str) else json.dumps(document)


def context_of(caller: Caller) -> dict[str, tuple[str, ...]]:
    """The condition keys that every request of a caller has."""
    context: dict[str, tuple[str, ...]] = {
        "aws:principalarn": (caller.principal_arn,),
        "aws:principalaccount": (caller.account,),
        "aws:principaltype": ("AssumedRole" if caller.role_name else "User",),
        "aws:userid": (caller.user_id,),
        "aws:requestedregion": (REGION,),
    }
    for key, value in caller.tags.items():
        context[f"aws:principaltag/{key.lower()}"] = (value,)
    if caller.role_name is None:
        context["aws:username"] = (caller.principal_arn.rpartition("/")[2],)
    return context


def principals_of(caller: Caller) -> dict[str, frozenset[str]]:
    """What a resource-based policy may call a caller."""
    root = f"arn:aws:iam::{caller.account}:root"
    return {"AWS": frozenset({caller.arn, caller.principal_arn, root, caller.account})}


class IamAuthorizer:
    """Refuses what the caller's identity-based policies do not allow."""

    def __init__(self, iam: Iam) -> None:
        self._iam = iam

    def __call__(
        self,
        caller: Caller,
        action: str,
        resource: str,
        *,
        code: str = "AccessDeniedException",
        context: Mapping[str, str] | None = None,
    ) -> None:
        keys = {name.lower(): (value,) for name, value in (context or {}).items()}
        decision = self._iam.decide(caller, Request(action, resource, {**context_of(caller), **keys}))
        if not decision.granted:
            raise denied(caller, action, resource, code=code, explicitly=decision.denied)


def denied(caller: Caller, action: str, resource: str, *, code: str, explicitly: bool = False) -> AwsError:
    """The error of a caller who may not, in AWS's words."""
    why = (
        "with an explicit deny in an identity-based policy"
        if explicitly
        else f"because no identity-based policy allows the {action} action"
    )
    status = 403 if code == "AccessDenied" else 400
    return AwsError(
        code,
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} {why}",
        status,
    )


class IamOperations:
    """The operations of IAM that moto refuses or lacks."""

    def __init__(self, iam: Iam) -> None:
        self._iam = iam
        self.operations: Mapping[str, Callable[[Call], Mapping[str, Any]]] = {
            "UpdateAssumeRolePolicy": self.update_assume_role_policy,
            "AddClientIDToOpenIDConnectProvider": self.add_client_id,
            "RemoveClientIDFromOpenIDConnectProvider": self.remove_client_id,
        }

    def update_assume_role_policy(self, call: Call) -> Mapping[str, Any]:
        try:
            role = self._iam.role(self._iam.arn_of_role(call.parameters["RoleName"]))
        except LookupError as error:
            name = call.parameters["RoleName"]
            raise AwsError("NoSuchEntity", f"The role with name {name} cannot be found.", 404) from error
        role.assume_role_policy_document = call.parameters["PolicyDocument"]
        return {}

    def add_client_id(self, call: Call) -> Mapping[str, Any]:
        provider, client_id = self._provider(call), call.parameters["ClientID"]
        if client_id not in provider.client_id_list:
            provider.client_id_list = [*provider.client_id_list, client_id]
        return {}

    def remove_client_id(self, call: Call) -> Mapping[str, Any]:
        provider, client_id = self._provider(call), call.parameters["ClientID"]
        provider.client_id_list = [kept for kept in provider.client_id_list if kept != client_id]
        return {}

    def _provider(self, call: Call) -> Any:
        arn = call.parameters["OpenIDConnectProviderArn"]
        provider = self._iam.openid_providers().get(arn)
        if provider is None:
            raise AwsError("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", 404)
        return provider
