"""Whatever comes in is read or refused by name, never anything else."""

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.aws import sigv4, wire
from infra.local.aws.model import AwsError

SERVICES = ("sts", "iam", "sso-admin", "sso-oidc", "redshift", "redshift-serverless", "redshift-data")
TEXT = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=10,
)


def request(body: bytes, headers: dict[str, str], *, path: str = "/", query: str = "") -> wire.HttpRequest:
    return wire.HttpRequest("POST", path, query, headers, body)


@st.composite
def calls(draw):
    """A request for an operation that exists, with parameters that nobody checked."""
    service = wire.model_of(draw(st.sampled_from(SERVICES)))
    model = service.operation_model(draw(st.sampled_from(sorted(service.operation_names))))
    members = sorted(model.input_shape.members) if model.input_shape else []
    names = st.sampled_from(members) if members else st.text(max_size=8)
    if service.protocol == "query":
        fields = draw(st.dictionaries(names | TEXT, TEXT, max_size=4))
        body = "&".join(f"{name}={value}" for name, value in fields.items())
        headers = {"content-type": wire.FORM}
        return model, request(f"Action={model.name}&{body}".encode(), headers)
    body = draw(st.dictionaries(names, JSON, max_size=4).map(json.dumps) | st.text(max_size=20)).encode()
    headers = {"x-amz-target": f"{service.metadata.get('targetPrefix')}.{model.name}"}
    path, _, query = model.http["requestUri"].partition("?")
    return model, request(body, headers, path=path, query=query if service.protocol == "rest-json" else "")


@given(calls())
def test_parameters_are_an_object_or_refused(call):
    model, sent = call
    with contextlib.suppress(AwsError):
        assert isinstance(wire.parameters(sent, wire.operation(sent, model.service_model)), dict)


@given(st.dictionaries(st.sampled_from(["authorization", "x-amz-date", "content-type"]), TEXT), TEXT)
def test_an_authorization_is_read_or_refused(headers, query):
    with contextlib.suppress(AwsError):
        found = sigv4.parse(request(b"", headers, query=query), "query")
        assert found is None or found.service


@pytest.mark.parametrize(
    ("service", "headers", "query", "body"),
    [
        ("sso-admin", {"x-amz-target": "Other.ListInstances"}, "", b"{}"),
        (
            "sso-admin",
            {"x-amz-target": "SWBExternalService.ListInstances"},
            "Action=CreateApplication",
            b"{}",
        ),
        ("iam", {"content-type": wire.FORM}, "Action=ListUsers", b"Action=CreateUser"),
        ("iam", {"content-type": wire.FORM}, "", b"Action=No_Such.Thing%00"),
        ("iam", {"content-type": "text/plain"}, "", b"Action=ListUsers"),
        ("sso-oidc", {}, "", b"{}"),
    ],
)
def test_an_operation_is_named_in_one_place(service, headers, query, body):
    with pytest.raises(AwsError) as caught:
        wire.operation(request(body, headers, query=query), wire.model_of(service))
    assert caught.value.code == "NotImplemented"


def test_an_error_in_xml_is_only_text():
    error = AwsError("Code", '<a>&"é\N{SNOWMAN}')
    answer = wire.failure(error, wire.model_of("sts"), "the-id")
    assert '<Message>&lt;a&gt;&amp;"é\N{SNOWMAN}</Message>' in answer.body.decode()


def test_half_a_surrogate_pair_is_no_text():
    model = wire.model_of("redshift-data").operation_model("ExecuteStatement")
    for body in (b'{"Sql": "SELECT \'\\ud800\'"}', b'{"\\udfff": 1}'):
        with pytest.raises(AwsError) as caught:
            wire.parameters(request(body, {}), model)
        assert caught.value.code == "SerializationException"


@pytest.mark.parametrize(
    ("operation", "members", "sent"),
    [
        (
            ("redshift-data", "GetStatementResult"),
            {
                "Records": [[{"longValue": 1}, {"stringValue": "é"}, {"isNull": True}]],
                "TotalNumRows": 1,
                "NextToken": None,
                "Secret": "not a member",
            },
            {"Records": [[{"longValue": 1}, {"stringValue": "é"}, {"isNull": True}]], "TotalNumRows": 1},
        ),
        (
            ("redshift-data", "DescribeStatement"),
            {"Id": "1", "CreatedAt": datetime(2026, 1, 2, 3, 4, 5, 678900, UTC), "Duration": 5},
            {"Id": "1", "CreatedAt": 1767323045.679, "Duration": 5},
        ),
        (
            ("sso-admin", "GetApplicationAuthenticationMethod"),
            {"AuthenticationMethod": {"Iam": {"ActorPolicy": {"Version": "2012-10-17", "any": [None]}}}},
            {"AuthenticationMethod": {"Iam": {"ActorPolicy": {"Version": "2012-10-17", "any": [None]}}}},
        ),
        (("sso-admin", "DeleteApplication"), {}, {}),
    ],
)
def test_a_json_answer_has_the_members_of_its_model(operation, members, sent):
    service, name = operation
    answer = wire.success(members, wire.model_of(service).operation_model(name), "request")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert json.loads(answer.body) == sent
