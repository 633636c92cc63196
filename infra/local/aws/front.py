"""The one endpoint: who calls is verified, what is called is routed, and what is missing says so."""

import json
import logging
import os
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.model import ServiceModel

from infra.local.aws import sigv4, wire
from infra.local.aws.applications import REDSHIFT_CONNECT, Applications
from infra.local.aws.credentials import Credentials
from infra.local.aws.data_api import DataApi
from infra.local.aws.iam import Administrator, Iam, IamAuthorizer, IamOperations
from infra.local.aws.identity_center import IdentityCenter
from infra.local.aws.model import AwsError, Call, Caller, Service
from infra.local.aws.moto_services import SERVICES as MOTO_SERVICES
from infra.local.aws.moto_services import MotoServices
from infra.local.aws.objects import S3Objects
from infra.local.aws.redshift import RedshiftApplications
from infra.local.aws.redshift_serverless import RedshiftServerless
from infra.local.aws.sso_admin import SsoAdmin
from infra.local.aws.sso_oidc import SsoOidc
from infra.local.aws.sts import Sts
from infra.local.aws.tokens import TokenVerifier
from infra.local.config import ACCOUNT_ID, REGION, Config, ConfigError
from infra.local.warehouse import Redshift

log = logging.getLogger(__name__)

# Signing name: botocore's name of the service, where they differ.
_SIGNING_NAMES = {"sso": "sso-admin", "sso-oauth": "sso-oidc"}
_UNSIGNED = ("sts", "AssumeRoleWithWebIdentity")
# Services whose every operation needs the permission of its name: botocore's name and IAM's prefix.
_PREFIXES = {"sso-admin": "sso", "redshift": "redshift", "redshift-serverless": "redshift-serverless"}
_ARN_MEMBERS = ("ApplicationArn", "TrustedTokenIssuerArn", "InstanceArn", "RedshiftIdcApplicationArn")
_LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")


class Endpoint:
    """A WSGI application that answers as AWS does, for the services of the trust chain."""

    def __init__(
        self,
        *,
        administrator: Administrator,
        identity_center: IdentityCenter,
        verifier: sigv4.Verifier,
        authorize: IamAuthorizer,
        services: Mapping[str, Service],
        resources: Mapping[str, Callable[[Call], str]],
        moto: MotoServices,
        close: Callable[[], None],
    ) -> None:
        self.administrator = administrator
        self.instance_arn = identity_center.instance_arn
        self.identity_store_id = identity_center.identity_store_id
        self.ready = False
        self.settings: dict[str, str] = {}
        self._verifier = verifier
        self._authorize = authorize
        self._services = services
        self._resources = resources
        self._moto = moto
        self._close = close

    def close(self) -> None:
        """Ends what is under way: a statement that runs on would keep the process from ending."""
        self._close()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if str(environ.get("PATH_INFO", "")).startswith("/_local/"):
            response = self._local(environ)
        else:
            response = self._aws(environ)
        headers = [
            (name, value) for name, value in response.headers.items() if name.lower() != "content-length"
        ]
        # An answer to HEAD tells the length of a body that it does not have.
        length = response.headers.get("Content-Length") if environ["REQUEST_METHOD"] == "HEAD" else None
        start_response(
            f"{response.status} {'OK' if response.status < 400 else 'Error'}",  # noqa: PLR2004 - HTTP's border
            [*headers, ("Content-Length", length or str(len(response.body)))],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]

    def _aws(self, environ: dict[str, Any]) -> wire.HttpResponse:
        exchange = _Exchange(str(uuid.uuid4()))
        started = time.perf_counter()
        try:
            response = self._answer(exchange, wire.read(environ), environ)
        except AwsError as error:
            exchange.error = error.code
            response = wire.failure(error, exchange.model, exchange.request_id)
        log.info(
            "%s %s by %s: %d%s in %.0f ms",
            exchange.service or "-",
            exchange.operation or "-",
            exchange.principal,
            response.status,
            f" {exchange.error}" if exchange.error else "",
            (time.perf_counter() - started) * 1000,
        )
        return wire.HttpResponse(
            response.status, {**response.headers, "x-amzn-RequestId": exchange.request_id}, response.body
        )

    def _answer(
        self, exchange: "_Exchange", request: wire.HttpRequest, environ: dict[str, Any]
    ) -> wire.HttpResponse:
        exchange.model = _guess(request)
        signature = sigv4.parse(request, exchange.protocol)
        caller: Caller | None = None
        if signature is not None:
            exchange.service = _SIGNING_NAMES.get(signature.service, signature.service)
            exchange.model = _model_of(exchange.service) or exchange.model
            caller = self._verifier.caller(request, signature, exchange.protocol)
            exchange.principal = caller.arn
        elif request.form.get("Action") == _UNSIGNED[1]:
            exchange.service, exchange.model = _UNSIGNED[0], wire.model_of(_UNSIGNED[0])
        else:
            raise sigv4.fault("missing", exchange.protocol, "Request is missing Authentication Token")
        if exchange.service == "s3" and caller is not None:
            exchange.operation, response = self._moto.s3(request, environ, caller)
            return response
        if exchange.model is None or exchange.service not in {*self._services, *MOTO_SERVICES}:
            raise wire.not_implemented(exchange.service, "The service")
        return self._operate(exchange, request, environ, caller)

    def _operate(
        self,
        exchange: "_Exchange",
        request: wire.HttpRequest,
        environ: dict[str, Any],
        caller: Caller | None,
    ) -> wire.HttpResponse:
        service = exchange.service
        model = wire.operation(request, wire.model_of(service))
        exchange.operation = model.name
        if caller is None and (service, model.name) != _UNSIGNED:
            raise sigv4.fault("missing", exchange.protocol, "Request is missing Authentication Token")
        parameters = wire.parameters(request, model)
        own = self._services[service].operations.get(model.name) if service in self._services else None
        if own is None and service in MOTO_SERVICES and caller is not None:
            return self._moto.answer(
                service, model.name, parameters, request=request, environ=environ, caller=caller
            )
        if own is None:
            raise wire.not_implemented(service, model.name)
        call = Call(service, model.name, parameters, REGION, caller, exchange.request_id)
        self._check(call)
        return wire.success(own(call), model, exchange.request_id)

    def _check(self, call: Call) -> None:
        if call.caller is None:
            return
        if call.service in MOTO_SERVICES:
            self._moto.check(
                call.service, call.operation, call.parameters, caller=call.caller, code="AccessDenied"
            )
        elif call.service == "redshift-data":
            _check_scope(call.caller, call.operation)
        elif call.service in _PREFIXES:
            code = "AccessDenied" if call.service == "redshift" else "AccessDeniedException"
            action = f"{_PREFIXES[call.service]}:{call.operation}"
            self._authorize(call.caller, action, self._resources[call.service](call), code=code)

    def _local(self, environ: Mapping[str, Any]) -> wire.HttpResponse:
        """The runner's own pages; a page of another origin that is pointed here by DNS gets nothing."""
        path = environ["PATH_INFO"]
        if not _LOCAL_HOST.fullmatch(environ.get("HTTP_HOST", "")):
            return _json(403, {"error": "only for this machine"})
        if environ["REQUEST_METHOD"] != "GET":
            return _json(405, {"error": "only GET"})
        if path == "/_local/health":
            return _json(200 if self.ready else 503, {"status": "ready" if self.ready else "starting"})
        if path == "/_local/env":
            return _json(200, self.settings)
        return _json(404, {"error": "not found"})


