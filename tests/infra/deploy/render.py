"""The CloudFormation templates as AWS would have them, for given parameters.

moto resolves them, in a process of their own: what it makes of them would else stand in the accounts of
whichever stand-in runs in this one.
"""

import contextlib
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from cfnlint.decode import decode
from moto import mock_aws
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import clean_json

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "infra" / "deploy" / "cloudformation"
TEMPLATES = {name: FOLDER / f"{name}.yaml" for name in ("state", "service")}
ACCOUNT, REGION = "123456789012", "us-east-1"
STACKS = {"state": "rowlight-state", "service": "rowlight"}
EXAMPLE = FOLDER / "service.example.parameters"
GIVEN: Mapping[str, str] = dict(
    line.split("=", 1) for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")
)


@dataclass(frozen=True)
class Rendered:
    """Each resource's properties, what each is called, and the outputs of both stacks."""

    properties: Mapping[str, Any]
    types: Mapping[str, str]
    names: Mapping[str, str]
    outputs: Mapping[str, str]

    def of_type(self, kind: str) -> dict[str, Any]:
        return {name: self.properties[name] for name, found in self.types.items() if found == kind}

    @property
    def trusts(self) -> dict[str, Any]:
        """Who may be each role."""
        return {
            name: role["AssumeRolePolicyDocument"] for name, role in self.of_type("AWS::IAM::Role").items()
        }

    @property
    def permissions(self) -> dict[str, Any]:
        """What each role may: its one policy, wherever that stands."""
        roles = self.of_type("AWS::IAM::Role")
        logical = {self.names[name]: name for name in roles}
        given = [(name, each["PolicyDocument"]) for name in roles for each in roles[name].get("Policies", [])]
        for attached in self.of_type("AWS::IAM::Policy").values():
            given += [(logical[role], attached["PolicyDocument"]) for role in attached["Roles"]]
        assert sorted(name for name, _ in given) == sorted(roles)
        assert not any("ManagedPolicyArns" in role for role in roles.values())
        return dict(given)

    @property
    def of_resources(self) -> dict[str, Any]:
        """What the key and the topic say of whoever comes."""
        return {
            "Key": self.properties["Key"]["KeyPolicy"],
            "Alarms": self.properties["AlarmsPolicy"]["PolicyDocument"],
        }

    @property
    def environment(self) -> dict[str, str]:
        """What the container is told."""
        return {each["Name"]: each["Value"] for each in self.container["Environment"]}

    @property
    def container(self) -> Mapping[str, Any]:
        (only,) = self.properties["Task"]["ContainerDefinitions"]
        return only


def template(name: str) -> dict[str, Any]:
    """A template as it is written."""
    found, faults = decode(str(TEMPLATES[name]))
    assert not faults
    return found


def rendered(**changes: str) -> Rendered:
    """Both stacks with the example's parameters, but for these; an empty text takes one away."""
    return _rendered(tuple(sorted({**GIVEN, **changes}.items())))


@cache
def _rendered(parameters: tuple[tuple[str, str], ...]) -> Rendered:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.infra.deploy.render"],
        input=json.dumps({name: value for name, value in parameters if value}),
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Rendered(**json.loads(done.stdout))


@mock_aws
def _render(parameters: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    cloudformation, ec2, acm = (
        boto3.client(service, region_name=REGION) for service in ("cloudformation", "ec2", "acm")
    )
    there = place(ec2, acm)
    found: dict[str, dict[str, Any]] = {"properties": {}, "types": {}, "names": {}, "outputs": {}}
    for name, given in {"state": {}, "service": {**parameters, **there}}.items():
        cloudformation.create_stack(
            StackName=STACKS[name],
            TemplateBody=TEMPLATES[name].read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        stack = cloudformation_backends[ACCOUNT][REGION].get_stack(STACKS[name])
        resources = stack.resource_map
        (told,) = cloudformation.describe_stacks(StackName=STACKS[name])["Stacks"]
        found["outputs"] |= {each["OutputKey"]: each["OutputValue"] for each in told["Outputs"]}
        for logical, resource in template(name)["Resources"].items():
            if "Condition" in resource and not resources.lazy_condition_map[resource["Condition"]]:
                continue
            found["types"][logical] = resource["Type"]
            found["properties"][logical] = resource["Properties"]
            with contextlib.suppress(
                AttributeError, ValidationError
            ):  # what moto does not know stays as it is written
                found["properties"][logical] = clean_json(resource["Properties"], resources)
            found["names"][logical] = getattr(resources[logical], "physical_resource_id", "")
    return found


def place(ec2: Any, acm: Any) -> dict[str, str]:
    """A network and a certificate, which are there before: moto looks whether they are."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for number, zone in enumerate("ab")
    ]
    names = ",".join(each["Subnet"]["SubnetId"] for each in subnets)
    certificate = acm.request_certificate(DomainName=GIVEN["AppHost"])["CertificateArn"]
    return {
        "Vpc": vpc,
        "LoadBalancerSubnets": names,
        "TaskSubnets": names,
        "CertificateArn": certificate,
    }


if __name__ == "__main__":
    logging.disable()  # of which types it plays none
    json.dump(_render(json.load(sys.stdin)), sys.stdout, default=str)
