"""`destroy` takes away what was made here, and nothing that was there before."""

import io
import json
from dataclasses import replace
from typing import Any

import boto3
import pytest

from infra.provision.__main__ import main
from infra.provision.apply import apply
from infra.provision.destroy import destroy, survey
from infra.provision.errors import ProvisioningError
from infra.provision.iam import policies
from infra.provision.plan import plan
from infra.provision.resources.resource import Ids, Owner
from infra.provision.resources.serverless import role_arns
from infra.provision.specification.spec import Spec
from tests.infra.provision.account import described

Env = dict[str, str]
ANYBODY_OF_REDSHIFT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "redshift.amazonaws.com"},
            }
        ],
    }
)
EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
)


def silent(_: str) -> None:
    """Says nothing."""


def remove_all(spec: Spec, session: boto3.Session) -> None:
    destroy(survey(spec, session, silent), silent)


@pytest.fixture
def small(empty_spec: Spec) -> Spec:
    """Without a table of sessions, whose name others may have."""
    return replace(empty_spec, session_table="")


def given(spec: Spec, *more: str) -> list[str]:
    named = {"--issuer": spec.issuer, "--client-id": spec.client_id, "--data-bucket": spec.data_bucket}
    return [*more, *(text for pair in named.items() for text in pair)]


def others(spec: Spec, session: boto3.Session) -> None:
    """What a company has already, some of it under the very names."""
    iam, sso = session.client("iam"), session.client("sso-admin")
    iam.create_open_id_connect_provider(Url=spec.issuer, ClientIDList=["another-app"])
    iam.create_role(RoleName=spec.redshift_role, AssumeRolePolicyDocument=ANYBODY_OF_REDSHIFT)
    iam.create_role(RoleName="Unrelated", AssumeRolePolicyDocument=json.dumps(policies.redshift_trust()))
    iam.put_role_policy(
        RoleName="Unrelated",
        PolicyName="Own",
        PolicyDocument=json.dumps(policies.redshift_permissions(spec)),
    )
    issuer: Any = {
        "OidcJwtConfiguration": {
            "IssuerUrl": spec.issuer,
            "ClaimAttributePath": "email",
            "IdentityStoreAttributePath": "emails.value",
            "JwksRetrievalOption": "OPEN_ID_DISCOVERY",
        }
    }
    sso.create_trusted_token_issuer(
        InstanceArn=spec.instance_arn,
        Name="theirs",
        TrustedTokenIssuerType="OIDC_JWT",
        TrustedTokenIssuerConfiguration=issuer,
    )
    session.client("redshift").create_redshift_idc_application(
        IdcInstanceArn=spec.instance_arn,
        RedshiftIdcApplicationName=spec.redshift_application,
        IdcDisplayName="theirs",
        IdentityNamespace=spec.identity_namespace,
        IamRoleArn=spec.role_arn("Unrelated"),
    )


def test_what_was_there_before_stays(empty: Env, small: Spec, empty_account: boto3.Session) -> None:
    others(small, empty_account)
    before = described(empty, empty_account)
    # What they have under our names has to trust and to permit what ours would.
    del before["iam"]["roles"]
    apply(small, empty_account)
    assert apply(small, empty_account).changes == ()
    found = survey(small, empty_account, silent)
    assert set(found.stays) == {
        "role RedshiftOktaRole",
        f"Redshift's application {small.redshift_application}",
        f"trusted token issuer {small.token_issuer}",
    }
    remove_all(small, empty_account)
    after = described(empty, empty_account)
    assert {each["RoleName"] for each in after["iam"].pop("roles")} == {"RedshiftOktaRole", "Unrelated"}
    assert after == before


def test_an_audience_that_others_added_keeps_the_provider(small: Spec, empty_account: boto3.Session) -> None:
    iam = empty_account.client("iam")
    apply(small, empty_account)
    iam.add_client_id_to_open_id_connect_provider(
        OpenIDConnectProviderArn=small.provider_arn, ClientID="another-app"
    )
    remove_all(small, empty_account)
    known = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=small.provider_arn)
    assert (known["ClientIDList"], known.get("Tags", [])) == (["another-app"], [])