class _Exchange:
    """What becomes known of a request while it is answered, for its log line and its error."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.service = ""
        self.operation = ""
        self.principal = "nobody"
        self.error = ""
        self.model: ServiceModel | None = None

    @property
    def protocol(self) -> str:
        return str(self.model.protocol) if self.model else "json"


def _named_arn(call: Call) -> str:
    """The ARN that the parameters name; "*" where they name none, which only a policy for "*" allows."""
    return next((str(call.parameters[name]) for name in _ARN_MEMBERS if name in call.parameters), "*")


def _check_scope(caller: Caller, operation: str) -> None:
    if caller.person is not None and REDSHIFT_CONNECT not in caller.scopes:
        raise AwsError(
            "AccessDeniedException",
            f"{operation}: the identity context of this session is not for Redshift: "
            f"its application has no access scope {REDSHIFT_CONNECT}.",
        )


def _json(status: int, content: Mapping[str, str]) -> wire.HttpResponse:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return wire.HttpResponse(status, headers, json.dumps(content).encode())


def _model_of(service: str) -> ServiceModel | None:
    try:
        return wire.model_of(service)
    except UnknownServiceError:
        return None


def _guess(request: wire.HttpRequest) -> ServiceModel | None:
    """A model in whose protocol somebody is told that they did not sign."""
    if "x-amz-target" in request.headers:
        return wire.model_of("sso-admin")
    if request.headers.get("content-type", "").startswith(wire.FORM):
        return wire.model_of("sts")
    return wire.model_of("sso-oidc" if request.path == "/token" else "s3")


def create_endpoint(
    config: Config, *, redshift: Redshift, clock: Callable[[], float] = time.time
) -> Endpoint:
    """Makes the endpoint with an empty account; moto's state is the process's, so one endpoint a process."""
    if os.environ.get("MOTO_ACCOUNT_ID", ACCOUNT_ID) != ACCOUNT_ID:
        raise ConfigError(f"MOTO_ACCOUNT_ID must be {ACCOUNT_ID} or not set.")
    iam = Iam()
    identity_center = IdentityCenter(clock=clock)
    credentials = Credentials(iam=iam, identity_center=identity_center, clock=clock)
    authorize = IamAuthorizer(iam)
    tokens = TokenVerifier(clock=clock)
    applications = Applications(identity_center=identity_center, clock=clock)
    redshift_applications = RedshiftApplications(
        iam=iam, identity_center=identity_center, applications=applications
    )
    serverless = RedshiftServerless(iam=iam, applications=redshift_applications, clock=clock)
    redshift.read_object = S3Objects(iam, copy_role=serverless.copy_role)
    moto = MotoServices(iam=iam, identity_center=identity_center, authorize=authorize)
    data_api = DataApi(
        redshift=redshift,
        authorize=authorize,
        workgroup_arn=serverless.workgroup_arn,
        admin_secrets=serverless.admin_of_secret,
        clock=clock,
        kept_bytes=config.data_api_results_mb * 1024 * 1024,
        quotas=config.data_api_quotas,
    )
    services: dict[str, Service] = {
        "sts": Sts(iam=iam, credentials=credentials, identity_center=identity_center, tokens=tokens),
        "sso-oidc": SsoOidc(
            authorize=authorize,
            identity_center=identity_center,
            applications=applications,
            tokens=tokens,
            seconds=config.idc_token_seconds,
            clock=clock,
        ),
        "sso-admin": SsoAdmin(identity_center=identity_center, applications=applications),
        "redshift": redshift_applications,
        "redshift-serverless": serverless,
        "redshift-data": data_api,
        "iam": IamOperations(iam),
    }
    return Endpoint(
        administrator=iam.create_administrator(),
        identity_center=identity_center,
        verifier=sigv4.Verifier(credentials, clock=clock),
        authorize=authorize,
        services=services,
        resources={
            "sso-admin": _named_arn,
            "redshift": _named_arn,
            "redshift-serverless": serverless.resource,
        },
        moto=moto,
        close=data_api.close,
    )
