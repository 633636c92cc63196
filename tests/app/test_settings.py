"""Settings are read once, checked whole, and say every fault in one go."""

import base64
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from app.addresses import is_loopback
from app.errors import SettingsError
from app.settings import Settings, load

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


KEYS = [base64.b64encode(bytes([number]) * 32).decode() for number in range(3)]
KEY_ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rowlight-key-AbCdEf"
TABLE = {"SESSION_STORE": "dynamodb:rowlight-sessions"}


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
    assert settings.popup_uri == (
        "https://sales.example.com/component/streamlit_oauth.authorize_button/index.html"
    )
    assert settings.callback_uri == "https://sales.example.com/auth/callback"
    assert settings.signed_out_uri == "https://sales.example.com/auth/signed-out"
    assert settings.redshift_target == {"WorkgroupName": "sales"}
    assert (settings.sign_in, settings.log_level, settings.max_rows) == ("popup", "INFO", 10_000)
    assert (settings.session_store, settings.session_table, settings.log_format) == ("memory", "", "pretty")
    assert (settings.session_hours, settings.session_idle_minutes) == (8, 30)
    assert settings.demo_compare == "off"


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
        ("OIDC_ISSUER", "https://id.example.com?", "is not an address"),
        ("OIDC_ISSUER", "https://id.example.com#x", "is not an address"),
        ("OIDC_ISSUER", "https://b\u00fccher.example.com", "is not an address"),
        ("APP_URL", "https://sales.example.com/app", "has a path"),
        ("APP_URL", "https://sales.example.com:0", "is not an address"),
        ("APP_URL", "https://sales.example.com:65536", "is not an address"),
        ("APP_URL", "https://sales.example.com:quoted-port", "is not an address"),
        ("APP_URL", "https://[sales.example.com", "is not an address"),
        ("SIGN_IN", "magic", "is not valid"),
        ("PROPAGATION", "carrier-pigeon", "is not valid"),
        ("SESSION_STORE", "redis:sessions", "is neither"),
        ("SESSION_STORE", "dynamodb:no", "is neither"),
        ("SESSION_STORE", "dynamodb:a b c", "is neither"),
        ("SESSION_KEY", "quoted-key", "is not 32 bytes in Base64"),
        ("SESSION_KEY", "c2hvcnQ=", "is not 32 bytes in Base64"),
        ("SESSION_KEY", ",,", "is not 32 bytes in Base64"),
        ("SESSION_KEY", f"{KEYS[0]},quoted-key", "is not 32 bytes in Base64"),
        ("SESSION_KEY_ARN", "arn:aws:iam::123456789012:role/x", "is not such an ARN"),
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
        ("QUERY_PATH", "carrier-pigeon", "is not valid"),
        ("REDSHIFT_HOST", "https://sales.example.com", "is not a host"),
        ("REDSHIFT_HOST", "sales.example.com:port", "is not a host"),
        ("QUERY_TIMEOUT_SECONDS", "soon", "is not valid"),
        ("MAX_ROWS", "-7", "is not valid"),
        ("SESSION_HOURS", "25", "is not valid"),
        ("SESSION_HOURS", "nan", "is not valid"),
        ("SESSION_IDLE_MINUTES", "-1", "is not valid"),
        ("LOG_LEVEL", "CHATTY", "is not valid"),
        ("LOG_FORMAT", "xml", "is not valid"),
    ],
)
def test_a_fault_names_the_setting_and_what_is_expected(monkeypatch, name, value, problem):
    found = faults(monkeypatch, **{name: value})
    assert len(found) == 1
    assert found[0].startswith(f"{name} {problem}")
    assert "Expected: " in found[0]
    assert value not in found[0]


