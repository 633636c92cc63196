"""The policies give what the chain needs, to whom it needs, and nothing else."""

import json
import re
from typing import Any

import pytest

from infra.provision.errors import SpecError
from infra.provision.iam import policies
from infra.provision.iam.reasons import REASONS, reason
from infra.provision.specification.access import Group
from tests.infra.provision.documents import (
    ACCOUNT,
    VARIANTS,
    Document,
    application_arn,
    documents,
    secret,
    spec,
    warehouse_arn,
)
from tests.infra.provision.policies_page import PAGE, page

ALL = {
    f"{variant}: {document.title}": document
    for variant, variant_spec in VARIANTS.items()
    for document in documents(variant_spec)
}
SERVICES = {
    "Trust of Redshift's role": {"redshift.amazonaws.com", "redshift-serverless.amazonaws.com"},
    "Trust of the role that loads": {"redshift.amazonaws.com", "redshift-serverless.amazonaws.com"},
    "The application's actor policy": {"redshift-data.amazonaws.com"},
}
IN_INSTANCE = r"arn:[a-z-]+:sso::123456789012:(application|trustedTokenIssuer)/ssoins-0123456789abcdef/\*"
WAREHOUSE = r"arn:[a-z-]+:redshift-serverless:[a-z0-9-]+:123456789012:(namespace|workgroup)/\*"
ADMINISTRATORS_SECRET = r"arn:[a-z-]+:secretsmanager:[a-z0-9-]+:123456789012:secret:redshift!\*"
CONNECTION = r"arn:[a-z-]+:redshift:[a-z0-9-]+:123456789012:redshiftidcapplication:\*"
# Where a resource has a wildcard: the statements' names, each with what the resource may be, and why.
WILDCARDS = {
    # Statements have no ARNs; the condition asks for their owner.
    "FollowOwnStatements": r"\*",
    # In an actor policy: the application that carries it; AWS takes no other.
    "AskForTokens": r"\*",
    "DataApiForItsCallers": r"\*",
    # Redshift makes its application with this role: within the one instance.
    "LookUpIdentityCenter": r"arn:[a-z-]+:sso::123456789012:application/ssoins-0123456789abcdef/\*",
    # The objects below a prefix of one bucket.
    "ReadObjects": r"arn:[a-z-]+:s3:::[a-z-]+/([a-z_/-]+)?\*",
    # Of whoever runs the command line: actions that have no resource, as the linter knows, too.
    "LookAtAccount": r"\*",
    "MakePassword": r"\*",
    "FindNetwork": r"\*",
    # AWS's own policies and the account's may be attached to the roles; they are read, and nothing else.
    "LookAtAttachedPolicies": r"arn:[a-z-]+:iam::(aws|123456789012):policy/\*",
    # What AWS gives an id by itself.
    "LookAtInstance": IN_INSTANCE,
    "LookAtApplications": IN_INSTANCE,
    "ChangeApplications": IN_INSTANCE,
    "MakeApplications": rf"{IN_INSTANCE}|arn:[a-z-]+:sso::aws:applicationProvider/\*",
    "FindPeople": r"arn:[a-z-]+:identitystore:::(user|group|membership)/\*",
    "LookAtWorkgroup": WAREHOUSE,
    "MakeWorkgroup": WAREHOUSE,
    "RunSqlAsAdministrator": WAREHOUSE,
    "ConnectIdentityCenter": r"\*",
    "LookAtConnections": CONNECTION,
    "ChangeConnection": CONNECTION,
    "LookAtCluster": r"arn:[a-z-]+:redshift:[a-z0-9-]+:123456789012:parametergroup:sales\*",
    "MakeCluster": r"arn:[a-z-]+:redshift:[a-z0-9-]+:123456789012:parametergroup:sales\*",
    "ReadAdministratorsSecret": ADMINISTRATORS_SECRET,
    "KeepAdministratorsSecret": ADMINISTRATORS_SECRET,
    "MakeRedshiftsOwnRole": (
        r"arn:[a-z-]+:iam::123456789012:role/aws-service-role/redshift\.amazonaws\.com/\*"
    ),
}
ARN = re.compile(r"arn:(?P<partition>[a-z-]+):[a-z0-9-]+:(?P<region>[a-z0-9-]*):(?P<account>[0-9]*|aws):\S+")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", ALL)
def test_each_statement_allows_named_actions_to_named_principals(name: str) -> None:
    document = ALL[name]
    assert set(document.policy) == {"Version", "Statement"}
    for statement in document.policy["Statement"]:
        assert statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Principal", "Condition"}
        assert statement["Effect"] == "Allow"
        assert all(
            re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z]+", action) for action in listed(statement["Action"])
        )
        assert ("Principal" in statement) == (document.kind != "permissions")
        assert ("Resource" in statement) == (document.kind != "trust")


