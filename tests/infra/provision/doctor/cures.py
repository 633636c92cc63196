"""Carries out the commands of a cure, as a person would who pastes them into a shell."""

import json
import re
import shlex
from typing import Any

from botocore import xform_name

from tests import outside
from tests.infra.provision.doctor.world import World

_COMMAND = re.compile(r"`aws ([^`]+)`")
_SQL = re.compile(r"`((?:ALTER|ATTACH|CREATE|GRANT|REVOKE) [^`]+;)`")


def carry_out(cure: str, world: World) -> int:
    """Runs each `aws …` of a cure that changes something, and each SQL of it; returns how many did."""
    done = 0
    for sql in _SQL.findall(cure):
        for statement in sql.split(";")[:-1]:
            run_sql(world, statement)
            done += 1
    for command in _COMMAND.findall(cure):
        service, operation, *words = shlex.split(command)
        if not operation.startswith(("get-", "list-", "describe-")) and "<" not in command:
            _run(world.aws(service), operation, words)
            done += 1
    return done


def run_sql(world: World, statement: str) -> None:
    """Runs a statement as the warehouse's admin."""
    secret = world.env["ADMIN_SECRET_ARN"]
    known = outside.run(world.aws("redshift-data"), world.env, statement, SecretArn=secret)
    assert known["Status"] == "FINISHED", known.get("Error")


def _run(client: Any, operation: str, words: list[str]) -> None:
    name = client.meta.method_to_api_mapping[operation.replace("-", "_")]
    members = client.meta.service_model.operation_model(name).input_shape.members
    options = {xform_name(member).replace("_", "-"): member for member in members}
    parameters: dict[str, Any] = {}
    for word in words:
        if word.startswith("--"):
            option = word.removeprefix("--")
            if option.startswith("no-"):
                parameters[options[option.removeprefix("no-")]] = False
            member = options.get(option, "")
            parameters.setdefault(member, [] if member and members[member].type_name == "list" else True)
        elif isinstance(parameters[member], list):
            parameters[member].append(
                _shorthand(word) if members[member].member.type_name == "structure" else word
            )
        else:
            parameters[member] = json.loads(word) if members[member].type_name == "structure" else word
    parameters.pop("", None)
    getattr(client, operation.replace("-", "_"))(**parameters)


def _shorthand(word: str) -> dict[str, str]:
    """The command line's way to write a structure: name=value,name=value."""
    return dict(part.split("=", 1) for part in word.split(","))
