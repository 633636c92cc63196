"""rowlight.toml: the example stands, and each fault is told by its key, all of them at once."""

import contextlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.provision.errors import SpecError
from infra.provision.specification import toml_file
from infra.provision.specification.providers import PROVIDERS
from infra.provision.specification.spec import Spec
from infra.provision.specification.toml_keys import KEYS, LISTS, NUMBER, TEXT, TEXTS, TRUTH
from tests.infra.provision.test_policies import spec

EXAMPLE = Path("infra/provision/rowlight.example.toml")
WRONG: dict[str, Any] = {TEXT: 3, NUMBER: "three", TRUTH: "yes", TEXTS: "one"}
# Of each text, one that is not what is expected.
MALFORMED = "*; DROP TABLE ${x} '\""


def document() -> dict[str, Any]:
    return tomllib.loads(EXAMPLE.read_text())


def written(value: Any, path: str = "") -> str:
    """The document as TOML."""
    if isinstance(value, dict) and not path:
        plain = "".join(
            f"{key} = {written(each, key)}\n" for key, each in value.items() if not _section(each)
        )
        sections = "".join(
            f"\n[{key}]\n" + "".join(f"{name} = {written(inner, name)}\n" for name, inner in each.items())
            for key, each in value.items()
            if isinstance(each, dict)
        )
        lists = "".join(
            f"\n[[{key}]]\n" + "".join(f"{name} = {written(inner, name)}\n" for name, inner in each.items())
            for key, several in value.items()
            if _section(several) and isinstance(several, list)
            for each in several
        )
        return plain + sections + lists
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(written(each, path) for each in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {written(each, key)}" for key, each in value.items()) + " }"
    return str(value)


def _section(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)
    )


def faults(of: dict[str, Any]) -> list[str]:
    with pytest.raises(SpecError) as raised:
        toml_file.parse(written(of))
    assert str(raised.value) == "\n".join(raised.value.faults)
    return list(raised.value.faults)


def places() -> Iterator[tuple[str, str, bool]]:
    """Each key by its path, with what it takes and whether it is mandatory."""
    for name, key in KEYS.items():
        yield name, key.kind, key.mandatory or name == "warehouse.workgroup"
    for name, (_, keys) in LISTS.items():
        for inner, key in keys.items():
            yield f"{name}[1].{inner}", key.kind, key.mandatory


PLACES = {name: (kind, mandatory) for name, kind, mandatory in places()}
MANDATORY = [name for name, (_, mandatory) in PLACES.items() if mandatory]


def reach(of: dict[str, Any], path: str) -> tuple[dict[str, Any], str]:
    """The section that has the key, and the key's own name."""
    *before, last = path.split(".")
    for part in before:
        of = of[part[:-3]][0] if part.endswith("[1]") else of.setdefault(part, {})
    return of, last


def test_the_example_is_what_the_defaults_are() -> None:
    values = toml_file.read(EXAMPLE)
    identity = {"account_id": "123456789012", "instance_arn": spec().instance_arn}
    found = Spec(**values, **identity, identity_store_id=spec().identity_store_id)
    (table,) = found.tables
    assert found.loads == {"public.sales_data": ("s3://my-sales/sales_data/", "PARQUET")}
    assert found.max_capacity == spec().most_capacity
    defaults = spec(issuer=found.issuer, client_id=found.client_id, data_bucket="", max_capacity=32)
    assert replace(found, tables=(replace(table, copy_from=""),)) == defaults


def test_every_key_is_in_the_example() -> None:
    text = EXAMPLE.read_text()
    missing = [
        name for name in PLACES if not re.search(rf"^(# )?{name.split('.')[-1]} = ", text, re.MULTILINE)
    ]
    assert missing == []


@pytest.mark.parametrize("name", MANDATORY)
def test_a_mandatory_key_that_is_missing_is_named(name: str) -> None:
    of = document()
    section, last = reach(of, name)
    del section[last]
    (fault,) = faults(of)
    assert fault.startswith(f"{name} is missing: ")


@pytest.mark.parametrize("name", MANDATORY)
def test_a_mandatory_key_that_is_empty_is_named(name: str) -> None:
    if PLACES[name][0] != TEXT:
        return
    of = document()
    section, last = reach(of, name)
    section[last] = ""
    (fault,) = faults(of)
    assert fault.startswith(f"{name} is ")


@pytest.mark.parametrize("name", PLACES)
def test_a_key_of_the_wrong_type_is_named(name: str) -> None:
    of = document()
    section, last = reach(of, name)
    kind, _ = PLACES[name]
    section[last] = WRONG.get(kind, "a text")
    (fault,) = faults(of)
    assert re.match(rf"{re.escape(name)} is (a whole number|a text), not {kind}: ", fault)


@pytest.mark.parametrize("name", [name for name, (kind, _) in PLACES.items() if kind == TEXT])
def test_a_malformed_text_is_named_and_what_is_expected(name: str) -> None:
    of = document()
    section, last = reach(of, name)
    if name == "warehouse.cluster":
        del section["workgroup"]
    section[last] = MALFORMED
    found = faults(of)
    assert [fault for fault in found if fault.startswith(name.partition("[")[0])], found
    if name in KEYS:
        (fault,) = found
        assert fault.startswith(f"{name} is ")
        assert KEYS[name].expected in fault or "writes its issuers" in fault
        assert ("DROP" in fault) != bool(toml_file._SECRET.search(name))


