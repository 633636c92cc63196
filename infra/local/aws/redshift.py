"""The redshift service: integrations with Identity Center, clusters with their parameters, and tags."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra.local.aws.model import AwsError, Call
from infra.local.aws.paging import page_of_records
from infra.local.aws.redshift_applications import RedshiftApplications
from infra.local.aws.redshift_clusters import Clusters
from infra.local.aws.states import PutBack, all_of
from infra.local.aws.tags import Tags

Members = Mapping[str, Any]
_KINDS = {
    "cluster": "cluster",
    "parametergroup": "parameter group",
    "redshiftidcapplication": "redshiftidcapplication",
}


class RedshiftService:
    """All that the redshift service is asked for."""

    def __init__(self, *, applications: RedshiftApplications, clusters: Clusters, tags: Tags) -> None:
        self._applications = applications
        self._clusters = clusters
        self._tags = tags
        self.operations: Mapping[str, Callable[[Call], Members]] = {
            **applications.operations,
            **clusters.operations,
            "CreateTags": self.create_tags,
            "DeleteTags": self.delete_tags,
            "DescribeTags": self.describe_tags,
        }

    def keep(self) -> PutBack:
        """Keeps what there is; what is returned puts it back."""
        return all_of(self._applications.keep(), self._clusters.keep(), self._tags.keep())

    def resource(self, call: Call) -> str:
        """The ARN that an operation's permission is asked for; "*" where it names none."""
        asked = call.parameters
        for member in ("ResourceName", "RedshiftIdcApplicationArn"):
            if member in asked and not call.operation.startswith("CreateCluster"):
                return str(asked[member])
        return self._clusters.resource(asked)

    def create_tags(self, call: Call) -> Members:
        self._tags.add(self._resource(call), call.parameters["Tags"])
        return {}

    def delete_tags(self, call: Call) -> Members:
        self._tags.remove(self._resource(call), call.parameters["TagKeys"])
        return {}

    def describe_tags(self, call: Call) -> Members:
        asked = call.parameters
        if "ResourceName" in asked and "ResourceType" in asked:
            raise AwsError("InvalidParameterValue", "Give a resource's name or a type, not both.")
        arns = [self._resource(call)] if "ResourceName" in asked else sorted(self._arns())
        return page_of_records(list(self._described(arns, asked)), asked, "TaggedResources")

    def _described(self, arns: list[str], asked: Members) -> Iterator[Members]:
        for arn in arns:
            kind = _KINDS[arn.split(":")[5]]
            if asked.get("ResourceType", kind) != kind:
                continue
            for tag in self._tags.of(arn):
                keys, values = asked.get("TagKeys"), asked.get("TagValues")
                if (not keys or tag["Key"] in keys) and (not values or tag["Value"] in values):
                    yield {"Tag": tag, "ResourceName": arn, "ResourceType": kind}

    def _arns(self) -> frozenset[str]:
        return self._applications.arns() | self._clusters.arns()

    def _resource(self, call: Call) -> str:
        arn = str(call.parameters["ResourceName"])
        if arn not in self._arns():
            raise AwsError("ResourceNotFoundFault", f"The resource {arn} does not exist.", 404)
        return arn
