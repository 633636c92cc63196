"""Redshift: its connection with Identity Center, and the workgroup or the cluster."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.provision.doctor import center, data_api, groups, redshift, roles
from infra.provision.doctor.check import Check
from infra.provision.doctor.context import Context, Unclear, Waits
from infra.provision.doctor.fault import Finding
from infra.provision.doctor.faults import redshift as faults
from infra.provision.doctor.statements import admits, allows

_SERVICES = ("redshift.amazonaws.com", "redshift-serverless.amazonaws.com")
_TRUSTED = ("sts:AssumeRole", "sts:SetContext")
_LOOKED_UP = ("sso:DescribeApplication", "sso:DescribeInstance")
_PROVIDERS = "SELECT name, namespc, enabled FROM svv_identity_providers WHERE LOWER(type) = 'awsidc'"
_DEFAULT_GROUP = "default.redshift-2.0"  # requires TLS
_NEARLY = 0.9


def connected(context: Context) -> Iterator[Finding]:
    """Redshift has an application in Identity Center, by whose namespace the roles are named."""
    if not context.ask(redshift.applications):
        yield faults.NO_REDSHIFT_APPLICATION.found(
            "DescribeRedshiftIdcApplications has none of the instance."
        )
        return
    found = context.ask(redshift.application)
    given, wanted = found.get("IdentityNamespace", ""), context.ask(groups.namespace_of_roles)
    if wanted and given != wanted:
        yield faults.OTHER_NAMESPACE.found(
            f"{found['RedshiftIdcApplicationName']} has {given}; the roles begin with {wanted}.",
            arn=found["RedshiftIdcApplicationArn"],
            wanted=wanted,
        )


def served(context: Context) -> Iterator[Finding]:
    """The role of Redshift's application is there, trusts Redshift, and may look up Identity Center."""
    found = context.ask(redshift.application)
    arn, name = found["IamRoleArn"], roles.name_of(found["IamRoleArn"])
    if context.ask(roles.find, arn) is None:
        yield faults.ROLE_MISSING.found(f"There is no role {arn}.", arn=found["RedshiftIdcApplicationArn"])
        return
    trust = context.ask(roles.role, arn).trust
    lacking = [each for each in _SERVICES if not admits(trust, "Service", each, _TRUSTED)]
    if lacking:
        yield faults.ROLE_NOT_TRUSTING.found(
            f"{name} does not let {' and '.join(lacking)} do {' and '.join(_TRUSTED)}.",
            role=name,
            trust=json.dumps(_trust()),
        )
    instance = context.ask(center.instance)["InstanceArn"]
    managed = context.ask(redshift.managed_application_arn)
    policies = context.ask(roles.permissions, arn).values()
    resources = dict(zip(_LOOKED_UP, (managed, instance), strict=True))
    missing = [action for action, resource in resources.items() if not allows(policies, action, resource)]
    if missing:
        yield faults.ROLE_CANNOT_LOOK.found(
            f"{name} lacks {' and '.join(missing)}.",
            role=name,
            policy=json.dumps(_looking(instance, managed)),
        )


def _trust() -> Mapping[str, Any]:
    allow = {"Effect": "Allow", "Principal": {"Service": list(_SERVICES)}, "Action": list(_TRUSTED)}
    return {"Version": "2012-10-17", "Statement": [allow]}


def _looking(instance: str, application: str) -> Mapping[str, Any]:
    every = f"{application.rpartition('/')[0]}/*"
    allow = {"Effect": "Allow", "Action": list(_LOOKED_UP), "Resource": [instance, every]}
    return {"Version": "2012-10-17", "Statement": [allow]}


def there(context: Context) -> Iterator[Finding]:
    """The workgroup or the cluster is there, and available."""
    chain = context.chain
    try:
        found = context.ask(redshift.warehouse)
    except Waits as error:
        if str(error) != redshift.WAREHOUSE:
            raise
        setting = chain.setting("cluster" if chain.cluster else "workgroup")
        listed = "redshift describe-clusters" if chain.cluster else "redshift-serverless list-workgroups"
        yield faults.NO_WAREHOUSE.found(
            f"There is no {'cluster' if chain.cluster else 'workgroup'} {chain.cluster or chain.workgroup} in"
            f" {chain.region}.",
            setting=setting,
            list=f"aws {listed} --region {chain.region}",
        )
        return
    if not found.available:
        look = (
            f"aws redshift describe-clusters --cluster-identifier {found.name}"
            if found.cluster
            else f"aws redshift-serverless get-workgroup --workgroup-name {found.name}"
        )
        yield faults.NOT_AVAILABLE.found(f"{found.name} is {found.status}.", look=look, name=found.name)


def closed(context: Context) -> Iterator[Finding]:
    """The secure defaults of 2025: not public, encrypted, TLS required; and routed within the VPC."""
    found = context.ask(redshift.warehouse)
    change = (
        f"aws redshift modify-cluster --cluster-identifier {found.name}"
        if found.cluster
        else f"aws redshift-serverless update-workgroup --workgroup-name {found.name}"
    )
    if found.public:
        yield faults.PUBLIC.found(f"{found.name} is.", close=f"{change} --no-publicly-accessible")
    if not found.encrypted:
        yield faults.NOT_ENCRYPTED.found(f"{found.name} is not.", name=found.name)
    if not found.routed_inside:
        yield faults.ROUTED_OUTSIDE.found(
            f"{found.name} has it off.", route=f"{change} --enhanced-vpc-routing"
        )
    if not found.require_ssl:
        raise Unclear(f"AWS does not tell require_ssl of {found.name}.")
    required = found.require_ssl.lower() in (*data_api.TRUE, "on")
    if not required or found.waits_for_reboot:
        where, waits = found.parameter_group or found.name, ", and waits for a reboot"
        yield faults.SSL_NOT_REQUIRED.found(
            f"require_ssl of {where} is {found.require_ssl}{waits if found.waits_for_reboot else ''}.",
            require=_requiring(found, required=required),
        )


