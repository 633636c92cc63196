"""The one endpoint: who calls is verified, what is called is routed, and what is missing says so."""

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.core.model import ServiceModel

from infra.local.aws import s3_operations, sigv4, wire
from infra.local.aws.applications import REDSHIFT_CONNECT, Applications
from infra.local.aws.cloudtrail import CloudTrail
from infra.local.aws.conditions import Conditions
from infra.local.aws.credentials import Credentials
from infra.local.aws.data_api import DataApi
from infra.local.aws.exchange import Exchange, begin
from infra.local.aws.faults import Faults
from infra.local.aws.holders import Holders
from infra.local.aws.iam import Administrator, Iam, IamAuthorizer, IamOperations
from infra.local.aws.identity_center import IdentityCenter
from infra.local.aws.local_pages import PREFIX as LOCAL
from infra.local.aws.local_pages import LocalPages
from infra.local.aws.model import AwsError, Call, Caller, Service
from infra.local.aws.moto_services import SERVICES as MOTO_SERVICES
from infra.local.aws.moto_services import MotoServices, keep_secrets, keep_tables
from infra.local.aws.objects import S3Objects
from infra.local.aws.redshift import RedshiftService
from infra.local.aws.redshift_applications import RedshiftApplications
from infra.local.aws.redshift_clusters import Clusters
from infra.local.aws.redshift_serverless import RedshiftServerless
from infra.local.aws.results import Limits
from infra.local.aws.service_quotas import ServiceQuotas
from infra.local.aws.sso_admin import SsoAdmin
from infra.local.aws.sso_oidc import SsoOidc
from infra.local.aws.states import States
from infra.local.aws.sts import Sts
from infra.local.aws.tags import Tags
from infra.local.aws.tokens import TokenVerifier
from infra.local.aws.transitions import Transitions
from infra.local.config import ACCOUNT_ID, REGION, Config, ConfigError
from infra.local.warehouse import Redshift

log = logging.getLogger(__name__)

