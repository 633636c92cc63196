"""Settings are read once, checked whole, and say every fault in one go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from app.errors import SettingsError
from app.settings import Settings, is_loopback, load

GOOD = {
    "OIDC_ISSUER": "https://id.example.com/oauth2/default",
    "OIDC_CLIENT_ID": "client",
    "OIDC_CLIENT_SECRET": "very-secret-value",
    "APP_URL": "https://sales.example.com/",
    "AWS_REGION": "eu-central-1",
    "IDC_APPLICATION_ARN": "arn:aws:sso::123456789012:application/ssoins-1234567890/apl-1234567890",
    "BRIDGE_ROLE_ARN": "arn:aws:iam::123456789012:role/IDCBridgeRole",
    "DATA_ROLE_ARN": "arn:aws:iam::123456789012:role/path/RedshiftDataAPIClientRole",
    "REDSHIFT_WORKGROUP": "sales",
    "REDSHIFT_DATABASE": "dev",
}


@pytest.fixture(autouse=True)
def nowhere_else(tmp_path, monkeypatch):
    """No setting and no secrets.toml but what a test puts there."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def no_secret(arn, region):
    raise AssertionError("no secret is to be read")


def loaded(monkeypatch, read_secret=no_secret, **changes):
    for name, value in {**GOOD, **changes}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return load(read_secret)


def faults(monkeypatch, **changes):
    with pytest.raises(SettingsError) as caught:
        loaded(monkeypatch, **changes)
    assert caught.value.code == "RL-100"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "very-secret-value" not in caught.value.message
    return [line[2:] for line in caught.value.message.splitlines() if line.startswith("- ")]


def write_secrets(tmp_path, text):
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(text)


def test_right_settings_are_settings(monkeypatch):
    settings = loaded(monkeypatch)
    assert settings.oidc_issuer == GOOD["OIDC_ISSUER"]
    assert settings.app_url == "https://sales.example.com"
    assert settings.redirect_uri == (
        "https://sales.example.com/component/streamlit_oauth.authorize_button/index.html"
    )
    assert settings.redshift_target == {"WorkgroupName": "sales"}
    assert (settings.sign_in, settings.log_level, settings.max_rows) == ("popup", "INFO", 10_000)


def test_settings_do_not_change(monkeypatch):
    settings = loaded(monkeypatch)
    with pytest.raises(ValidationError):
        settings.max_rows = 1


def test_settings_do_not_show_the_secret(monkeypatch):
    settings = loaded(monkeypatch)
    assert settings.oidc_client_secret == SecretStr("very-secret-value")
    assert (
        "very-secret-value"
        not in f"{settings!r}{settings}{settings.model_dump()}{settings.model_dump_json()}"
    )


def test_every_fault_is_told_at_once():
    with pytest.raises(SettingsError) as caught:
        load(no_secret)
    needed = [name for name in GOOD if name != "BRIDGE_ROLE_ARN"]
    assert not [name for name in needed if name not in caught.value.message]
    assert "REDSHIFT_CLUSTER is not set, and neither is REDSHIFT_WORKGROUP" in caught.value.message


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("OIDC_ISSUER", "http://id.example.com", "is not https"),
        ("OIDC_ISSUER", "http://localhost.example.com", "is not https"),
        ("OIDC_ISSUER", "id.example.com", "is not an address"),
        ("OIDC_ISSUER", "https://user:pass@id.example.com", "holds a user name or a password"),
        ("OIDC_ISSUER", "https://id.example.com?x=1", "is not an address"),
        ("APP_URL", "http://sales.example.com", "is not https"),
        ("APP_URL", "javascript:alert(1)", "is not an address"),
        ("SIGN_IN", "redirect", "is redirect, which this version does not have yet"),
        ("SIGN_IN", "magic", "is not valid"),
        ("AWS_REGION", "Frankfurt", "is not valid"),
        ("IDC_APPLICATION_ARN", "arn:aws:iam::123456789012:role/x", "is not such an ARN"),
        ("BRIDGE_ROLE_ARN", "IDCBridgeRole", "is not such an ARN"),
        ("DATA_ROLE_ARN", "arn:aws:iam::123456789012:user/x", "is not such an ARN"),
        ("REDSHIFT_CLUSTER", "sales-2", "is set beside REDSHIFT_WORKGROUP"),
        (
            "OIDC_CLIENT_SECRET_ARN",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:x",
            "is set beside",
        ),
        ("QUERY_TIMEOUT_SECONDS", "soon", "is not valid"),
        ("MAX_ROWS", "-7", "is not valid"),
        ("SESSION_HOURS", "25", "is not valid"),
        ("SESSION_HOURS", "nan", "is not valid"),
        ("SESSION_IDLE_MINUTES", "-1", "is not valid"),
        ("LOG_LEVEL", "CHATTY", "is not valid"),
    ],
)
def test_a_fault_names_the_setting_and_what_is_expected(monkeypatch, name, value, problem):
    found = faults(monkeypatch, **{name: value})
    assert len(found) == 1
    assert found[0].startswith(f"{name} {problem}")
    assert "Expected: " in found[0]
    assert value not in found[0] or value == "redirect"


@pytest.mark.parametrize("url", ["http://localhost:8502", "http://127.0.0.1:8502"])
def test_this_machine_may_speak_http(monkeypatch, url):
    assert loaded(monkeypatch, OIDC_ISSUER=url, APP_URL=url).oidc_issuer == url


@given(st.text(min_size=1, max_size=40))
def test_no_other_host_counts_as_this_machine(host):
    assert not is_loopback(f"http://x{host.replace('[', '').replace(']', '')}".split("@", maxsplit=1)[0])


def test_a_cluster_may_stand_in_the_workgroups_place(monkeypatch):
    settings = loaded(monkeypatch, REDSHIFT_WORKGROUP=None, REDSHIFT_CLUSTER="sales-1")
    assert settings.redshift_target == {"ClusterIdentifier": "sales-1"}


def test_without_a_bridge_role_the_host_signs(monkeypatch):
    assert loaded(monkeypatch, BRIDGE_ROLE_ARN="").bridge_role_arn == ""


def test_the_file_fills_what_the_environment_leaves_out(monkeypatch, tmp_path):
    write_secrets(tmp_path, 'REDSHIFT_DATABASE = "sales"\nOIDC_CLIENT_ID = "from-file"\n[other]\nx = 1\n')
    settings = loaded(monkeypatch, REDSHIFT_DATABASE=None)
    assert settings.redshift_database == "sales"
    assert settings.oidc_client_id == "client"


def test_a_file_that_is_no_toml_is_told_without_its_text(monkeypatch, tmp_path):
    write_secrets(tmp_path, "OIDC_CLIENT_SECRET = very-secret-value")
    assert faults(monkeypatch) == [
        ".streamlit/secrets.toml cannot be read (TOMLDecodeError). Expected: TOML."
    ]


def test_the_clients_secret_may_come_from_secrets_manager(monkeypatch):
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rowlight-AbCdEf"
    asked = []

    def read(*arguments):
        asked.append(arguments)
        return "from-the-manager"

    settings = loaded(monkeypatch, read, OIDC_CLIENT_SECRET=None, OIDC_CLIENT_SECRET_ARN=arn)
    assert settings.oidc_client_secret.get_secret_value() == "from-the-manager"
    assert asked == [(arn, "eu-central-1")]
    assert "from-the-manager" not in repr(settings)


def test_every_setting_has_a_description_for_its_fault():
    assert all(field.description for field in Settings.model_fields.values())
