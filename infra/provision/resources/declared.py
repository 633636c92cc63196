"""Which resources a specification declares, each after what it needs: a policy names only what is there."""

from collections.abc import Iterator

from infra.provision.iam import policies
from infra.provision.resources.clients import Clients
from infra.provision.resources.cluster import Cluster, ClusterRole, GivenCluster, ParameterGroup
from infra.provision.resources.dynamodb import SessionTable, TimeToLive
from infra.provision.resources.iam import HostPermissions, HostRole, Permissions, Provider, Role
from infra.provision.resources.identity_center import (
    APPLICATION,
    Actors,
    Application,
    AssignmentRule,
    Grants,
    Scopes,
    TokenIssuer,
)
from infra.provision.resources.redshift import Groups, RedshiftApplication
from infra.provision.resources.resource import Resource, Tell
from infra.provision.resources.serverless import (
    WAREHOUSE,
    GivenWorkgroup,
    Namespace,
    NamespaceRole,
    Workgroup,
)
from infra.provision.resources.statements import Association, Made, Statements
from infra.provision.specification.spec import SESSION_TAGS, Spec


def declared(spec: Spec, clients: Clients, tell: Tell) -> list[Resource]:
    """What is to be there."""
    return [
        *([HostRole(clients.iam, spec)] if spec.host_role_arn else []),
        *([] if _tagged(spec) else _connection(spec, clients)),
        *_warehouse(spec, clients),
        *([] if spec.host_role_arn and not _tagged(spec) else [Provider(clients.iam, spec)]),
        *([] if spec.host_role_arn or _tagged(spec) else [_bridge(spec, clients)]),
        *([] if _tagged(spec) else _identity_center(spec, clients)),
        *_sessions(spec, clients),
        *_permissions(spec, clients),
        *_data_role(spec, clients),
        *([] if _tagged(spec) else [Association(clients.data, spec)]),
        Statements(clients.data, spec, tell),
    ]


def owned(spec: Spec, clients: Clients, tell: Tell) -> list[Resource]:
    """What may have been made for it, also where it asked for another way once; in the same order."""
    return [
        *(_connection(spec, clients) if spec.instance_arn else []),
        *_warehouse(spec, clients),
        Provider(clients.iam, spec),
        _bridge(spec, clients),
        *(_identity_center(spec, clients) if spec.instance_arn else []),
        *_sessions(spec, clients),
        *([_host_permissions(spec, clients)] if spec.host_role_arn else []),
        *_data_role(spec, clients),
        *([] if spec.create_warehouse else _in_warehouse(spec, clients, tell)),
    ]


def _in_warehouse(spec: Spec, clients: Clients, tell: Tell) -> Iterator[Resource]:
    """What was made in a warehouse that stays; all else goes with it."""
    if spec.instance_arn:
        yield Association(clients.data, spec)
    yield Made(clients.data, spec, tell)


def _tagged(spec: Spec) -> bool:
    """Whether people are known by the tags of their sessions, and not by IAM Identity Center."""
    return spec.propagation == SESSION_TAGS


def _connection(spec: Spec, clients: Clients) -> Iterator[Resource]:
    """Redshift's application in IAM Identity Center, and the groups that may connect."""
    trust = policies.redshift_trust()
    yield Role(clients.iam, spec, spec.redshift_role, trust, "Redshift looks up IAM Identity Center")
    yield Permissions(clients.iam, spec.redshift_role, lambda _: policies.redshift_permissions(spec))
    yield RedshiftApplication(clients.redshift, spec)
    yield Groups(clients.sso, clients.store, clients.redshift, spec)


def _warehouse(spec: Spec, clients: Clients) -> Iterator[Resource]:
    """The workgroup or the cluster, and the role that COPY reads with."""
    if spec.readable:
        yield Role(
            clients.iam, spec, spec.load_role, policies.load_trust(spec), "Redshift reads the data to load"
        )
        yield Permissions(clients.iam, spec.load_role, lambda _: policies.load_permissions(spec))
    if spec.cluster:
        yield from _cluster(spec, clients)
    else:
        yield from _serverless(spec, clients)


def _cluster(spec: Spec, clients: Clients) -> Iterator[Resource]:
    if spec.create_warehouse:
        yield ParameterGroup(clients.redshift, spec)
        yield Cluster(clients.redshift, spec)
    else:
        yield GivenCluster(clients.redshift, spec)
        if spec.readable:
            yield ClusterRole(clients.redshift, spec)


def _serverless(spec: Spec, clients: Clients) -> Iterator[Resource]:
    if spec.create_warehouse:
        yield Namespace(clients.serverless, spec)
        yield Workgroup(clients.serverless, spec)
    else:
        yield GivenWorkgroup(clients.serverless, spec)
        if spec.readable:
            yield NamespaceRole(clients.serverless, spec)


def _bridge(spec: Spec, clients: Clients) -> Resource:
    """Before the application: its actor policy names the role."""
    return Role(
        clients.iam, spec, spec.bridge_role, policies.bridge_trust(spec), "The app exchanges ID tokens"
    )


def _identity_center(spec: Spec, clients: Clients) -> Iterator[Resource]:
    yield TokenIssuer(clients.sso, spec)
    yield Application(clients.sso, spec)
    yield Actors(clients.sso, spec)
    yield Grants(clients.sso, spec)
    yield Scopes(clients.sso, spec)
    yield AssignmentRule(clients.sso, spec)


def _sessions(spec: Spec, clients: Clients) -> Iterator[Resource]:
    if spec.session_table:
        yield SessionTable(clients.dynamodb, spec)
        yield TimeToLive(clients.dynamodb, spec)


def _permissions(spec: Spec, clients: Clients) -> Iterator[Resource]:
    """What the bridge role, or the host's own, may do."""
    if not spec.host_role_arn and not _tagged(spec):
        yield Permissions(
            clients.iam,
            spec.bridge_role,
            lambda ids: policies.bridge_permissions(spec, application_arn=ids[APPLICATION]),
        )
    elif spec.host_role_arn and policies.host_permissions(spec, application_arn="")["Statement"]:
        yield _host_permissions(spec, clients)


def _host_permissions(spec: Spec, clients: Clients) -> Resource:
    return HostPermissions(
        clients.iam, spec, lambda ids: policies.host_permissions(spec, application_arn=ids[APPLICATION])
    )


def _data_role(spec: Spec, clients: Clients) -> Iterator[Resource]:
    yield Role(
        clients.iam, spec, spec.data_role, policies.data_trust(spec), "People query Redshift as themselves"
    )
    yield Permissions(
        clients.iam,
        spec.data_role,
        lambda ids: policies.data_permissions(spec, warehouse_arn=ids[WAREHOUSE]),
    )