def test_all_faults_are_told_at_once() -> None:
    of = document()
    del of["region"]
    of["provider"]["issuer"] = "https://example.okta.com/"
    of["warehouse"]["base_capacity"] = "8"
    of["warehouse"]["max_capcity"] = 32
    of["groups"][0]["policies"] = ["americas"]
    assert [fault.partition(" ")[0] for fault in faults(of)] == [
        *(
            "region",
            "warehouse.base_capacity",
            "warehouse.max_capcity",
            "provider.issuer",
            "groups",
            "groups",
        ),
    ]


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("warehouse.base_capcity", "warehouse.base_capacity"),
        ("provider.region", "region"),
        ("issuer", "provider.issuer"),
        ("provider.clientid", "provider.client_id"),
        ("groups[1].polices", "groups[1].policies"),
        ("roles.bridge_role", "roles.bridge"),
        ("xyzzy", ""),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(path: str, meant: str) -> None:
    of = document()
    section, last = reach(of, path)
    section[last] = "x"
    (fault,) = faults(of)
    assert fault == f"{path} is not known" + (f": is {meant} meant?" if meant else "")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "client_secret",
            "provider.client_secret",
            "provider.OIDC_CLIENT_SECRET",
            "warehouse.admin_password",
        ),
        *("app.session_key", "provider.api_key", "aws_secret_access_key", "groups[1].token", "secret.value"),
    ],
)
def test_a_secret_is_refused_and_its_place_is_told(path: str) -> None:
    of = document()
    section, last = reach(of, path)
    section[last] = "hunter2"
    (fault,) = faults(of)
    assert fault.startswith(path.partition(".")[0])
    assert "no secret belongs in this file" in fault
    assert "OIDC_CLIENT_SECRET_ARN" in fault
    assert "hunter2" not in fault


def test_a_secret_in_place_of_its_arn_is_not_repeated() -> None:
    of = document()
    of["provider"]["client_secret_arn"] = "hunter2"
    (fault,) = faults(of)
    assert fault.startswith("provider.client_secret_arn is not what is expected: the ARN of a secret")
    assert "hunter2" not in fault


def test_of_workgroup_and_cluster_there_is_one() -> None:
    of = document()
    of["warehouse"]["cluster"] = "sales"
    assert faults(of) == ["warehouse.cluster stands beside warehouse.workgroup: one of both"]
    del of["warehouse"]["workgroup"]
    assert toml_file.parse(written(of))["cluster"] == "sales"


@pytest.mark.parametrize("name", ["tables", "groups"])
def test_lists_that_are_missing_or_none_are_told(name: str) -> None:
    for value in (None, [], "x", {"name": "x"}):
        of = document()
        del of[name]
        if value is not None:
            of[name] = value
        (fault,) = faults(of)
        assert fault.startswith(f"{name} is ")
        assert f"[[{name}]]" in fault


def test_a_section_that_is_none_is_told() -> None:
    of = document()
    of["roles"] = "all"
    assert faults(of) == ["roles is a text: it must be a section, [roles]"]


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("okta", "https://example.okta.com/oauth2/default", "https://example.okta.com/"),
        (
            "entra",
            "https://login.microsoftonline.com/0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f/v2.0",
            "https://login.microsoftonline.com/common/v2.0",
        ),
        ("auth0", "https://example.eu.auth0.com/", "https://example.eu.auth0.com"),
        ("keycloak", "https://id.example.com/realms/sales", "https://id.example.com/realms/sales/"),
        (
            "ping",
            "https://auth.pingone.eu/0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f/as",
            "https://auth.pingone.eu",
        ),
        ("google", "https://accounts.google.com", "https://accounts.google.com/"),
        ("other", "https://id.example.com/anything/", "id.example.com"),
    ],
)
def test_issuers_are_written_as_each_provider_writes_them(kind: str, right: str, wrong: str) -> None:
    of = document()
    of["provider"] |= {"kind": kind, "issuer": right}
    assert toml_file.parse(written(of))["issuer"] == right
    of["provider"]["issuer"] = wrong
    (fault,) = faults(of)
    assert fault.startswith(f"provider.issuer is '{wrong}'")
    assert PROVIDERS[kind].title in fault or kind == "other"


def test_what_is_no_file_or_no_toml_is_told_without_its_text(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        toml_file.read(tmp_path / "rowlight.toml")
    file = tmp_path / "rowlight.toml"
    file.write_bytes(b"\xff")
    with pytest.raises(SpecError, match="it is not UTF-8"):
        toml_file.read(file)
    file.write_text('client_secret = "hunter2\n')
    with pytest.raises(SpecError, match=r"^rowlight\.toml is not TOML: .*line 1") as raised:
        toml_file.read(file)
    assert "hunter2" not in str(raised.value)


@given(st.text(max_size=40))
def test_any_text_is_a_specification_or_told_why_not(text: str) -> None:
    with pytest.raises(SpecError):
        toml_file.parse(text)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "x", "columns"]), inner)
    ),
    max_leaves=5,
)


@given(st.sampled_from(sorted(PLACES)), _VALUES)
def test_any_value_of_a_key_is_taken_or_told(name: str, value: Any) -> None:
    of = document()
    section, last = reach(of, name)
    section[last] = value
    with contextlib.suppress(SpecError):
        toml_file._values(of)
