"""The services that moto plays: what is let through to it, under which permission."""

import io
import threading
from collections.abc import Mapping
from typing import Any

from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.responses import DynamoHandler
from moto.iam.responses import IamResponse
from moto.identitystore.responses import IdentityStoreResponse
from moto.moto_server.werkzeug_app import create_backend_app
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.secretsmanager.responses import SecretsManagerResponse
from werkzeug.test import run_wsgi_app

from infra.local.aws import dynamodb, wire
from infra.local.aws.iam import Iam
from infra.local.aws.identity_center import IdentityCenter
from infra.local.aws.model import Authorizer, AwsError, Caller
from infra.local.aws.policy import MalformedPolicy, parse
from infra.local.aws.s3_operations import S3Operation
from infra.local.aws.states import PutBack, keeping
from infra.local.config import ACCOUNT_ID, REGION

_RESPONSES = {
    "dynamodb": DynamoHandler,
    "iam": IamResponse,
    "identitystore": IdentityStoreResponse,
    "secretsmanager": SecretsManagerResponse,
}
_PLAYED = {service: frozenset(method_names_from_class(played)) for service, played in _RESPONSES.items()}
SERVICES = (*_RESPONSES, "s3")
# Moto keeps these, but nothing here would enforce them.
_NOT_ENFORCED = ("PermissionsBoundary", "ResourcePolicy")
# Moto would take the account from one and the region from the other.
_DROPPED = ("HTTP_X_MOTO_ACCOUNT_ID", "HTTP_USER_AGENT", "REQUEST_URI")
# What moto needs of the headers; but for S3, it would read any other as a parameter, or as the operation.
_HEADERS = ("HTTP_AUTHORIZATION", "HTTP_X_AMZ_TARGET", "HTTP_X_AMZ_DATE", "HTTP_X_AMZ_SECURITY_TOKEN")


def keep_tables() -> PutBack:
    """Keeps DynamoDB's tables with their items; what is returned puts them back."""
    return keeping(dynamodb_backends[ACCOUNT_ID][REGION], "tables")


def keep_secrets() -> PutBack:
    """Keeps the secrets; what is returned puts them back."""
    return keeping(secretsmanager_backends[ACCOUNT_ID][REGION], "secrets")


# Whoever makes something with tags must be allowed to tag it, too.
_TAGGING = {
    ("dynamodb", "CreateTable"): "TagResource",
    ("iam", "CreateOpenIDConnectProvider"): "TagOpenIDConnectProvider",
    ("iam", "CreatePolicy"): "TagPolicy",
    ("iam", "CreateRole"): "TagRole",
    ("iam", "CreateUser"): "TagUser",
}


