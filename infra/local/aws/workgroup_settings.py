"""What a workgroup can be set to, and to what nobody sets is set."""

import re
from collections.abc import Mapping
from typing import Any

from infra.local.aws.model import AwsError, Call
from infra.local.aws.wire import not_implemented

Settings = Mapping[str, Any]
MEMBERS = frozenset(
    {
        "baseCapacity",
        "maxCapacity",
        "publiclyAccessible",
        "enhancedVpcRouting",
        "subnetIds",
        "securityGroupIds",
        "configParameters",
        "port",
    }
)
# Since 2025 connections without SSL are refused unless somebody allows them.
_PARAMETERS = {
    "auto_mv": "true",
    "datestyle": "ISO, MDY",
    "enable_case_sensitive_identifier": "false",
    "enable_user_activity_logging": "true",
    "query_group": "default",
    "search_path": "$user, public",
    "max_query_execution_time": "14400",
    "require_ssl": "true",
    "use_fips_ssl": "false",
}
_BOOLEANS = frozenset(name for name, value in _PARAMETERS.items() if value in ("true", "false"))
_METRICS = re.compile(
    r"max_(query_\w+|scan_row_count|return_row_count|nested_loop_join_row_count|join_row_count)"
)
_NUMBER = re.compile(r"[0-9]{1,18}")
_NETWORK = {"subnetIds": "subnet", "securityGroupIds": "sg"}
_PORTS = (range(5431, 5456), range(8191, 8216))
_USER = re.compile(r"[a-z][a-z0-9_+.@-]{0,127}")
_DATABASE = re.compile(r"[a-z][a-z0-9_$]{0,63}")
_DEFAULTS: Settings = {
    "baseCapacity": 128,
    "publiclyAccessible": False,
    "enhancedVpcRouting": False,
    "port": 5439,
    # Of the VPC that every account has.
    "subnetIds": [f"subnet-0{letter * 16}" for letter in "abc"],
    "securityGroupIds": ["sg-0" + "a" * 16],
    "configParameters": [],
}


def of_new_workgroup(asked: Settings) -> dict[str, Any]:
    """The settings of a workgroup that is made with these; raises AwsError."""
    given = {name: value for name, value in asked.items() if name in MEMBERS}
    shown = {"configParameters": _listed(_PARAMETERS)}
    return changed({**_DEFAULTS, **shown}, given)


def changed(settings: Settings, changes: Settings) -> dict[str, Any]:
    """The settings with the changes; raises AwsError."""
    result = {**settings, **changes}
    if "configParameters" in changes:
        result["configParameters"] = _merged(settings["configParameters"], changes["configParameters"])
    for name, prefix in _NETWORK.items():
        if not all(re.fullmatch(rf"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})", each) for each in result[name]):
            raise _invalid(f"{name} must be identifiers such as {prefix}-0123456789abcdef0.")
    _check_capacity(result)
    if not any(result["port"] in ports for ports in _PORTS):
        raise _invalid("port must be from 5431 to 5455, or from 8191 to 8215.")
    return result


def _check_capacity(settings: Settings) -> None:
    base, most = settings["baseCapacity"], settings.get("maxCapacity")
    if not _is_capacity(base):
        raise _invalid("baseCapacity must be 4, or 8 to 512 in steps of 8, or up to 1024 in steps of 32.")
    if most is not None and (most < base or most % 8):
        raise _invalid("maxCapacity must be a multiple of 8, and no less than baseCapacity.")


def _is_capacity(units: int) -> bool:
    if units <= 512:  # noqa: PLR2004 - as far as the steps of 8 go
        return units == 4 or (units >= 8 and units % 8 == 0)  # noqa: PLR2004 - the least
    return units <= 1024 and units % 32 == 0  # noqa: PLR2004 - the most


def _merged(before: list[Settings], changes: list[Settings]) -> list[dict[str, str]]:
    given = {each.get("parameterKey", ""): each.get("parameterValue", "") for each in changes}
    if len(given) != len(changes):
        raise _invalid("A parameter is given twice.")
    for name, value in given.items():
        _check_parameter(name, value)
    return _listed({**{each["parameterKey"]: each["parameterValue"] for each in before}, **given})


def _check_parameter(name: str, value: str) -> None:
    if name == "wlm_json_configuration":
        raise not_implemented("redshift-serverless", f"The parameter {name}")
    if name not in _PARAMETERS and not _METRICS.fullmatch(name):
        raise _invalid(f"The parameter {name[:60]} is not known.")
    if name in _BOOLEANS and value not in ("true", "false"):
        raise _invalid(f"The parameter {name} is true or false.")
    if name.startswith("max_") and not _NUMBER.fullmatch(value):
        raise _invalid(f"The parameter {name} is a whole number.")


def _listed(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"parameterKey": name, "parameterValue": value} for name, value in parameters.items()]


def check_names(administrator: str, database: str) -> None:
    """Refuses what cannot be an administrator's name or a database's."""
    if not _USER.fullmatch(administrator) or administrator == "public":
        raise _invalid("adminUsername must have lower case letters and digits.")
    if not _DATABASE.fullmatch(database):
        raise _invalid("dbName must have lower case letters and digits.")


def refuse_others(call: Call, known: frozenset[str]) -> None:
    """Refuses every parameter that would be kept without effect."""
    others = sorted(set(call.parameters) - known)
    if others:
        raise not_implemented(call.service, f"{call.operation} with {others[0]}")


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