def test_the_direct_path_needs_a_host(monkeypatch):
    (fault,) = faults(monkeypatch, QUERY_PATH="driver")
    assert fault.startswith("REDSHIFT_HOST is not set, and QUERY_PATH is driver. Expected: ")
    settings = loaded(monkeypatch, QUERY_PATH="driver", REDSHIFT_HOST="sales.example.com:5439")
    assert (settings.query_path, settings.redshift_host) == ("driver", "sales.example.com:5439")


BY_TAGS = {"PROPAGATION": "session_tags", "IDC_APPLICATION_ARN": None, "BRIDGE_ROLE_ARN": None}


def test_by_session_tags_the_data_role_is_all_that_aws_is_asked_for(monkeypatch):
    settings = loaded(monkeypatch, **BY_TAGS)
    assert (settings.query_path, settings.idc_application_arn, settings.bridge_role_arn) == (
        "data-api",
        "",
        "",
    )
    (fault,) = faults(monkeypatch, **BY_TAGS, DATA_ROLE_ARN="")
    assert fault.startswith("DATA_ROLE_ARN is not set. Expected: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IDC_APPLICATION_ARN", GOOD["IDC_APPLICATION_ARN"]),
        ("BRIDGE_ROLE_ARN", GOOD["BRIDGE_ROLE_ARN"]),
        ("QUERY_PATH", "driver"),
    ],
)
def test_by_session_tags_nothing_of_identity_center_is_set(monkeypatch, name, value):
    host = {"REDSHIFT_HOST": "sales.example.com"}
    (fault,) = faults(monkeypatch, **{**BY_TAGS, **host, name: value})
    assert fault.startswith(f"{name} is set, and PROPAGATION is session_tags. Expected: ")
    assert value == "driver" or value not in fault


def test_identity_center_needs_its_application(monkeypatch):
    (fault,) = faults(monkeypatch, IDC_APPLICATION_ARN=None)
    assert fault.startswith("IDC_APPLICATION_ARN is not set. Expected: ")


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


@pytest.mark.parametrize(
    ("url", "origin", "secure"),
    [
        ("https://sales.example.com/", "https://sales.example.com", True),
        ("HTTPS://Sales.Example.com:443", "https://sales.example.com", True),
        ("https://sales.example.com:8443/", "https://sales.example.com:8443", True),
        ("http://localhost:8501", "http://localhost:8501", False),
        ("http://localhost:80", "http://localhost", False),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443", True),
    ],
)
def test_the_apps_origin_is_as_browsers_write_it(monkeypatch, url, origin, secure):
    settings = loaded(monkeypatch, APP_URL=url)
    assert (settings.origin, settings.secure) == (origin, secure)


def test_people_may_sign_in_by_the_full_page(monkeypatch):
    assert loaded(monkeypatch, SIGN_IN="redirect", LOG_FORMAT="json").sign_in == "redirect"


