"""The policies give what the chain needs, to whom it needs, and nothing else."""

import json
from typing import Any

import pytest

from infra.provision import policies
from infra.provision.access import Group
from infra.provision.errors import SpecError
from infra.provision.spec import Spec

APPLICATION = "arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef"
WORKGROUP = "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/0f0f"


def spec(**changes: Any) -> Spec:
    return Spec(
        **{
            "region": "us-east-1",
            "account_id": "123456789012",
            "instance_arn": "arn:aws:sso:::instance/ssoins-0123456789abcdef",
            "identity_store_id": "d-0123456789",
            "issuer": "https://example.okta.com/oauth2/default",
            "client_id": "0oa1",
            "data_bucket": "sales-data",
            **changes,
        }
    )


ALL = {
    "bridge trust": policies.bridge_trust(spec()),
    "bridge permissions": policies.bridge_permissions(spec(), application_arn=APPLICATION),
    "host permissions": policies.host_permissions(
        spec(session_table="sessions", host_role_arn="arn:aws:iam::123456789012:role/Host"),
        application_arn=APPLICATION,
    ),
    "data trust": policies.data_trust(spec()),
    "data permissions": policies.data_permissions(workgroup_arn=WORKGROUP),
    "redshift trust": policies.redshift_trust(),
    "redshift permissions": policies.redshift_permissions(spec()),
    "load trust": policies.load_trust(),
    "load permissions": policies.load_permissions(spec()),
    "actors": policies.actors(spec()),
}
# Where a resource must be "*": statements have no ARNs; in an actor policy it means the application itself.
WILDCARDS = {"data permissions", "actors"}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", ALL)
def test_no_action_and_no_principal_is_a_wildcard(name: str) -> None:
    for statement in ALL[name]["Statement"]:
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in listed(statement["Action"]))
        assert "*" not in json.dumps(statement.get("Principal", {}))


@pytest.mark.parametrize("name", sorted(ALL.keys() - WILDCARDS))
def test_no_resource_is_everything(name: str) -> None:
    for statement in ALL[name]["Statement"]:
        for resource in listed(statement.get("Resource", [])):
            assert resource.count(":") >= 5
            assert "*" not in resource or resource.endswith(("/sales_data/*", "ssoins-0123456789abcdef/*"))


def test_the_data_role_runs_sql_on_the_workgroup_and_reads_its_own_statements() -> None:
    run, own = ALL["data permissions"]["Statement"]
    assert run["Resource"] == WORKGROUP
    assert own["Condition"] == {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}
    assert {action.partition(":")[0] for action in run["Action"] + own["Action"]} == {"redshift-data"}


def test_the_bridge_role_takes_tokens_for_this_app_alone() -> None:
    (statement,) = ALL["bridge trust"]["Statement"]
    assert statement["Principal"] == {
        "Federated": "arn:aws:iam::123456789012:oidc-provider/example.okta.com/oauth2/default"
    }
    assert statement["Condition"] == {"StringEquals": {"example.okta.com/oauth2/default:aud": "0oa1"}}


def test_the_bridge_role_exchanges_and_assumes_and_nothing_else() -> None:
    permissions = {
        (action, statement["Resource"])
        for statement in ALL["bridge permissions"]["Statement"]
        for action in listed(statement["Action"])
    }
    data_role = "arn:aws:iam::123456789012:role/RedshiftDataAPIClientRole"
    assert permissions == {
        ("sso-oauth:CreateTokenWithIAM", APPLICATION),
        ("sts:AssumeRole", data_role),
        ("sts:SetContext", data_role),
    }


TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/sessions"
HOST = "arn:aws:iam::123456789012:role/service/Host"


def given(policy: policies.Policy) -> set[tuple[str, str]]:
    return {(action, each["Resource"]) for each in policy["Statement"] for action in listed(each["Action"])}


def test_the_host_reaches_the_one_table() -> None:
    permissions = policies.host_permissions(spec(session_table="sessions"), application_arn=APPLICATION)
    operations = ("GetItem", "PutItem", "DeleteItem", "Scan")
    assert given(permissions) == {(f"dynamodb:{operation}", TABLE) for operation in operations}


def test_the_host_exchanges_where_it_signs_itself() -> None:
    bridge = given(policies.bridge_permissions(spec(), application_arn=APPLICATION))
    alone = policies.host_permissions(spec(host_role_arn=HOST), application_arn=APPLICATION)
    assert given(alone) == bridge
    both = policies.host_permissions(
        spec(host_role_arn=HOST, session_table="sessions"), application_arn=APPLICATION
    )
    assert given(both) - bridge == {each for each in given(both) if each[1] == TABLE}
    assert bridge < given(both)


def test_where_the_host_signs_itself_nobody_else_is_trusted() -> None:
    (statement,) = policies.data_trust(spec(host_role_arn=HOST))["Statement"]
    assert statement["Principal"] == {"AWS": HOST}
    actor, _ = policies.actors(spec(host_role_arn=HOST))["Statement"]
    assert actor["Principal"] == {"AWS": HOST}


def test_the_load_role_reads_the_places_that_are_named() -> None:
    statements = policies.load_permissions(spec(also_readable=("other/", "third/some/path")))["Statement"]
    objects = [each["Resource"] for each in statements if each["Action"] == "s3:GetObject"]
    listings = [
        (each["Resource"], each["Condition"]["StringLike"]["s3:prefix"])
        for each in statements
        if each["Action"] == "s3:ListBucket"
    ]
    assert objects[1:] == ["arn:aws:s3:::other/*", "arn:aws:s3:::third/some/path*"]
    assert listings[1:] == [("arn:aws:s3:::other", "*"), ("arn:aws:s3:::third", "some/path*")]
    assert objects[0].endswith("/sales_data/*")
    assert listings[0][1] == "sales_data/*"


def test_the_data_role_trusts_the_bridge_role_alone() -> None:
    (statement,) = ALL["data trust"]["Statement"]
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
    ],
    ids=str,
)
def test_a_name_that_could_be_misread_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=f"^{next(iter(change))} "):
        spec(**change)