class MotoServices:
    """Moto's applications for each of these services, behind our own gate."""

    def __init__(self, *, iam: Iam, identity_center: IdentityCenter, authorize: Authorizer) -> None:
        dynamodb_backends.reset()
        s3_backends.reset()
        secretsmanager_backends.reset()
        self._iam = iam
        self._identity_center = identity_center
        self._authorize = authorize
        self._applications: dict[str, Any] = {
            "dynamodb": create_backend_app("dynamodb"),
            "iam": create_backend_app("iam"),
            "identitystore": create_backend_app("identitystore"),
            "secretsmanager": create_backend_app("secretsmanager"),
            "s3": create_backend_app("s3"),
        }
        # Moto reads an item, decides a condition and writes: two at once would both pass one condition.
        self._tables = threading.Lock()

    def s3(
        self,
        operation: S3Operation,
        *,
        request: wire.HttpRequest,
        environ: Mapping[str, Any],
        caller: Caller,
    ) -> wire.HttpResponse:
        """Answers a request to S3 whose operation is known."""
        for action, resource in operation.permissions:
            self._authorize(
                caller, action, resource, code="AccessDenied", context={"s3:prefix": operation.prefix}
            )
        return self._forward("s3", request, environ)

    def answer(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        request: wire.HttpRequest,
        environ: Mapping[str, Any],
        caller: Caller,
    ) -> wire.HttpResponse:
        """Answers a request to another service of moto's, its parameters already checked."""
        if camelcase_to_underscores(operation) not in _PLAYED[service]:
            raise wire.not_implemented(service, operation)
        if any(word in name for word in _NOT_ENFORCED for name in (operation, *parameters)):
            raise wire.not_implemented(service, f"{operation} with a boundary or a resource policy")
        if service == "dynamodb":
            dynamodb.check_played(operation, parameters)
        code = "AccessDenied" if service == "iam" else "AccessDeniedException"
        self.check(service, operation, parameters, caller=caller, code=code)
        if parameters.get("Tags") and (service, operation) in _TAGGING:
            self.check(service, _TAGGING[service, operation], parameters, caller=caller, code=code)
        if service != "dynamodb":
            return self._forward(service, request, environ)
        with self._tables:
            dynamodb.check(operation, parameters)
            return self._forward(service, request, environ)

    def check(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, caller: Caller, code: str
    ) -> None:
        """Refuses what the caller may not do, and what moto would wrongly accept."""
        resource = self._resource(service, parameters)
        self._authorize(caller, f"{service}:{operation}", resource, code=code)
        if service == "identitystore":
            self._identity_center.check_administered()
        store = parameters.get("IdentityStoreId", self._identity_center.identity_store_id)
        if service == "identitystore" and store != self._identity_center.identity_store_id:
            raise AwsError("ResourceNotFoundException", "The identity store does not exist.")
        for name in ("AssumeRolePolicyDocument", "PolicyDocument"):
            if service == "iam" and name in parameters:
                self._check_policy(operation, parameters[name])

    def _check_policy(self, operation: str, document: str) -> None:
        try:
            statements = parse(document)
        except MalformedPolicy as error:
            raise AwsError("MalformedPolicyDocument", str(error)) from error
        if operation in ("CreateRole", "UpdateAssumeRolePolicy"):
            self._iam.check_trust(statements)

    def _resource(self, service: str, parameters: Mapping[str, Any]) -> str:
        if service == "identitystore":
            return self._identity_center.identity_store_arn
        if service == "dynamodb":
            return dynamodb.resource(parameters)
        if service == "secretsmanager":
            return _secret_arn(parameters.get("SecretId"))
        return self._resource_of_iam(parameters)

    def _resource_of_iam(self, parameters: Mapping[str, Any]) -> str:
        if "RoleName" in parameters:
            return self._iam.arn_of_role(parameters["RoleName"])
        if "GroupName" in parameters:
            return f"arn:aws:iam::{ACCOUNT_ID}:group/{parameters['GroupName']}"
        if "UserName" in parameters:
            return self._iam.arn_of_user(parameters["UserName"])
        if "Url" in parameters:
            name = str(parameters["Url"]).partition("://")[2]
            return f"arn:aws:iam::{ACCOUNT_ID}:oidc-provider/{name}"
        return str(parameters.get("PolicyArn") or parameters.get("OpenIDConnectProviderArn") or "*")

    def _forward(
        self, service: str, request: wire.HttpRequest, environ: Mapping[str, Any]
    ) -> wire.HttpResponse:
        body = request.body
        if service in ("dynamodb", "identitystore", "secretsmanager"):
            # Moto would read "&Action=…" inside a JSON text as the operation's name.
            body = (body or b"{}").replace(b"&", b"\\u0026")
        forwarded = {
            **{name: value for name, value in environ.items() if _passes(service, name)},
            "HTTP_HOST": "localhost",
            # Else moto looks the key up in every partition, and so makes each with all of AWS's own policies.
            "HTTP_X_MOTO_ACCOUNT_ID": ACCOUNT_ID,
            "RAW_URI": request.path,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        try:
            chunks, status, headers = run_wsgi_app(self._applications[service], forwarded, buffered=True)
        except NotImplementedError as error:
            raise wire.not_implemented(service, "This form of the operation") from error
        return wire.HttpResponse(int(status.split()[0]), dict(headers), b"".join(chunks))


def _passes(service: str, name: str) -> bool:
    if service != "s3" and name.startswith("HTTP_"):
        return name in _HEADERS
    return name not in _DROPPED


def _secret_arn(identifier: str | None) -> str:
    if identifier is None:
        return "*"
    secret = secretsmanager_backends[ACCOUNT_ID][REGION].secrets.get(identifier)
    return secret.arn if secret else f"arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:{identifier}"
