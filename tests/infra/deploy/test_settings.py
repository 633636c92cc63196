"""What the container is told is what the app asks for, and what infra/provision says."""

import re
from decimal import Decimal

import pytest
from pydantic import SecretStr

from app.settings import SECRETS_FILE, Settings, load
from infra.provision.apply import Outputs
from infra.provision.env import settings_of
from tests.infra.deploy.render import GIVEN, REGION, ROOT, Rendered, rendered, template
from tests.infra.provision import documents

CLIENT_SECRET = "the client's own"
SESSION_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.fixture
def told(service: Rendered, monkeypatch: pytest.MonkeyPatch, tmp_path) -> Settings:
    """The app's settings in the container: its environment, no file, and what Secrets Manager holds."""
    monkeypatch.chdir(tmp_path)
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    secrets = {GIVEN["OidcClientSecretArn"]: CLIENT_SECRET, GIVEN["SessionKeyArn"]: SESSION_KEY}
    assert not SECRETS_FILE.exists()
    return load(lambda arn, region: {REGION: secrets}[region][arn])


def test_nothing_is_missing_and_nothing_is_wrong(told: Settings, service: Rendered) -> None:
    assert told.app_url == f"https://{GIVEN['AppHost']}"
    assert told.oidc_client_secret.get_secret_value() == CLIENT_SECRET
    assert told.session_table == service.outputs["SessionTable"]
    assert told.secure
    assert told.redshift_target == {"WorkgroupName": GIVEN["RedshiftWorkgroup"]}


def test_the_task_role_exchanges_the_tokens_itself(told: Settings) -> None:
    assert told.bridge_role_arn == ""


def test_the_log_is_one_that_metric_filters_read(told: Settings) -> None:
    assert told.log_format == "json"


def test_each_name_is_a_setting_and_none_holds_a_secret(service: Rendered) -> None:
    names = {name.lower() for name in service.environment}
    assert names <= set(Settings.model_fields)
    secret = {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    assert secret == {"oidc_client_secret", "session_key"}
    assert not names & secret
    # Nor does ECS put one there, which whoever reads the environment would have.
    assert "Secrets" not in service.container


def parameter_of(setting: str) -> str:
    return "".join(word.capitalize() for word in setting.split("_"))


# These are not asked for: the stacks know them.
KNOWN = {"APP_URL": "AppHost", "AWS_REGION": "", "SESSION_STORE": "", "BRIDGE_ROLE_ARN": ""}


@pytest.mark.parametrize("cluster", ["", "sales"])
def test_what_provision_prints_is_what_the_stack_asks_for(cluster: str) -> None:
    spec = documents.spec(
        host_role_arn=documents.HOST["host_role_arn"],
        session_table="sessions",
        client_secret_arn=GIVEN["OidcClientSecretArn"],
        session_key_arn=GIVEN["SessionKeyArn"],
        provider="entra",
        cluster=cluster,
    )
    outputs = Outputs(
        region=spec.region,
        issuer=spec.issuer,
        client_id=spec.client_id,
        application_arn=documents.application_arn(spec),
        redshift_application_arn="",
        bridge_role_arn="",
        data_role_arn=spec.role_arn(spec.data_role),
        workgroup="" if cluster else spec.workgroup,
        warehouse_arn=documents.warehouse_arn(spec),
        database=spec.database,
        admin_secret_arn="",
        cluster=cluster,
        session_table=spec.session_table,
    )
    parameters = template("service")["Parameters"]
    printed = settings_of(spec, outputs)
    assert {"SESSION_KEY_ARN", "OIDC_EMAIL_VERIFIED", "PERSONAL_TABLES"} < set(printed)
    for name in printed:
        assert KNOWN.get(name, parameter_of(name)) in {*parameters, ""}, name


def test_the_image_is_what_the_task_expects(service: Rendered) -> None:
    """Its user, its port, and that it listens to others: what the template takes for granted."""
    dockerfile = (ROOT / "infra" / "deploy" / "Dockerfile").read_text()
    app = dockerfile[dockerfile.index(" AS app\n") :]
    said = dict(re.findall(r"^(USER|EXPOSE) (\S+)$", app, re.MULTILINE))
    (mapping,) = service.container["PortMappings"]
    assert said == {"USER": service.container["User"], "EXPOSE": str(mapping["ContainerPort"])}
    assert "STREAMLIT_SERVER_ADDRESS=0.0.0.0" in app
    assert service.container["ReadonlyRootFilesystem"] is True
    (writable,) = service.container["LinuxParameters"]["Tmpfs"]
    assert f"VOLUME {writable['ContainerPath']}\n" in dockerfile


def test_the_shares_of_all_tasks_together_are_the_quotas(service: Rendered) -> None:
    shares = template("service")["Mappings"]["DataApiShare"]
    assert set(shares) == set(template("service")["Parameters"]["MaximumTasks"]["AllowedValues"])
    for tasks, share in shares.items():
        unused = 1 - int(tasks) * Decimal(share["Each"])
        assert 0 <= unused < Decimal("0.01") * int(tasks)
    assert service.environment["DATA_API_SHARE"] == "0.25"


@pytest.fixture(scope="module")
def other() -> Rendered:
    """Everything that can be chosen, chosen otherwise."""
    return rendered(
        ClientCidr="",
        ClientPrefixList="pl-0123456789abcdef0",
        RedshiftWorkgroup="",
        RedshiftCluster="sales",
        SignIn="popup",
        Waf="off",
        AlarmEmail="",
        MaximumTasks="10",
    )


def test_a_cluster_in_the_workgroups_place(other: Rendered) -> None:
    assert other.environment["REDSHIFT_CLUSTER"] == "sales"
    assert "REDSHIFT_WORKGROUP" not in other.environment
    assert (other.environment["SIGN_IN"], other.environment["DATA_API_SHARE"]) == ("popup", "0.1")


def test_what_is_not_wanted_is_not_there(service: Rendered, other: Rendered) -> None:
    assert set(service.types) - set(other.types) == {"Firewall", "FirewallBefore", "AlarmsByMail"}


@pytest.mark.parametrize(("which", "wanted"), [("service", "CidrIp"), ("other", "SourcePrefixListId")])
def test_only_the_people_reach_the_load_balancer_and_only_that_the_tasks(
    which: str, wanted: str, request: pytest.FixtureRequest
) -> None:
    found: Rendered = request.getfixturevalue(which)
    open_to = {"CidrIp": GIVEN["ClientCidr"], "SourcePrefixListId": "pl-0123456789abcdef0"}
    rules = found.properties["LoadBalancerGroup"]["SecurityGroupIngress"]
    for rule in rules:
        assert {name for name in rule if name.startswith(("Cidr", "Source"))} == {wanted}
        assert rule[wanted] == open_to[wanted]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in rules] == [(443, 443), (80, 80)]
    # Of the tasks' group, and of no other, there is one rule more.
    assert "SecurityGroupIngress" not in found.properties["TaskGroup"]
    (into,) = found.of_type("AWS::EC2::SecurityGroupIngress").values()
    assert into["SourceSecurityGroupId"] == found.names["LoadBalancerGroup"]
    assert not {name for name in into if name.startswith("Cidr")}
    (out,) = found.properties["LoadBalancerGroup"]["SecurityGroupEgress"]
    assert out["DestinationSecurityGroupId"] == into["GroupId"]
    assert {"".join(name for name in out if name.startswith("Cidr"))} == {""}
    placed = found.properties["Service"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert placed["AssignPublicIp"] == "DISABLED"
    assert placed["SecurityGroups"] == [into["GroupId"]]
