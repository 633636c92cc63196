"""Service Quotas: how much of Redshift an account may have. They are shown, and keep nobody from anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.aws.conditions import Conditions
from infra.local.aws.model import AwsError, Call
from infra.local.aws.paging import page
from infra.local.config import ACCOUNT_ID, REGION

Members = Mapping[str, Any]
_NAMES = {"redshift": "Amazon Redshift", "redshift-serverless": "Amazon Redshift Serverless"}


@dataclass(frozen=True)
class _Quota:
    service: str
    code: str  # the stand-in's own: AWS's are not documented
    name: str
    value: float


_QUOTAS = (
    _Quota("redshift", "L-00000001", "Nodes", 200),
    _Quota("redshift", "L-00000002", "Parameter groups", 20),
    _Quota("redshift-serverless", "L-00000003", "Number of namespaces", 25),
    _Quota("redshift-serverless", "L-00000004", "Number of workgroups", 25),
)


class ServiceQuotas:
    """The service-quotas service."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self.operations: Mapping[str, Callable[[Call], Members]] = {
            "ListServiceQuotas": self.list_quotas,
            "ListAWSDefaultServiceQuotas": self.list_quotas,
            "GetServiceQuota": self.get_quota,
            "GetAWSDefaultServiceQuota": self.get_quota,
        }

    def list_quotas(self, call: Call) -> Members:
        asked = call.parameters
        found = [
            self._members(quota, call)
            for quota in self._of_service(call)
            if asked.get("QuotaCode", quota.code) == quota.code
        ]
        shown, token = page(found, most=asked.get("MaxResults"), token=asked.get("NextToken"))
        return {"Quotas": shown, **({"NextToken": token} if token else {})}

    def get_quota(self, call: Call) -> Members:
        for quota in self._of_service(call):
            if quota.code == call.parameters["QuotaCode"]:
                return {"Quota": self._members(quota, call)}
        raise _no_such("quota")

    def _of_service(self, call: Call) -> list[_Quota]:
        found = [quota for quota in _QUOTAS if quota.service == call.parameters["ServiceCode"]]
        if not found:
            raise _no_such("service")
        return found

    def _members(self, quota: _Quota, call: Call) -> Members:
        usual = "Default" in call.operation
        return {
            "ServiceCode": quota.service,
            "ServiceName": _NAMES[quota.service],
            "QuotaArn": f"arn:aws:servicequotas:{REGION}:{ACCOUNT_ID}:{quota.service}/{quota.code}",
            "QuotaCode": quota.code,
            "QuotaName": quota.name,
            "Value": float(quota.value if usual else self._conditions.quotas.get(quota.code, quota.value)),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


def _no_such(what: str) -> AwsError:
    return AwsError("NoSuchResourceException", f"The request failed because the {what} does not exist.")
