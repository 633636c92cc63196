"""Faults of Redshift: its connection, the workgroup, and the warehouse's own rights."""

import dataclasses
from collections.abc import Callable
from typing import Any

from infra.provision.specification import access
from tests.infra.provision.doctor.account import Account, Undone, case, conditions

AMER = '"AWSIDC:amer-sales"'
SALES = "ALTER TABLE public.sales_data ROW LEVEL SECURITY"
FILTERED = access.Group(name="exec-global", policies=("amer_region_filter",))


def sql(*statements: str) -> Callable[[Account], None]:
    return lambda account: account.sql(*statements)


def other_namespace(account: Account) -> None:
    account.aws("redshift").modify_redshift_idc_application(
        RedshiftIdcApplicationArn=account.redshift_application["RedshiftIdcApplicationArn"],
        IdentityNamespace="OKTA",
    )


def redshift_elsewhere(account: Account) -> Undone:
    return account.answering(
        "redshift", "DescribeRedshiftIdcApplications", lambda _: {"RedshiftIdcApplications": []}
    )


def redshift_role(account: Account) -> str:
    return str(account.redshift_application["IamRoleArn"]).rpartition("/")[2]


def no_redshift_role(account: Account) -> None:
    iam, name = account.aws("iam"), redshift_role(account)
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)


def untrusting_redshift_role(account: Account) -> None:
    name = redshift_role(account)
    trust = account.world.trust(name)
    statements = [{**each, "Action": "sts:AssumeRole"} for each in trust["Statement"]]
    account.world.set_trust(name, {**trust, "Statement": statements})


def powerless_redshift_role(account: Account) -> None:
    account.world.forbid(redshift_role(account), "sso:DescribeApplication")


def setting(**settings: str) -> Callable[[Account], None]:
    return lambda account: account.world.env.update(settings)


def misnamed(account: Account) -> None:
    no_role(account)
    account.sql('CREATE ROLE "AWSIDC:Amer-Sales"')


def no_role(account: Account) -> None:
    account.sql(
        f"DETACH RLS POLICY amer_region_filter ON public.sales_data FROM ROLE {AMER}",
        f"DETACH RLS POLICY rowlight_own_rows ON rowlight.saved_views FROM ROLE {AMER}",
        f"DETACH RLS POLICY rowlight_own_rows ON rowlight.alerts FROM ROLE {AMER}",
        f"DROP ROLE {AMER} FORCE",
    )


def workgroup(**changes: Any) -> Callable[[Account], None]:
    def breaks(account: Account) -> None:
        name = account.world.env["REDSHIFT_WORKGROUP"]
        account.aws("redshift-serverless").update_workgroup(workgroupName=name, **changes)

    return breaks


def not_available(account: Account) -> None:
    """A change of it takes its time."""
    account.conditions(warehouse_seconds=60)
    workgroup(baseCapacity=16)(account)


def never_associated(account: Account) -> None:
    """As a warehouse that was there before: dropping its identity provider would take the roles along."""
    engine = account.world.services["redshift-data"]._connections._redshift
    engine._catalog = dataclasses.replace(engine._catalog, identity_providers={})


def all_rows_by_mistake(account: Account) -> None:
    others = tuple(group for group in access.GROUPS if group.name != FILTERED.name)
    account.specify(groups=(*others, FILTERED))


