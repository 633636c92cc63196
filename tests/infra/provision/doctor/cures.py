"""Carries out the commands of a cure, as a person would who pastes them into a shell."""

import re
import shlex
from typing import Any

import boto3
from botocore import xform_name

_COMMAND = re.compile(r"`aws ([^`]+)`")


def carry_out(cure: str, session: boto3.Session) -> int:
    """Runs each `aws …` of a cure that changes something; returns how many did."""
    done = 0
    for command in _COMMAND.findall(cure):
        service, operation, *words = shlex.split(command)
        if not operation.startswith(("get-", "list-", "describe-")) and "<" not in command:
            _run(session.client(service), operation, words)
            done += 1
    return done


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
            parameters[member].append(word)
        else:
            parameters[member] = word
    parameters.pop("", None)
    getattr(client, operation.replace("-", "_"))(**parameters)