def accounts_in(value: Any) -> set[str]:
    """Every account that is named anywhere."""
    return set(re.findall(r"(?<![0-9])[0-9]{12}(?![0-9])", json.dumps(value)))


@pytest.mark.parametrize("name", ALL)
def test_nobody_outside_the_account_is_let_in(name: str) -> None:
    document = ALL[name]
    assert accounts_in(document.policy) <= {ACCOUNT}
    for statement in document.policy["Statement"]:
        for kind, principals in statement.get("Principal", {}).items():
            for principal in listed(principals):
                if kind == "Service":
                    assert principal in SERVICES[document.title]
                else:
                    part = "role" if kind == "AWS" else "oidc-provider"
                    assert kind in ("AWS", "Federated")
                    assert re.fullmatch(rf"arn:[a-z-]+:iam::{ACCOUNT}:{part}/[\w./-]+", principal)


@pytest.mark.parametrize("name", ALL)
def test_a_resource_with_a_wildcard_has_its_reason(name: str) -> None:
    for statement in ALL[name].policy["Statement"]:
        for resource in listed(statement.get("Resource", [])):
            if re.search(r"[*?]|\$\{", resource):
                assert re.fullmatch(WILDCARDS[statement["Sid"]], resource)
            else:
                assert ARN.fullmatch(resource)


@pytest.mark.parametrize("variant", VARIANTS)
def test_arns_are_of_the_partition_and_the_region(variant: str) -> None:
    given = VARIANTS[variant]
    for document in documents(given):
        for found in ARN.finditer(json.dumps(document.policy).replace('"', " ")):
            assert found["partition"] == given.partition
            assert found["region"] in ("", given.region)


@pytest.mark.parametrize("name", ALL)
def test_each_statement_has_a_name_and_a_reason(name: str) -> None:
    sids = [statement["Sid"] for statement in ALL[name].policy["Statement"]]
    assert len(sids) == len(set(sids))
    for sid in sids:
        assert sid.isalnum()
        assert reason(sid).endswith(".")


def test_no_reason_is_left_over() -> None:
    used = {each["Sid"].rstrip("0123456789") for one in ALL.values() for each in one.policy["Statement"]}
    assert used == REASONS.keys()


@pytest.mark.parametrize("name", ALL)
def test_what_aws_takes_is_not_exceeded(name: str) -> None:
    document = ALL[name]
    managed = document.title.startswith("The administrator's")
    longest = 2_048 if document.kind == "trust" else 6_144 if managed else 10_240
    assert len(re.sub(r"\s", "", json.dumps(document.policy))) <= longest


def document(title: str, variant: str = "as the example is") -> Document:
    return ALL[f"{variant}: {title}"]


def statements(title: str, variant: str = "as the example is") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(title, variant).policy["Statement"]
    return found


def given(policy: policies.Policy) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for each in policy["Statement"]
        for action in listed(each["Action"])
        for resource in listed(each["Resource"])
    }