def _requiring(found: redshift.Warehouse, *, required: bool) -> str:
    """The commands by which TLS is required; a cluster follows its parameter group from its next start on."""
    if not found.cluster:
        return (
            f"aws redshift-serverless update-workgroup --workgroup-name {found.name}"
            " --config-parameters parameterKey=require_ssl,parameterValue=true"
        )
    reboot = f"aws redshift reboot-cluster --cluster-identifier {found.name}"
    if required:
        return reboot
    if found.parameter_group.startswith("default."):
        # AWS's own groups cannot be changed.
        group = f"--cluster-parameter-group-name {_DEFAULT_GROUP}"
        return f"aws redshift modify-cluster --cluster-identifier {found.name} {group}`, then `{reboot}"
    change = f"aws redshift modify-cluster-parameter-group --parameter-group-name {found.parameter_group}"
    return f"{change} --parameters ParameterName=require_ssl,ParameterValue=true`, then `{reboot}"


def database(context: Context) -> Iterator[Finding]:
    """The database is in the warehouse."""
    wanted = context.need("database")
    try:
        context.ask(data_api.connected)
    except Waits as error:
        if str(error) != data_api.DATABASE:
            raise
        yield faults.NO_DATABASE.found(
            f"Redshift knows no {wanted}.", database=wanted, made=context.ask(redshift.warehouse).database
        )


def associated(context: Context) -> Iterator[Finding]:
    """The warehouse takes people from Redshift's application."""
    found, managed = context.ask(redshift.application), context.ask(redshift.managed_application_arn)
    space = context.ask(groups.namespace_of_roles)
    known = context.ask(data_api.as_admin, (_PROVIDERS,))[0]
    if not known:
        yield faults.NOT_ASSOCIATED.found(
            "SVV_IDENTITY_PROVIDERS has none of the type awsidc.",
            name=found["RedshiftIdcApplicationName"],
            namespace=space,
            arn=managed,
            role=found["IamRoleArn"],
        )
        return
    name, given, enabled = next((each for each in known if each[1] == space), known[0])
    if given != space:
        yield faults.ASSOCIATED_OTHERWISE.found(
            f"{name} has {given}; the roles begin with {space}.", name=str(name), namespace=space
        )
    if str(enabled).lower() not in data_api.TRUE:
        yield faults.ASSOCIATION_DISABLED.found(f"{name} is disabled.", name=str(name))


def waited(context: Context) -> Iterator[Finding]:
    """The Data API waits for answers (long polling)."""
    if not context.ask(data_api.long_polling):
        yield faults.NO_LONG_POLLING.found(
            f"The Data API in {context.chain.region} refused WaitTimeSeconds.", region=context.chain.region
        )


def quotas(context: Context) -> Iterator[Finding]:
    """What AWS's quotas leave of what is used here."""
    service = "redshift" if context.chain.cluster else "redshift-serverless"
    used = context.ask(_used)
    try:
        listed = center.pages(
            context.aws("service-quotas"), "list_service_quotas", "Quotas", ServiceCode=service
        )
    except ClientError as error:
        # No link of the chain: nothing is wrong only because nobody counts.
        raise Unclear(f"AWS refused {error.operation_name}.") from error
    known = {kind: each for each in listed for kind in used if kind in each["QuotaName"].lower()}
    if not known:
        raise Unclear(f"Service Quotas lists nothing for {service} that can be counted here.")
    for kind, quota in known.items():
        if used[kind] >= _NEARLY * quota["Value"]:
            yield faults.QUOTA_NEARLY_USED.found(
                f"{quota['QuotaName']}: {used[kind]} of {quota['Value']:.0f} are used.",
                service=service,
                code=quota["QuotaCode"],
                more=f"{2 * quota['Value']:.0f}",
            )


def _used(context: Context) -> Mapping[str, int]:
    """How many there are, by a word of the quota's name."""
    if context.chain.cluster:
        clusters = center.pages(context.aws("redshift"), "describe_clusters", "Clusters")
        return {"nodes": sum(each.get("NumberOfNodes", 0) for each in clusters)}
    serverless = context.aws("redshift-serverless")
    return {
        kind: len(center.pages(serverless, f"list_{kind}", kind)) for kind in ("workgroups", "namespaces")
    }


_LINK = "Redshift"
CONNECTION = (
    Check(_LINK, "it is connected with IAM Identity Center, and roles have its namespace", connected),
    Check(_LINK, "the role of that connection trusts Redshift and may look people up", served),
)
ASSOCIATION = (Check(_LINK, "the warehouse takes people from that connection", associated),)
CHECKS = (
    *CONNECTION,
    Check(_LINK, "the warehouse is there and available", there),
    Check(_LINK, "it has the secure defaults: not public, encrypted, TLS, inside the VPC", closed),
    Check(_LINK, "the database is there", database),
    *ASSOCIATION,
    Check(_LINK, "the Data API waits for answers (long polling)", waited),
    Check(_LINK, "the account's quotas leave room", quotas),
)
