"""Redshift: its application in IAM Identity Center, the namespace and the workgroup."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.provision.errors import ProvisioningError
from infra.provision.roles import Changed
from infra.provision.spec import Spec

if TYPE_CHECKING:
    from mypy_boto3_redshift import RedshiftClient
    from mypy_boto3_redshift_serverless import RedshiftServerlessClient
    from mypy_boto3_redshift_serverless.type_defs import NamespaceTypeDef, WorkgroupTypeDef

# A new workgroup takes a few minutes.
_POLL_SECONDS = 10
_POLLS = 180


@dataclass(frozen=True)
class Serverless:
    """The warehouse that came to be."""

    workgroup_arn: str
    admin_secret_arn: str


def ensure_redshift_application(redshift: "RedshiftClient", spec: Spec, changed: Changed) -> tuple[str, str]:
    """Redshift's connection to IAM Identity Center; returns its ARN and its managed application's."""
    role = spec.role_arn(spec.redshift_role)
    pages = redshift.get_paginator("describe_redshift_idc_applications").paginate()
    for known in (known for page in pages for known in page["RedshiftIdcApplications"]):
        if known.get("RedshiftIdcApplicationName") != spec.redshift_application:
            continue
        drift: dict[str, Any] = {
            name: wanted
            for name, wanted in (("IamRoleArn", role), ("IdentityNamespace", spec.identity_namespace))
            if known.get(name) != wanted
        }
        if drift:
            redshift.modify_redshift_idc_application(
                RedshiftIdcApplicationArn=known["RedshiftIdcApplicationArn"], **drift
            )
            changed(f"{' and '.join(drift)} of Redshift's application")
        return known["RedshiftIdcApplicationArn"], known["IdcManagedApplicationArn"]
    created = redshift.create_redshift_idc_application(
        IdcInstanceArn=spec.instance_arn,
        RedshiftIdcApplicationName=spec.redshift_application,
        IdcDisplayName=spec.redshift_application,
        IdentityNamespace=spec.identity_namespace,
        IamRoleArn=role,
    )["RedshiftIdcApplication"]
    changed(f"Redshift's application {spec.redshift_application}")
    return created["RedshiftIdcApplicationArn"], created["IdcManagedApplicationArn"]


def ensure_serverless(
    serverless: "RedshiftServerlessClient", spec: Spec, *, application_arn: str, changed: Changed
) -> Serverless:
    """The namespace and its workgroup, ready to answer."""
    namespace = _ensure_namespace(serverless, spec, application_arn, changed)
    workgroup = _ensure_workgroup(serverless, spec, changed)
    secret = namespace.get("adminPasswordSecretArn")
    if not secret:
        raise ProvisioningError(
            f"The namespace {spec.namespace} keeps its admin's password outside Secrets Manager: let Redshift"
            f" manage it (manageAdminPassword), or give this namespace another name."
        )
    return Serverless(workgroup_arn=workgroup["workgroupArn"], admin_secret_arn=secret)


def _ensure_namespace(
    serverless: "RedshiftServerlessClient", spec: Spec, application_arn: str, changed: Changed
) -> "NamespaceTypeDef":
    role = spec.role_arn(spec.load_role)
    try:
        known = serverless.get_namespace(namespaceName=spec.namespace)["namespace"]
    except serverless.exceptions.ResourceNotFoundException:
        known = serverless.create_namespace(
            namespaceName=spec.namespace,
            dbName=spec.database,
            adminUsername=spec.admin_user,
            manageAdminPassword=True,
            defaultIamRoleArn=role,
            iamRoles=[role],
            redshiftIdcApplicationArn=application_arn,
        )["namespace"]
        changed(f"namespace {spec.namespace}")
        return known
    if known.get("dbName") != spec.database:
        raise ProvisioningError(
            f"The namespace {spec.namespace} has the database {known.get('dbName')}, not {spec.database}: AWS"
            f" cannot rename it. Use its name, or give this namespace another name."
        )
    if known.get("defaultIamRoleArn") != role:
        serverless.update_namespace(namespaceName=spec.namespace, defaultIamRoleArn=role, iamRoles=[role])
        changed(f"default role of namespace {spec.namespace}")
    return known


def _ensure_workgroup(
    serverless: "RedshiftServerlessClient", spec: Spec, changed: Changed
) -> "WorkgroupTypeDef":
    try:
        known = serverless.get_workgroup(workgroupName=spec.workgroup)["workgroup"]
    except serverless.exceptions.ResourceNotFoundException:
        network: dict[str, Any] = {}
        if spec.subnet_ids:
            network = {"subnetIds": spec.subnet_ids, "securityGroupIds": spec.security_group_ids}
        known = serverless.create_workgroup(
            workgroupName=spec.workgroup,
            namespaceName=spec.namespace,
            baseCapacity=spec.base_capacity,
            publiclyAccessible=False,
            **network,
        )["workgroup"]
        changed(f"workgroup {spec.workgroup}")
    if known.get("namespaceName") != spec.namespace:
        raise ProvisioningError(
            f"The workgroup {spec.workgroup} belongs to the namespace {known.get('namespaceName')}, not"
            f" {spec.namespace}: give this workgroup another name."
        )
    return _wait_until_available(serverless, spec, known)


def _wait_until_available(
    serverless: "RedshiftServerlessClient", spec: Spec, known: "WorkgroupTypeDef"
) -> "WorkgroupTypeDef":
    for _ in range(_POLLS):
        if known.get("status") == "AVAILABLE":
            return known
        time.sleep(_POLL_SECONDS)
        known = serverless.get_workgroup(workgroupName=spec.workgroup)["workgroup"]
    raise ProvisioningError(
        f"The workgroup {spec.workgroup} is still {known.get('status')} after"
        f" {_POLLS * _POLL_SECONDS // 60} minutes: look at it in the Redshift console, then apply again."
    )