def test_the_data_role_runs_sql_on_the_workgroup_and_reads_its_own_statements() -> None:
    run, own = statements("Permissions of the data role")
    assert run["Resource"] == warehouse_arn(spec())
    assert own["Condition"] == {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
    assert {action.partition(":")[0] for action in run["Action"] + own["Action"]} == {"redshift-data"}


def test_by_the_driver_the_data_role_opens_connections_and_nothing_else() -> None:
    for variant, action in (
        ("the driver", "redshift-serverless:GetIdentityCenterAuthToken"),
        ("the driver and a cluster", "redshift:GetIdentityCenterAuthToken"),
    ):
        arn = warehouse_arn(VARIANTS[variant])
        assert given(document("Permissions of the data role", variant).policy) == {(action, arn)}


def test_a_database_user_is_let_in_by_session_tags_alone() -> None:
    action, arn = "redshift-serverless:GetCredentials", warehouse_arn(spec())
    for name, each in ALL.items():
        allowed = (
            {found for found in given(each.policy) if ":Get" in found[0] and "redshift" in found[0]}
            if (each.kind == "permissions")
            else set()
        )
        if "tags and a cluster" in name and each.title.startswith("Permissions of the data"):
            database = "arn:aws:redshift:us-east-1:123456789012:dbname:sales/dev"
            assert ("redshift:GetClusterCredentialsWithIAM", database) in allowed
        elif "tags" in name and each.title.startswith("Permissions of the data"):
            assert (action, arn) in allowed
        else:
            assert not any("Credentials" in found for found, _ in allowed)


def test_the_bridge_role_takes_tokens_for_this_app_alone() -> None:
    (statement,) = statements("Trust of the bridge role")
    assert statement["Principal"] == {
        "Federated": "arn:aws:iam::123456789012:oidc-provider/example.okta.com/oauth2/default"
    }
    assert statement["Condition"] == {"StringEquals": {"example.okta.com/oauth2/default:aud": "0oa1"}}


def test_subjects_narrow_whoever_takes_tokens() -> None:
    (statement,) = statements("Trust of the bridge role", "these subjects alone")
    assert statement["Condition"]["StringEquals"] == {
        "example.okta.com/oauth2/default:aud": "0oa1",
        "example.okta.com/oauth2/default:sub": ["00u1", "auth0|62f7a"],
    }
    people, _ = policies.data_trust(spec(propagation="session_tags", subjects=("00u1",)))["Statement"]
    assert people["Condition"]["StringEquals"]["example.okta.com/oauth2/default:sub"] == ["00u1"]


def test_by_session_tags_a_session_is_called_as_its_database_user() -> None:
    people, tags = statements("Trust of the data role", "session tags")
    assert people["Condition"] == {
        "StringEquals": {
            "example.okta.com/oauth2/default:aud": "0oa1",
            "example.okta.com/oauth2/default:email": "${aws:RequestTag/RedshiftDbUser}",
            "sts:RoleSessionName": "${aws:RequestTag/RedshiftDbUser}",
        },
        "StringLike": {"aws:RequestTag/RedshiftDbUser": "?*@?*"},
    }
    assert tags["Condition"] == {
        "ForAllValues:StringEquals": {"aws:TagKeys": ["RedshiftDbUser", "RedshiftDbRoles"]},
        "StringNotLike": {
            "aws:RequestTag/RedshiftDbRoles": ["sys:*", "*:sys:*", "Sys:*", "*:Sys:*", "SYS:*", "*:SYS:*"]
        },
    }
    assert {people["Action"], tags["Action"]} == {"sts:AssumeRoleWithWebIdentity", "sts:TagSession"}


def test_the_bridge_role_exchanges_and_assumes_and_nothing_else() -> None:
    data_role = "arn:aws:iam::123456789012:role/RedshiftDataAPIClientRole"
    assert given(document("Permissions of the bridge role").policy) == {
        ("sso-oauth:CreateTokenWithIAM", application_arn(spec())),
        ("sts:AssumeRole", data_role),
        ("sts:SetContext", data_role),
    }
    context = statements("Permissions of the bridge role")[-1]
    assert context["Condition"] == {
        "ForAllValues:ArnEquals": {
            "sts:RequestContextProviders": "arn:aws:iam::aws:contextProvider/IdentityCenter"
        }
    }


TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/sessions"
HOST = "arn:aws:iam::123456789012:role/service/Host"


def test_the_host_reaches_the_one_table() -> None:
    permissions = policies.host_permissions(
        spec(session_table="sessions"), application_arn=application_arn(spec())
    )
    operations = ("GetItem", "PutItem", "DeleteItem", "Scan")
    assert given(permissions) == {(f"dynamodb:{operation}", TABLE) for operation in operations}


def test_the_host_exchanges_where_it_signs_itself() -> None:
    bridge = given(policies.bridge_permissions(spec(), application_arn=application_arn(spec())))
    alone = policies.host_permissions(spec(host_role_arn=HOST), application_arn=application_arn(spec()))
    assert given(alone) == bridge
    both = policies.host_permissions(
        spec(host_role_arn=HOST, session_table="sessions"), application_arn=application_arn(spec())
    )
    assert given(both) - bridge == {each for each in given(both) if each[1] == TABLE}
    assert bridge < given(both)


def test_where_the_host_signs_itself_nobody_else_is_trusted() -> None:
    (statement,) = policies.data_trust(spec(host_role_arn=HOST))["Statement"]
    assert statement["Principal"] == {"AWS": HOST}
    actor, _ = policies.actors(spec(host_role_arn=HOST))["Statement"]
    assert actor["Principal"] == {"AWS": HOST}


def test_the_host_reads_its_own_secrets() -> None:
    reading = spec(client_secret_arn=secret("client"), session_key_arn=secret("key"))
    permissions = policies.host_permissions(reading, application_arn=application_arn(spec()))
    assert given(permissions) == {
        ("secretsmanager:GetSecretValue", secret(name)) for name in ("client", "key")
    }


def test_the_load_role_reads_the_places_that_are_named() -> None:
    objects, *listings = statements("Permissions of the role that loads", "several places to load from")
    assert objects["Resource"] == [
        "arn:aws:s3:::sales-data/sales_data/*",
        "arn:aws:s3:::other/*",
        "arn:aws:s3:::third/some/path*",
    ]
    assert [(each["Resource"], each["Condition"]["StringLike"]["s3:prefix"]) for each in listings] == [
        ("arn:aws:s3:::sales-data", "sales_data/*"),
        ("arn:aws:s3:::other", "*"),
        ("arn:aws:s3:::third", "some/path*"),
    ]
    assert {(each["Action"], *each["Condition"]) for each in listings} == {("s3:ListBucket", "StringLike")}


def test_the_load_role_is_taken_for_the_administrator_of_the_account_s_warehouse() -> None:
    (statement,) = statements("Trust of the role that loads")
    administrator = "arn:aws:redshift:us-east-1:123456789012:dbuser:*/admin"
    assert statement["Condition"] == {"StringLike": {"sts:ExternalId": administrator}}


def test_the_data_role_trusts_the_bridge_role_alone() -> None:
    (statement,) = statements("Trust of the data role")
    assert statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:role/IDCBridgeRole"}


def test_policies_that_aws_wrote_in_its_way_are_the_same() -> None:
    theirs = {"Action": ["b", "a"], "Principal": {"AWS": ["x"]}}
    assert policies.same(theirs, {"Action": ["a", "b"], "Principal": {"AWS": "x"}})
    assert not policies.same(theirs, {"Action": ["a"], "Principal": {"AWS": "x"}})


@pytest.mark.parametrize(
    "change",
    [
        {"data_prefix": "x' CREDENTIALS 'aws_access_key_id=1"},
        {"data_prefix": "*"},
        {"data_prefix": "/"},
        {"data_prefix": "sales_data/\n"},
        {"data_prefix": "../${aws:username}"},
        {"data_bucket": "bucket/*"},
        {"data_bucket": "*"},
        {"also_readable": ("*/",)},
        {"also_readable": ("bucket/*",)},
        {"also_readable": ("bucket/${aws:username}",)},
        {"data_format": "CSV; DROP TABLE public.sales_data"},
        {"identity_namespace": 'AWSIDC"; GRANT IGNORE RLS TO PUBLIC; --'},
        {"identity_namespace": "AWSIDC'"},
        {"groups": (Group(name='x" WITH ADMIN OPTION', all_rows=True),)},
        {"client_id": "*"},
        {"client_id": "${aws:userid}"},
        {"issuer": "https://*.okta.com"},
        {"issuer": "https://example.okta.com/?x=*"},
        {"issuer": "file:///etc/passwd"},
        {"bridge_role": "*"},
        {"data_role": "a/b"},
        {"account_id": "*"},
        {"workgroup": "UPPER"},
        {"database": "dev;"},
        {"session_table": "*"},
        {"session_table": "a"},
        {"session_table": "a/../b"},
        {"host_role_arn": "arn:aws:iam::123456789012:role/*"},
        {"host_role_arn": "arn:aws:iam::123456789012:root"},
        {"host_role_arn": "arn:aws:iam::210987654321:role/Host"},
        {"host_role_arn": "Host"},
        {"groups": (Group(name="a,b", all_rows=True),), "propagation": "session_tags"},
        {"query_path": "driver", "propagation": "session_tags"},
    ],
    ids=str,
)
def test_a_name_that_could_be_misread_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=f"^{next(iter(change))} "):
        spec(**change)


def test_the_page_in_docs_is_of_these_policies() -> None:
    assert PAGE.read_text("utf-8") == page(), "make policies-doc writes it"