class TestSessionStore:
    def test_a_table_needs_a_key(self, monkeypatch):
        [fault] = faults(monkeypatch, **TABLE)
        assert fault.startswith("SESSION_KEY_ARN is not set, and neither is SESSION_KEY. Expected: ")

    def test_one_key_in_one_place(self, monkeypatch):
        [fault] = faults(monkeypatch, **TABLE, SESSION_KEY=KEYS[0], SESSION_KEY_ARN=KEY_ARN)
        assert fault.startswith("SESSION_KEY_ARN is set beside SESSION_KEY. Expected: ")

    def test_memory_needs_none(self, monkeypatch):
        assert loaded(monkeypatch, SESSION_STORE="memory").session_keys == ()
        assert loaded(monkeypatch, SESSION_KEY_ARN=KEY_ARN).session_table == ""

    @pytest.mark.parametrize(
        ("text", "numbers"),
        [
            (KEYS[0], [0]),
            (f"{KEYS[1]},{KEYS[0]}", [1, 0]),
            (f" {KEYS[2]} , {KEYS[1]},{KEYS[0]},", [2, 1, 0]),
        ],
    )
    def test_the_keys_are_in_their_order(self, monkeypatch, text, numbers):
        settings = loaded(monkeypatch, **TABLE, SESSION_KEY=text)
        assert settings.session_table == "rowlight-sessions"
        assert settings.session_keys == tuple(bytes([number]) * 32 for number in numbers)
        assert not [key for key in KEYS if key in repr(settings) + settings.model_dump_json()]

    def test_the_keys_may_come_from_secrets_manager(self, monkeypatch):
        asked = []

        def read(*arguments):
            asked.append(arguments)
            return f"{KEYS[1]},{KEYS[0]}\n"

        settings = loaded(monkeypatch, read, **TABLE, SESSION_KEY_ARN=KEY_ARN)
        assert settings.session_keys == (b"\x01" * 32, b"\x00" * 32)
        assert asked == [(KEY_ARN, "eu-central-1")]
        assert KEYS[1] not in repr(settings)

    @pytest.mark.parametrize("secret", ["very-secret-value", "c2hvcnQ=", ",", "\u00e9"])
    def test_a_secret_that_holds_no_key_is_told_without_it(self, monkeypatch, secret):
        with pytest.raises(SettingsError) as caught:
            loaded(monkeypatch, lambda *_: secret, **TABLE, SESSION_KEY_ARN=KEY_ARN)
        assert caught.value.code == "RL-100"
        assert "SESSION_KEY_ARN holds no 32 bytes in Base64." in caught.value.message
        assert secret not in caught.value.message.replace(",", "") or secret == ","
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)


@pytest.mark.parametrize("origins", ["https://tiles.example.com", "http://localhost:9000 https://a.b:8443"])
def test_origins_of_a_map(monkeypatch, origins):
    assert loaded(monkeypatch, MAP_ORIGINS=origins).map_origins == origins


@pytest.mark.parametrize(
    "origins",
    [
        "https://tiles.example.com/",
        "http://tiles.example.com",
        "https://*",
        "'unsafe-eval'",
        "https://a.example.com; script-src *",
        "https://u:p@a.example.com",
        "data:",
    ],
)
def test_what_is_no_origin_never_reaches_a_policy(monkeypatch, origins):
    (fault,) = faults(monkeypatch, MAP_ORIGINS=origins)
    assert fault.startswith("MAP_ORIGINS ")


@pytest.mark.parametrize(("given", "price"), [("0.375", "0.375"), ("12", "12"), ("", None), (None, None)])
def test_the_price_of_an_rpu_hour_is_exact_or_none(monkeypatch, given, price):
    assert loaded(monkeypatch, RPU_HOUR_PRICE=given).rpu_hour_price == (price and Decimal(price))


@pytest.mark.parametrize("price", ["free", "0", "-1", "NaN", "Infinity", "1001", "$0.36"])
def test_what_is_no_price(monkeypatch, price):
    (fault,) = faults(monkeypatch, RPU_HOUR_PRICE=price)
    assert fault.startswith("RPU_HOUR_PRICE is not valid. Expected: US dollars for an RPU-hour")


@pytest.mark.parametrize("currency", ["usd", "US", "EURO", "$"])
def test_what_is_no_currency(monkeypatch, currency):
    (fault,) = faults(monkeypatch, CURRENCY=currency)
    assert fault == "CURRENCY is not valid. Expected: the currency of the sales, by its three letters."


@pytest.mark.parametrize(
    "url", ["https://tiles.example.com/style.json", "https://t.example.com/v2/style.json?key=aB3_-&v=1"]
)
def test_a_style_of_a_map(monkeypatch, url):
    assert loaded(monkeypatch, MAP_STYLE_URL=url).map_style_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://tiles.example.com/style.json",
        "style.json",
        "https://t.example.com/?a=<b>",
        "javascript:1",
        "?key=1",
    ],
)
def test_what_is_no_style_of_a_map(monkeypatch, url):
    (fault,) = faults(monkeypatch, MAP_STYLE_URL=url)
    assert fault.startswith("MAP_STYLE_URL ")
