"""End to end as a test person: each of the six, and each step that fails named by what explains it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local.people import PEOPLE
from infra.provision.doctor.report import Report
from tests.infra.local.aws.fault_control import FaultControl
from tests.infra.provision.doctor.account import Account, reworded
from tests.infra.provision.doctor.world import World

SALES = "ALTER TABLE public.sales_data ROW LEVEL SECURITY"
# What is said of people on a healthy chain; the others see rows, and nothing is to be said.
EXPLAINED = {"Nora Newcomer": {"RLD-518"}, "Ada Admin": {"RLD-520"}}


@pytest.fixture
def faults(env: dict[str, str]) -> Iterator[FaultControl]:
    control = FaultControl(env["AWS_ENDPOINT_URL"])
    yield control
    control.clear()


@pytest.fixture
def account(world: World) -> Account:
    return Account(world)


def diagnose(account: Account, token: str) -> Report:
    return account.world.diagnose(test_token=lambda _: token)


def codes(account: Account, token: str) -> dict[str, str]:
    """What is found, and the cure of each code."""
    findings = diagnose(account, token).findings
    assert token not in repr(findings)
    return {each.fault.code: each.cure for each in findings}


@pytest.mark.parametrize("who", [person.name for person in PEOPLE])
def test_on_a_healthy_chain_each_of_the_six_gets_an_explanation_at_most(account: Account, who: str) -> None:
    report = diagnose(account, account.token(who))
    assert report.healthy
    assert {each.fault.code for each in report.findings} == EXPLAINED.get(who, set())
    last = [each for each in report.outcomes if each.check.link == "A test person, end to end"]
    assert [each.check.title for each in last if each.state == "waits"] == (
        ["the person sees rows"] if who == "Nora Newcomer" else []
    )


def test_without_a_token_it_is_said_that_this_part_was_not_run_and_how_to(account: Account) -> None:
    (last,) = (each for each in account.world.diagnose().outcomes if "test person" in each.check.link)
    assert (last.state, last.findings) == ("unclear", ())
    assert "--sign-in" in last.reason
    assert "--id-token-file" in last.reason


@pytest.mark.parametrize(
    ("change", "code", "cure"),
    [
        (lambda token: token[:40], "RLD-501", "`id_token`"),
        (lambda token: token.replace(".", ".!", 1), "RLD-501", "`id_token`"),
        (lambda token: reworded(token, exp=time.time() - 600), "RLD-502", "run doctor at once"),
        (lambda token: reworded(token, iss="https://other.example"), "RLD-503", "https://other.example"),
        (lambda token: reworded(token, aud="other-app"), "RLD-504", "rowlight-demo"),
        (lambda token: reworded(token, email=None), "RLD-505", "scope `email`"),
        (lambda token: reworded(token, email_verified=False), "RLD-505", "scope `email`"),
        (lambda token: reworded(token, jti="another"), "RLD-510", "get-open-id-connect-provider"),
    ],
)
def test_a_token_that_is_not_in_order_is_told_by_what_is_wrong_with_it(
    account: Account, change: Callable[[str], str], code: str, cure: str
) -> None:
    found = codes(account, change(account.token()))
    assert set(found) == {code}
    assert cure in found[code]


def test_a_token_is_good_for_one_exchange(account: Account) -> None:
    token = account.token()
    assert codes(account, token) == {}
    found = codes(account, token)
    assert set(found) == {"RLD-511"}
    assert "--sign-in" in found["RLD-511"]


def test_somebody_whom_identity_center_does_not_know(account: Account) -> None:
    user = account.user("frank@example.com")
    account.aws("identitystore").delete_user(**account.store, UserId=user)
    found = codes(account, account.token())
    assert set(found) == {"RLD-506"}
    assert account.env["IDENTITY_STORE_ID"] in found["RLD-506"]


def test_somebody_who_is_not_assigned(account: Account) -> None:
    own = account.aws("sso-admin")
    for group in ("amer-sales", "emea-sales", "apac-sales", "exec-global", "analytics-admins"):
        own.create_application_assignment(
            **account.application, PrincipalType="GROUP", PrincipalId=account.group(group)
        )
    own.put_application_assignment_configuration(**account.application, AssignmentRequired=True)
    found = codes(account, account.token("Nora Newcomer"))
    assert set(found) == {"RLD-512"}
    assert f"--principal-id {account.user('nora@example.com')}" in found["RLD-512"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            {"service": "sso-oidc", "operation": "CreateTokenWithIAM", "code": "InvalidScopeException"},
            ("RLD-513", "list-application-grants"),
        ),
        (
            {"service": "sts", "operation": "AssumeRole", "code": "AccessDenied"},
            ("RLD-514", "python -m infra.provision apply"),
        ),
        (
            {
                "service": "redshift-data",
                "operation": "ExecuteStatement",
                "code": "AccessDeniedException",
                "person": "frank@example.com",
            },
            ("RLD-515", "RedshiftDataAPIClientRole"),
        ),
    ],
)
def test_a_step_that_aws_refuses_is_named(
    account: Account, faults: FaultControl, fault: dict[str, str], told: tuple[str, str]
) -> None:
    faults.add(what="fail", status=400, times="until removed", **fault)
    code, cure = told
    found = codes(account, account.token())
    assert set(found) == {code}
    assert cure in found[code]


def test_a_step_that_fails_for_a_link_before_it_waits_for_that_link(account: Account) -> None:
    """One fault is one error, however far its consequences reach."""
    account.aws("sso-admin").delete_application_grant(
        **account.application, GrantType="urn:ietf:params:oauth:grant-type:jwt-bearer"
    )
    token = account.token()
    assert set(codes(account, token)) == {"RLD-322"}
    outcomes = diagnose(account, account.token()).outcomes
    (second,) = (each for each in outcomes if each.check.title.startswith("step 2"))
    assert second.state == "waits"
    assert "RLD-322" in second.reason


def test_somebody_in_groups_without_a_role(account: Account) -> None:
    group = account.aws("identitystore").create_group(**account.store, DisplayName="contractors")["GroupId"]
    account.join("nora@example.com", group)
    found = codes(account, account.token("Nora Newcomer"))
    assert set(found) == {"RLD-519"}
    assert 'CREATE ROLE "AWSIDC:contractors";' in found["RLD-519"]


def test_somebody_in_two_regions_under_and_sees_no_rows(account: Account) -> None:
    account.join("frank@example.com", account.group("emea-sales"))
    account.sql(f"{SALES} ON CONJUNCTION TYPE AND")
    found = codes(account, account.token())
    assert set(found) == {"RLD-434", "RLD-521"}
    assert "test-policies" in found["RLD-521"]


def test_somebody_with_another_name_in_redshift_than_their_address(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.aws.identity_center._email", lambda _: "francis@example.com")
    assert set(codes(account, account.token())) == {"RLD-517"}


def test_a_warehouse_that_lets_nobody_in(account: Account) -> None:
    """Who may not read its system views is told by the test person's way."""
    account.sql('ALTER IDENTITY PROVIDER "redshift-data-api-okta-app" DISABLE')
    assert set(codes(account, account.token())) == {"RLD-407"}

    def without_secret(answer: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in answer["namespace"].items() if "Secret" not in name}
        return {"namespace": kept}

    del account.env["ADMIN_SECRET_ARN"]
    with account.answering("redshift-serverless", "GetNamespace", without_secret):
        found = codes(account, account.token())
        outcomes = account.world.diagnose().outcomes
    assert set(found) == {"RLD-516"}
    assert "SVV_IDENTITY_PROVIDERS" in found["RLD-516"]
    rights = [each for each in outcomes if each.check.link == "The warehouse's rights"]
    assert {each.state for each in rights} == {"unclear"}
    assert all("ADMIN_SECRET_ARN" in each.reason for each in rights)