# Signing name: botocore's name of the service, where they differ.
_SIGNING_NAMES = {"sso": "sso-admin", "sso-oauth": "sso-oidc", "servicequotas": "service-quotas"}
_UNSIGNED = ("sts", "AssumeRoleWithWebIdentity")
# Services whose every operation needs the permission of its name: botocore's name and IAM's prefix.
_PREFIXES = {
    "cloudtrail": "cloudtrail",
    "redshift": "redshift",
    "redshift-serverless": "redshift-serverless",
    "service-quotas": "servicequotas",
    "sso-admin": "sso",
}
_ARN_MEMBERS = ("ResourceArn", "ApplicationArn", "TrustedTokenIssuerArn", "InstanceArn")
# Whoever makes something with tags must be allowed to tag it, too.
# What is made without a resource of its own is tagged as one.
_TAGGED = {"CreateRedshiftIdcApplication": f"arn:aws:redshift:{REGION}:{ACCOUNT_ID}:redshiftidcapplication:*"}
_TAGGING = {"redshift": "CreateTags", "redshift-serverless": "TagResource", "sso-admin": "TagResource"}


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
        trail: CloudTrail,
        faults: Faults,
        states: States,
        conditions: Conditions,
        close: Callable[[], None],
    ) -> None:
        self.administrator = administrator
        self.instance_arn = identity_center.instance_arn
        self.identity_store_id = identity_center.identity_store_id
        self.states = states
        self.conditions = conditions
        self.ready = False
        self.settings: dict[str, str] = {}
        self._verifier = verifier
        self._authorize = authorize
        self._services = services
        self._resources = resources
        self._moto = moto
        self._trail = trail
        self._faults = faults
        self._close = close
        self._local = LocalPages(
            ready=lambda: self.ready,
            settings=self.settings,
            faults=faults,
            states=states,
            conditions=conditions,
            services={*services, *MOTO_SERVICES},
        )

    def close(self) -> None:
        """Ends what is under way: a statement that runs on would keep the process from ending."""
        self._faults.clear()
        self._close()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if str(environ.get("PATH_INFO", "")).startswith(LOCAL):
            response = self._local.answer(environ)
        else:
            response = self._aws(environ)
        headers = [
            (name, value) for name, value in response.headers.items() if name.lower() != "content-length"
        ]
        # An answer to HEAD tells the length of a body that it does not have.
        length = response.headers.get("Content-Length") if environ["REQUEST_METHOD"] == "HEAD" else None
        size = len(response.body)
        start_response(
            f"{response.status} {'OK' if response.status < 400 else 'Error'}",  # noqa: PLR2004 - HTTP's border
            [*headers, ("Content-Length", length or str(max(size, 1) if response.cut else size))],
        )
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        # The server closes the connection of whoever gets less than was announced.
        return [response.body[: size // 2] if response.cut else response.body]

    def _aws(self, environ: dict[str, Any]) -> wire.HttpResponse:
        exchange = begin(environ)
        started = time.perf_counter()
        try:
            response = self._answer(exchange, wire.read(environ), environ)
        except AwsError as error:
            exchange.error = error
            response = wire.failure(error, exchange.model, exchange.request_id)
        log.info(
            "%s %s by %s: %d%s in %.0f ms",
            exchange.service or "-",
            exchange.operation or "-",
            exchange.principal,
            response.status,
            f" {exchange.error.code}" if exchange.error else "",
            (time.perf_counter() - started) * 1000,
        )
        self._trail.record(exchange, response)
        return exchange.leave(wire.named(response, exchange.protocol, exchange.request_id))

    def _answer(
        self, exchange: Exchange, request: wire.HttpRequest, environ: dict[str, Any]
    ) -> wire.HttpResponse:
        exchange.model = _guess(request)
        signature = sigv4.parse(request, exchange.protocol)
        caller: Caller | None = None
        if signature is not None:
            exchange.service = _SIGNING_NAMES.get(signature.service, signature.service)
            exchange.model = _model_of(exchange.service) or exchange.model
            caller = self._verifier.caller(request, signature, exchange.protocol)
            exchange.caller = caller
        elif request.form.get("Action") == _UNSIGNED[1]:
            exchange.service, exchange.model = _UNSIGNED[0], wire.model_of(_UNSIGNED[0])
        else:
            raise sigv4.fault("missing", exchange.protocol, "Request is missing Authentication Token")
        if exchange.service == "s3" and caller is not None:
            return self._s3(exchange, request, environ, caller)
        if exchange.model is None or exchange.service not in {*self._services, *MOTO_SERVICES}:
            raise wire.not_implemented(exchange.service, "The service")
        return self._operate(exchange, request, environ, caller)

    def _s3(
        self, exchange: Exchange, request: wire.HttpRequest, environ: dict[str, Any], caller: Caller
    ) -> wire.HttpResponse:
        operation = s3_operations.operation(request)
        exchange.operation = operation.name
        self._faults.meet(exchange)
        exchange.parameters = {"bucketName": operation.bucket} if operation.bucket else {}
        return self._moto.s3(operation, request=request, environ=environ, caller=caller)

    def _operate(
        self,
        exchange: Exchange,
        request: wire.HttpRequest,
        environ: dict[str, Any],
        caller: Caller | None,
    ) -> wire.HttpResponse:
        service = exchange.service
        model = wire.operation(request, wire.model_of(service))
        exchange.operation, exchange.operation_model = model.name, model
        if caller is None and (service, model.name) != _UNSIGNED:
            raise sigv4.fault("missing", exchange.protocol, "Request is missing Authentication Token")
        self._faults.meet(exchange)
        exchange.parameters = parameters = wire.parameters(request, model)
        own = self._services[service].operations.get(model.name) if service in self._services else None
        if own is None and service in MOTO_SERVICES and caller is not None:
            return self._moto.answer(
                service, model.name, parameters, request=request, environ=environ, caller=caller
            )
        if own is None:
            raise wire.not_implemented(service, model.name)
        call = Call(service, model.name, parameters, REGION, caller, exchange.request_id, exchange.noted)
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
            prefix, resource = _PREFIXES[call.service], self._resources[call.service](call)
            self._authorize(call.caller, f"{prefix}:{call.operation}", resource, code=code)
            if call.operation.startswith("Create") and (call.parameters.keys() & {"Tags", "tags"}):
                tagging = f"{prefix}:{_TAGGING[call.service]}"
                self._authorize(call.caller, tagging, _TAGGED.get(call.operation, resource), code=code)


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
    conditions = Conditions(warehouse_seconds=config.warehouse_seconds)
    identity_center = IdentityCenter(clock=clock, conditions=conditions)
    credentials = Credentials(iam=iam, identity_center=identity_center, clock=clock)
    authorize = IamAuthorizer(iam)
    tokens = TokenVerifier(clock=clock)
    applications = Applications(identity_center=identity_center, clock=clock)
    tags = Tags(invalid="InvalidTagFault", too_many="TagLimitExceededFault")
    redshift_applications = RedshiftApplications(
        iam=iam, identity_center=identity_center, applications=applications, tags=tags
    )
    holders = Holders(redshift=redshift, iam=iam, applications=redshift_applications)
    transitions = Transitions(conditions=conditions, clock=clock)
    clusters = Clusters(
        holders=holders,
        applications=redshift_applications,
        tags=tags,
        transitions=transitions,
        clock=clock,
    )
    redshift_service = RedshiftService(applications=redshift_applications, clusters=clusters, tags=tags)
    serverless = RedshiftServerless(
        holders=holders, applications=redshift_applications, transitions=transitions, clock=clock
    )
    redshift.read_object = S3Objects(iam, copy_role=holders.copy_role, user_arn=holders.user_arn)
    moto = MotoServices(iam=iam, identity_center=identity_center, authorize=authorize)
    data_api = DataApi(
        redshift=redshift,
        authorize=authorize,
        workgroup_arn=serverless.workgroup_arn,
        cluster_arn=clusters.arn,
        admin_secrets=holders.admin_of_secret,
        looks_up=holders.looks_up,
        long_polling=lambda: conditions.long_polling,
        clock=clock,
        limits=Limits(
            result_bytes=config.data_api_result_limit_mb * 1024 * 1024,
            page_bytes=config.data_api_page_kb * 1024,
        ),
        kept_bytes=config.data_api_results_mb * 1024 * 1024,
        quotas=config.data_api_quotas,
    )
    trail = CloudTrail(identity_store_arn=identity_center.identity_store_arn, clock=clock)
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
        "redshift": redshift_service,
        "redshift-serverless": serverless,
        "redshift-data": data_api,
        "iam": IamOperations(iam),
        "cloudtrail": trail,
        "service-quotas": ServiceQuotas(conditions),
    }
    states = States(
        [
            *(iam.keep, identity_center.keep, keep_secrets, keep_tables),
            *(applications.keep, redshift_service.keep, serverless.keep, redshift.keep, conditions.keep),
        ]
    )
    return Endpoint(
        administrator=iam.create_administrator(),
        identity_center=identity_center,
        verifier=sigv4.Verifier(credentials, clock=clock),
        authorize=authorize,
        services=services,
        resources={
            "cloudtrail": _named_arn,
            "service-quotas": lambda _: "*",
            "sso-admin": _named_arn,
            "redshift": redshift_service.resource,
            "redshift-serverless": serverless.resource,
        },
        moto=moto,
        trail=trail,
        faults=Faults(credentials=credentials, identity_center=identity_center),
        states=states,
        conditions=conditions,
        close=data_api.close,
    )