CASES = (
    case("RLD-401", "none", redshift_elsewhere, "python -m infra.provision apply"),
    case("RLD-402", "another", other_namespace, "--identity-namespace AWSIDC", cures=True),
    case("RLD-403", "deleted", no_redshift_role, "aws redshift modify-redshift-idc-application"),
    case("RLD-404", "no context", untrusting_redshift_role, '"sts:SetContext"', cures=True),
    case("RLD-405", "no application", powerless_redshift_role, '"sso:DescribeApplication"', cures=True),
    case(
        "RLD-406",
        "dropped",
        never_associated,
        "CREATE IDENTITY PROVIDER \"redshift-data-api-okta-app\" TYPE AWSIDC NAMESPACE 'AWSIDC'",
        cures=True,
    ),
    case(
        "RLD-407",
        "disabled",
        sql('ALTER IDENTITY PROVIDER "redshift-data-api-okta-app" DISABLE'),
        'ALTER IDENTITY PROVIDER "redshift-data-api-okta-app" ENABLE;',
        cures=True,
    ),
    case(
        "RLD-408",
        "another",
        sql("ALTER IDENTITY PROVIDER \"redshift-data-api-okta-app\" NAMESPACE 'OKTA'"),
        "NAMESPACE 'AWSIDC';",
        cures=True,
    ),
    case("RLD-410", "another name", setting(REDSHIFT_WORKGROUP="elsewhere"), "list-workgroups"),
    case("RLD-411", "changing", not_available, "get-workgroup --workgroup-name redshift-tip-enabled"),
    case("RLD-412", "opened", workgroup(publiclyAccessible=True), "--no-publicly-accessible", cures=True),
    case(
        "RLD-414",
        "off",
        workgroup(configParameters=[{"parameterKey": "require_ssl", "parameterValue": "false"}]),
        "parameterKey=require_ssl,parameterValue=true",
        cures=True,
    ),
    case("RLD-415", "off", workgroup(enhancedVpcRouting=False), "--enhanced-vpc-routing", cures=True),
    case("RLD-416", "another name", setting(REDSHIFT_DATABASE="sales"), "CREATE DATABASE sales;"),
    case(
        "RLD-420",
        "one left",
        conditions(quotas={"L-00000004": 1}),
        "--service-code redshift-serverless --quota-code L-00000004 --desired-value 2",
    ),
    case("RLD-421", "refused", conditions(long_polling=False), "us-east-1"),
    case(
        "RLD-430",
        "dropped",
        sql("DROP VIEW rowlight.rows_of_sales_data", "DROP TABLE public.sales_data"),
        "public.sales_data",
    ),
    case("RLD-431", "large letters", misnamed, f'ALTER ROLE "AWSIDC:Amer-Sales" RENAME TO {AMER};'),
    case("RLD-432", "dropped", no_role, f"CREATE ROLE {AMER};"),
    case("RLD-433", "off", sql(f"{SALES} OFF"), f"{SALES} ON CONJUNCTION", cures=True, fixable=True),
    case("RLD-434", "and", sql(f"{SALES} ON CONJUNCTION TYPE AND"), f"{SALES} ON CONJUNCTION", cures=True),
    case(
        "RLD-435",
        "detached",
        sql(f"DETACH RLS POLICY amer_region_filter ON public.sales_data FROM ROLE {AMER}"),
        f"ON public.sales_data TO ROLE {AMER};",
    ),
    case(
        "RLD-435",
        "detached, and named in rowlight.toml",
        lambda account: account.specify().sql(
            f"DETACH RLS POLICY amer_region_filter ON public.sales_data FROM ROLE {AMER}"
        ),
        f"ATTACH RLS POLICY amer_region_filter ON public.sales_data TO ROLE {AMER};",
        cures=True,
    ),
    case(
        "RLD-436",
        "revoked",
        sql(f"REVOKE SELECT ON public.sales_data FROM ROLE {AMER}"),
        f"GRANT SELECT ON public.sales_data TO ROLE {AMER};",
        cures=True,
    ),
    case(
        "RLD-437",
        "revoked",
        sql("REVOKE USAGE ON SCHEMA public FROM PUBLIC", f"REVOKE USAGE ON SCHEMA public FROM ROLE {AMER}"),
        f"GRANT USAGE ON SCHEMA public TO ROLE {AMER};",
        cures=True,
    ),
    case(
        "RLD-438",
        "revoked",
        sql(f"REVOKE EXPLAIN RLS FROM ROLE {AMER}"),
        f"GRANT EXPLAIN RLS TO ROLE {AMER};",
        cures=True,
        fixable=True,
    ),
    case("RLD-439", "by mistake", all_rows_by_mistake, 'REVOKE IGNORE RLS FROM ROLE "AWSIDC:exec-global";'),
    case("RLD-440", "dropped", sql("DROP TABLE rowlight.alerts"), "PERSONAL_TABLES=off"),
    case(
        "RLD-441",
        "revoked",
        sql(f"REVOKE DELETE ON rowlight.alerts FROM ROLE {AMER}"),
        f"DELETE ON rowlight.alerts TO ROLE {AMER};",
        cures=True,
    ),
    case(
        "RLD-442",
        "off",
        sql("ALTER TABLE rowlight.alerts ROW LEVEL SECURITY OFF"),
        "ALTER TABLE rowlight.alerts ROW LEVEL SECURITY ON;",
        cures=True,
        fixable=True,
    ),
)