def test_what_others_added_to_our_roles_goes_with_them(small: Spec, empty_account: boto3.Session) -> None:
    iam = empty_account.client("iam")
    apply(small, empty_account)
    iam.put_role_policy(RoleName=small.data_role, PolicyName="Extra", PolicyDocument=EVERYTHING)
    iam.attach_role_policy(RoleName=small.data_role, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    remove_all(small, empty_account)
    assert iam.list_roles()["Roles"] == []


def test_a_mapping_of_others_is_not_changed(small: Spec, empty_account: boto3.Session) -> None:
    others(small, empty_account)
    sso = empty_account.client("sso-admin")
    (issuer,) = sso.list_trusted_token_issuers(InstanceArn=small.instance_arn)["TrustedTokenIssuers"]
    sso.update_trusted_token_issuer(
        TrustedTokenIssuerArn=issuer["TrustedTokenIssuerArn"],
        TrustedTokenIssuerConfiguration={"OidcJwtConfiguration": {"IdentityStoreAttributePath": "userName"}},
    )
    with pytest.raises(ProvisioningError, match="Other applications may depend on that"):
        apply(small, empty_account)


def test_another_applications_tag_is_anothers(small: Spec, empty_account: boto3.Session) -> None:
    apply(small, empty_account)
    other = replace(small, application="Another")
    found = survey(other, empty_account, silent)
    assert found.goes == ()


def test_the_bridge_role_of_before_goes_too(empty: Env, small: Spec, empty_account: boto3.Session) -> None:
    """Where the host signs by now, a bridge role is asked for no more; it is still ours."""
    before = described(empty, empty_account)
    iam = empty_account.client("iam")
    host = iam.create_role(RoleName="Host", AssumeRolePolicyDocument=ANYBODY_OF_REDSHIFT)["Role"]["Arn"]
    apply(small, empty_account)
    signing = replace(small, host_role_arn=host)
    apply(signing, empty_account)
    remove_all(signing, empty_account)
    assert iam.list_role_policies(RoleName="Host")["PolicyNames"] == []
    iam.delete_role(RoleName="Host")
    assert described(empty, empty_account) == before


def test_the_command_asks(
    empty_spec: Spec,
    empty_account: boto3.Session,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main(given(empty_spec, "apply")) == 0
    for answer in ("\n", "yes\n", ""):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert main(given(empty_spec, "destroy")) == 2
    assert main(given(empty_spec, "destroy", "--dry-run", "--json")) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "role IDCBridgeRole" in told["removed"]
    assert empty_account.client("iam").list_roles()["Roles"] != []
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{empty_spec.application}\n"))
    assert main(given(empty_spec, "destroy")) == 0
    assert empty_account.client("iam").list_roles()["Roles"] == []
    assert main(given(empty_spec, "destroy", "--yes")) == 0
    assert "Nothing that was made" in capsys.readouterr().out


def test_a_dry_run_of_apply_is_a_plan(
    empty: Env, empty_spec: Spec, empty_account: boto3.Session, capsys: pytest.CaptureFixture[str]
) -> None:
    before = described(empty, empty_account)
    assert main(given(empty_spec, "apply", "--dry-run")) == 0
    dry = capsys.readouterr().out
    assert main(given(empty_spec, "plan")) == 0
    assert dry == capsys.readouterr().out
    assert described(empty, empty_account) == before


@pytest.mark.parametrize(
    "listed",
    [
        "arn:aws:iam::123456789012:role/service/Load",
        "IamRole(applyStatus=in-sync, iamRoleArn=arn:aws:iam::123456789012:role/service/Load)",
    ],
)
def test_a_namespaces_roles_are_read_in_both_forms(listed: str) -> None:
    assert role_arns([listed]) == ["arn:aws:iam::123456789012:role/service/Load"]


def test_no_call_carries_what_is_not_known(small: Spec, empty_account: boto3.Session) -> None:
    """In a plan, ARNs that are to come are told as such; and owners are told apart."""
    assert Ids()["application_arn"] == "(known after apply)"
    changes = {change.title: change for change in plan(small, empty_account, silent)}
    text = json.dumps({title: change.after for title, change in changes.items()})
    assert "(known after apply)" in text
    assert {change.owner for change in changes.values()} == {Owner.US}
