"""Faults of IAM: its identity provider, the roles, whom they trust and what they may do."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from moto.iam.models import iam_backends

from infra.local.config import ACCOUNT_ID
from tests.infra.provision.doctor.case import Case
from tests.infra.provision.doctor.world import BRIDGE, DATA, World

EXCHANGE, TAKE, CONTEXT = "sso-oauth:CreateTokenWithIAM", "sts:AssumeRole", "sts:SetContext"


def provider_arn(world: World) -> str:
    return world.chain.provider_arn


def no_provider(world: World) -> None:
    world.aws("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=provider_arn(world))


def misspelled(world: World) -> None:
    no_provider(world)
    world.aws("iam").create_open_id_connect_provider(
        Url=world.env["OIDC_ISSUER"] + "/", ClientIDList=["rowlight-demo"]
    )


def no_audience(world: World) -> None:
    world.aws("iam").add_client_id_to_open_id_connect_provider(
        OpenIDConnectProviderArn=provider_arn(world), ClientID="another"
    )
    world.aws("iam").remove_client_id_from_open_id_connect_provider(
        OpenIDConnectProviderArn=provider_arn(world), ClientID="rowlight-demo"
    )


def another_role(name: str, setting: str) -> Callable[[World], None]:
    """The setting names a role that is not there."""
    return lambda world: world.env.update({setting: world.env[setting].replace(name, "Gone")})


def trust(role: str, change: Callable[[dict[str, Any], World], Any]) -> Callable[[World], None]:
    """The trust policy of a role with a change of its first statement."""

    def inject(world: World) -> None:
        document = world.trust(role)
        change(document["Statement"][0], world)
        world.set_trust(role, document)

    return inject


def also_trusts(role: str, **statement: Any) -> Callable[[World], None]:
    def inject(world: World) -> None:
        document = world.trust(role)
        more = {"Effect": "Allow", "Action": "sts:AssumeRole", **statement}
        world.set_trust(role, {**document, "Statement": [*document["Statement"], more]})

    return inject


def without(role: str, action: str) -> Callable[[World], None]:
    return lambda world: world.forbid(role, action)


def also_allows(role: str, action: str | list[str], resource: str = "*", effect: str = "Allow") -> Any:
    return lambda world: world.allow(
        role, "Extra", {"Effect": effect, "Action": action, "Resource": resource}
    )


def administrators(world: World) -> None:
    world.aws("iam").attach_role_policy(
        RoleName=BRIDGE, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )


def another_provider(statement: dict[str, Any], world: World) -> None:
    statement["Principal"] = {"Federated": provider_arn(world) + "/oauth2/default"}


def no_condition(statement: dict[str, Any], _: World) -> None:
    del statement["Condition"]


def another_client(statement: dict[str, Any], world: World) -> None:
    statement["Condition"] = {"StringEquals": {f"{world.chain.issuer_name}:aud": "another-client"}}


def action(name: str) -> Callable[[dict[str, Any], World], None]:
    return lambda statement, _: statement.update(Action=name)


def principal(name: str) -> Callable[[dict[str, Any], World], None]:
    return lambda statement, _: statement.update(Principal={"AWS": name})


def made_anew(statement: dict[str, Any], _: World) -> None:
    statement["Principal"] = {"AWS": "AROAEXAMPLEEXAMPLEAB"}


def others_statements(world: World) -> None:
    for name, document in world.permissions(DATA).items():
        for statement in document["Statement"]:
            statement.pop("Condition", None)
        world.allow(DATA, name, *document["Statement"])


def subjects(world: World) -> None:
    """rowlight.toml names who may come; the account was not told yet."""
    world.spec = replace(world.provisioned, subjects=("00u1",))


def bounded(world: World) -> None:
    """The stand-in enforces no boundaries, and so lets nobody set one."""
    iam = world.aws("iam")
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    arn = iam.create_policy(PolicyName="Boundary", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    role = next(each for each in iam_backends[ACCOUNT_ID]["aws"].roles.values() if each.name == BRIDGE)
    role.permissions_boundary_arn = arn


def host_is_gone(world: World) -> None:
    world.env["BRIDGE_ROLE_ARN"] = ""
    iam = world.aws("iam")
    for name in world.permissions(BRIDGE):
        iam.delete_role_policy(RoleName=BRIDGE, PolicyName=name)
    iam.delete_role(RoleName=BRIDGE)


def by_driver(world: World) -> None:
    world.env |= {"QUERY_PATH": "driver", "REDSHIFT_HOST": "localhost"}


CASES = (
    Case("none", "RLD-201", no_provider, ("create-open-id-connect-provider", "http://localhost"), cures=True),
    Case(
        "a slash more",
        "RLD-202",
        misspelled,
        ("create-open-id-connect-provider", "rowlight-demo"),
        cures=True,
    ),
    Case(
        "another client alone",
        "RLD-203",
        no_audience,
        ("--client-id rowlight-demo",),
        cures=True,
        fixable=True,
    ),
    Case("no bridge role", "RLD-210", another_role(BRIDGE, "BRIDGE_ROLE_ARN"), ("--role-name Gone",)),
    Case("another provider", "RLD-211", trust(BRIDGE, another_provider), (BRIDGE,), cures=True),
    Case("another action", "RLD-212", trust(BRIDGE, action("sts:AssumeRole")), (BRIDGE,), cures=True),
    Case("no audience asked", "RLD-213", trust(BRIDGE, no_condition), (BRIDGE, ":aud"), cures=True),
    Case("another audience", "RLD-214", trust(BRIDGE, another_client), (BRIDGE, "rowlight-demo"), cures=True),
    Case("no exchange", "RLD-220", without(BRIDGE, EXCHANGE), (EXCHANGE, "application/"), cures=True),
    Case("no data role to take", "RLD-221", without(BRIDGE, TAKE), (f"role/{DATA}",), cures=True),
    Case("no context to set", "RLD-222", without(BRIDGE, CONTEXT), (CONTEXT, f"role/{DATA}"), cures=True),
    Case("a deny", "RLD-223", also_allows(BRIDGE, EXCHANGE, effect="Deny"), (EXCHANGE, BRIDGE)),
    Case("a deny of all", "RLD-223", also_allows(DATA, "redshift-data:*", effect="Deny"), (DATA,)),
    Case("any subject", "RLD-215", subjects, (":sub",)),
    Case("a boundary", "RLD-224", bounded, ("policy/Boundary", BRIDGE)),
    Case("no host role", "RLD-234", host_is_gone, (f"role/{BRIDGE}",)),
    Case("no token of the driver", "RLD-237", by_driver, ("GetIdentityCenterAuthToken", DATA), cures=True),
    Case("no data role", "RLD-230", another_role(DATA, "DATA_ROLE_ARN"), ("--role-name Gone",)),
    Case(
        "another trusted",
        "RLD-231",
        trust(DATA, principal("arn:aws:iam::123456789012:user/administrator")),
        (f"role/{BRIDGE}",),
        cures=True,
    ),
    Case("no context trusted", "RLD-232", trust(DATA, action(TAKE)), (CONTEXT,), cures=True, fixable=True),
    Case("a role made anew", "RLD-233", trust(DATA, made_anew), (f"role/{BRIDGE}",), cures=True),
    Case(
        "no statements",
        "RLD-235",
        without(DATA, "redshift-data:BatchExecuteStatement"),
        ("redshift-data:ExecuteStatement", "workgroup/"),
        cures=True,
    ),
    Case("no results", "RLD-236", without(DATA, "redshift-data:GetStatementResult"), (DATA,), cures=True),
    Case("anybody", "RLD-240", also_trusts(DATA, Principal="*"), (f"role/{BRIDGE}",), cures=True),
    Case(
        "the whole account",
        "RLD-241",
        also_trusts(DATA, Principal={"AWS": "arn:aws:iam::123456789012:root"}),
        (f"role/{BRIDGE}",),
        cures=True,
    ),
    Case(
        "another account",
        "RLD-242",
        also_trusts(BRIDGE, Principal={"AWS": "arn:aws:iam::210987654321:role/Theirs"}),
        (":aud",),
        cures=True,
    ),
    Case("any application", "RLD-243", also_allows(BRIDGE, EXCHANGE), ("Extra", BRIDGE)),
    Case("any role", "RLD-243", also_allows(BRIDGE, [TAKE, CONTEXT]), ("Extra", BRIDGE)),
    Case("any warehouse", "RLD-243", also_allows(DATA, "redshift-data:ExecuteStatement"), ("Extra", DATA)),
    Case("an administrator", "RLD-243", administrators, ("AdministratorAccess", BRIDGE)),
    Case("others' statements", "RLD-244", others_statements, (DATA, "statement-owner-iam-userid")),
    Case(
        "without a person",
        "RLD-245",
        also_allows(DATA, "redshift-serverless:GetCredentials"),
        ("Extra", DATA),
    ),
)
