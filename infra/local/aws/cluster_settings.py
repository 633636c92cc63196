"""What a cluster can be made with, and what it can be changed to."""

import re
from collections.abc import Mapping
from typing import Any

from infra.local.aws.holders import AWS_OWNED_KEY, key_id
from infra.local.aws.model import AwsError, Call
from infra.local.aws.wire import not_implemented
from infra.local.config import DATABASE

Settings = Mapping[str, Any]
_SIZE = frozenset({"ClusterType", "NodeType", "NumberOfNodes"})
_KEPT = frozenset(
    {"PubliclyAccessible", "Encrypted", "KmsKeyId", "EnhancedVpcRouting", "Port", "VpcSecurityGroupIds"}
)
_PASSWORD = frozenset({"MasterUserPassword", "ManageMasterPassword"})
CREATED_WITH = (
    _SIZE
    | _KEPT
    | _PASSWORD
    | {
        "ClusterIdentifier",
        "ClusterParameterGroupName",
        "DBName",
        "DefaultIamRoleArn",
        "IamRoles",
        "MasterUsername",
        "RedshiftIdcApplicationArn",
        "Tags",
    }
)
CHANGED_WITH = _SIZE | _KEPT | _PASSWORD | {"ClusterIdentifier", "ClusterParameterGroupName"}
_DEFAULTS: Settings = {
    "PubliclyAccessible": False,
    "Encrypted": True,
    "KmsKeyId": AWS_OWNED_KEY,
    "EnhancedVpcRouting": False,
    "Port": 5439,
    "VpcSecurityGroupIds": ["sg-0" + "a" * 16],
}
_NODE_TYPES = frozenset(
    {
        *("dc2.large", "dc2.8xlarge", "rg.large", "rg.xlarge", "rg.4xlarge", "rg.12xlarge"),
        *("ra3.large", "ra3.xlplus", "ra3.4xlarge", "ra3.16xlarge"),
    }
)
_PORTS = (range(5431, 5456), range(8191, 8216))
_IDENTIFIER = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,62}(?<!-)")
_USER = re.compile(r"[a-z][a-z0-9_+.@-]{0,127}")
_DATABASE = re.compile(r"[a-z0-9_$]{1,64}")
_WORD = re.compile(r"""[!#-&(-.0-?A-\[\]-~]{8,64}""")  # ASCII 33 to 126 without ' " \ / @
_NEEDED = ("[A-Z]", "[a-z]", "[0-9]")
_MOST_NODES = 100


def check_new(asked: Settings) -> tuple[str, str]:
    """The administrator's name and the database's, of a cluster that can be made; raises AwsError."""
    if not _IDENTIFIER.fullmatch(asked["ClusterIdentifier"]):
        raise invalid("ClusterIdentifier must be lower case letters, digits and single hyphens.")
    administrator, database = asked["MasterUsername"], asked.get("DBName", DATABASE)
    if not _USER.fullmatch(administrator) or administrator == "public":
        raise invalid("MasterUsername must have lower case letters and digits.")
    if not _DATABASE.fullmatch(database):
        raise invalid("DBName must have lower case letters and digits.")
    if not asked.get("ManageMasterPassword") and "MasterUserPassword" not in asked:
        raise AwsError(
            "InvalidParameterCombination", "Give a MasterUserPassword, or let Redshift manage the password."
        )
    check_password(asked)
    return str(administrator), str(database)


def check_password(asked: Settings) -> None:
    """Refuses a password that Redshift does not take."""
    word = asked.get("MasterUserPassword")
    if word is not None and not (_WORD.fullmatch(word) and all(re.search(kind, word) for kind in _NEEDED)):
        raise invalid("MasterUserPassword must have 8 to 64 letters: an upper, a lower case one, a digit.")


def of_new_cluster(asked: Settings) -> dict[str, Any]:
    """The settings of a cluster that is made with these; raises AwsError."""
    return changed({**_DEFAULTS, "NumberOfNodes": 1}, asked)


def changed(settings: Settings, changes: Settings) -> dict[str, Any]:
    """The settings with the changes; raises AwsError."""
    result = {**settings, **{name: value for name, value in changes.items() if name in _KEPT | _SIZE}}
    if result["Encrypted"] is not True:
        raise AwsError("UnsupportedOperation", "A cluster is always encrypted.")
    key_id(result["KmsKeyId"], invalid="InvalidParameterValue")
    if not any(result["Port"] in ports for ports in _PORTS):
        raise invalid("Port must be from 5431 to 5455, or from 8191 to 8215.")
    if not all(re.fullmatch("sg-([0-9a-f]{8}|[0-9a-f]{17})", each) for each in result["VpcSecurityGroupIds"]):
        raise invalid("VpcSecurityGroupIds must be identifiers such as sg-0123456789abcdef0.")
    return _sized(result, changes)


def _sized(result: dict[str, Any], changes: Settings) -> dict[str, Any]:
    """Its nodes: one that is single has one, and one with several says how many."""
    if result["NodeType"] not in _NODE_TYPES:
        raise invalid("NodeType is not known.")
    kind, nodes = changes.get("ClusterType"), changes.get("NumberOfNodes")
    if kind not in (None, "single-node", "multi-node"):
        raise invalid("ClusterType must be single-node or multi-node.")
    if (kind == "multi-node" and (nodes or 1) < 2) or (kind == "single-node" and (nodes or 1) != 1):  # noqa: PLR2004 - several
        raise AwsError(
            "InvalidParameterCombination", f"A {kind} cluster does not have {nodes or 'that many'} nodes."
        )
    if not 1 <= result["NumberOfNodes"] <= _MOST_NODES:
        raise invalid(f"NumberOfNodes must be from 1 to {_MOST_NODES}.")
    if kind == "single-node":
        result["NumberOfNodes"] = 1
    return {name: value for name, value in result.items() if name != "ClusterType"}


def refuse_others(call: Call, known: frozenset[str]) -> None:
    """Refuses every parameter that would be kept without effect."""
    others = sorted(set(call.parameters) - known)
    if others:
        raise not_implemented("redshift", f"{call.operation} with {others[0]}")


def invalid(message: str) -> AwsError:
    """The error for a value that cannot be."""
    return AwsError("InvalidParameterValue", message)
