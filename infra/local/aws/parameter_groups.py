"""Parameter groups: what clusters are told beside their settings, such as to take SSL alone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.local.aws.model import AwsError

Members = Mapping[str, Any]
# Since 2025 the group of a cluster that names none is the second, which takes no connection without SSL.
DEFAULT_GROUP = "default.redshift-2.0"
_FAMILIES = ("redshift-1.0", "redshift-2.0")
_NAME = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,253}(?<!-)", re.IGNORECASE)
_BOOLEAN = ("boolean", "true,false")
# name: (value, type, allowed values); Redshift calls on the engine for those of the first family.
_PARAMETERS: Mapping[str, tuple[str, str, str]] = {
    "auto_analyze": ("true", *_BOOLEAN),
    "auto_mv": ("true", *_BOOLEAN),
    "datestyle": ("ISO, MDY", "string", ""),
    "enable_case_sensitive_identifier": ("false", *_BOOLEAN),
    "enable_user_activity_logging": ("false", *_BOOLEAN),
    "extra_float_digits": ("0", "integer", "-15-2"),
    "max_concurrency_scaling_clusters": ("1", "integer", "0-10"),
    "query_group": ("default", "string", ""),
    "require_ssl": ("false", *_BOOLEAN),
    "search_path": ("$user, public", "string", ""),
    "statement_timeout": ("0", "integer", "0,100-2147483647"),
    "use_fips_ssl": ("false", *_BOOLEAN),
}
_OF_FAMILY = {"redshift-1.0": {}, "redshift-2.0": {"require_ssl": "true"}}


@dataclass
class ParameterGroup:
    """A group: what it sets that its family does not."""

    name: str
    family: str
    description: str
    set: dict[str, str]

    @property
    def is_default(self) -> bool:
        return self.name.startswith("default.")

    @property
    def values(self) -> dict[str, str]:
        """The value of each parameter."""
        engine = {name: value for name, (value, *_) in _PARAMETERS.items()}
        return {**engine, **_OF_FAMILY[self.family], **self.set}


def default_groups() -> dict[str, ParameterGroup]:
    """The groups that every account has."""
    return {
        f"default.{family}": ParameterGroup(
            f"default.{family}", family, f"Default parameter group for {family}", {}
        )
        for family in _FAMILIES
    }


def new_group(asked: Members) -> ParameterGroup:
    """The group that a request makes; raises AwsError."""
    name, family = asked["ParameterGroupName"], asked["ParameterGroupFamily"]
    if not _NAME.fullmatch(name):
        raise _invalid("ParameterGroupName must be letters, digits and single hyphens.")
    if family not in _FAMILIES:
        raise _invalid(f"ParameterGroupFamily must be {' or '.join(_FAMILIES)}.")
    return ParameterGroup(name.lower(), family, asked["Description"], {})


def modify(group: ParameterGroup, parameters: Sequence[Members]) -> None:
    """Sets parameters of a group; raises AwsError."""
    if group.is_default:
        raise _invalid("Parameters of a default parameter group cannot be modified.")
    given = {each.get("ParameterName", ""): each.get("ParameterValue", "") for each in parameters}
    for name, value in given.items():
        if name not in _PARAMETERS:
            raise _invalid(f"Could not find parameter with name: {name[:60]}")
        if _PARAMETERS[name][1:] == _BOOLEAN and value not in ("true", "false"):
            raise _invalid(f"The parameter {name} is true or false.")
        if _PARAMETERS[name][1] == "integer" and not re.fullmatch(r"-?[0-9]{1,10}", value):
            raise _invalid(f"The parameter {name} is a whole number.")
    group.set = {**group.set, **given}


def shown(group: ParameterGroup, source: str | None) -> list[Members]:
    """The parameters of a group, as DescribeClusterParameters shows them."""
    found: list[Members] = []
    for name, value in group.values.items():
        _, kind, allowed = _PARAMETERS[name]
        parameter = {
            "ParameterName": name,
            "ParameterValue": value,
            "Source": "user" if name in group.set else "engine-default",
            "DataType": kind,
            "ApplyType": "static",
            "IsModifiable": True,
            **({"AllowedValues": allowed} if allowed else {}),
        }
        if source in (None, parameter["Source"]):
            found.append(parameter)
    return found


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)
