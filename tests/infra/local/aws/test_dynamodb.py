"""The table of sessions: conditions decide, once, among many at a time; and only who may reaches it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.infra.local.aws.conftest import ACCOUNT, allow, refusal
from tests.infra.local.aws.test_moto_services import user

ARN = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/"
KEY = [{"AttributeName": "key", "KeyType": "HASH"}]
DEFINITIONS = [{"AttributeName": "key", "AttributeType": "S"}]
NEW = {"ConditionExpression": "attribute_not_exists(#key)", "ExpressionAttributeNames": {"#key": "key"}}
VERSION = {
    "ConditionExpression": "#v = :v",
    "ExpressionAttributeNames": {"#v": "version"},
}


def make(world, name: str, **more):
    return world.served.client("dynamodb").create_table(
        **{
            "TableName": name,
            "KeySchema": KEY,
            "AttributeDefinitions": DEFINITIONS,
            "BillingMode": "PAY_PER_REQUEST",
            **more,
        }
    )


@pytest.fixture(scope="module")
def table(world):
    make(world, "sessions")
    return "sessions"


@pytest.fixture
def dynamodb(world, table):
    """The administrator's client, and an empty table."""
    client = world.served.client("dynamodb")
    for item in client.scan(TableName=table)["Items"]:
        client.delete_item(TableName=table, Key={"key": item["key"]})
    return client


def item(key: str, **more):
    return {"key": {"S": key}, **more}


def test_a_table_is_as_it_was_asked_for(world):
    made = make(
        world, "described", SSESpecification={"Enabled": True}, Tags=[{"Key": "app", "Value": "rowlight"}]
    )["TableDescription"]
    assert made["TableArn"] == ARN + "described"
    client = world.served.client("dynamodb")
    client.get_waiter("table_exists").wait(TableName="described", WaiterConfig={"MaxAttempts": 1})
    found = client.describe_table(TableName="described")["Table"]
    assert found["SSEDescription"]["Status"] == "ENABLED"
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert "described" in client.list_tables()["TableNames"]
    assert refusal(make, world=world, name="described") == "ResourceInUseException"
    client.delete_table(TableName="described")
    assert refusal(client.describe_table, TableName="described") == "ResourceNotFoundException"


def test_a_time_to_live_is_set_once(world):
    make(world, "living")
    client = world.served.client("dynamodb")
    found = client.describe_time_to_live(TableName="living")["TimeToLiveDescription"]
    assert found["TimeToLiveStatus"] == "DISABLED"
    specification = {"Enabled": True, "AttributeName": "expires_at"}
    client.update_time_to_live(TableName="living", TimeToLiveSpecification=specification)
    found = client.describe_time_to_live(TableName="living")["TimeToLiveDescription"]
    assert (found["TimeToLiveStatus"], found["AttributeName"]) == ("ENABLED", "expires_at")
    # AWS refuses to enable it again.
    again = refusal(client.update_time_to_live, TableName="living", TimeToLiveSpecification=specification)
    assert again == "ValidationException"


def test_what_is_put_comes_back_byte_for_byte(dynamodb, table):
    sealed = bytes(range(256)) * 20
    dynamodb.put_item(TableName=table, Item=item("a", sealed={"B": sealed}, expires_at={"N": "1800000000"}))
    found = dynamodb.get_item(TableName=table, Key=item("a"), ConsistentRead=True)["Item"]
    assert found == item("a", sealed={"B": sealed}, expires_at={"N": "1800000000"})
    assert dynamodb.scan(TableName=table, ConsistentRead=True)["Items"] == [found]
    asked = {
        "KeyConditionExpression": "#key = :key",
        "ExpressionAttributeNames": {"#key": "key"},
        "ExpressionAttributeValues": {":key": {"S": "a"}},
    }
    assert dynamodb.query(TableName=table, **asked)["Items"] == [found]
    assert "Item" not in dynamodb.get_item(TableName=table, Key=item("b"))


def test_delete_gives_back_what_was_there(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item("a", sealed={"B": b"x"}))
    delete = {"TableName": table, "Key": item("a"), "ReturnValues": "ALL_OLD"}
    assert dynamodb.delete_item(**delete)["Attributes"] == item("a", sealed={"B": b"x"})
    assert "Attributes" not in dynamodb.delete_item(**delete)


def test_conditions_decide(dynamodb, table):
    dynamodb.put_item(TableName=table, Item=item("a", version={"N": "1"}), **NEW)
    put, failed = dynamodb.put_item, "ConditionalCheckFailedException"
    assert refusal(put, TableName=table, Item=item("a", version={"N": "9"}), **NEW) == failed
    wrong = {**VERSION, "ExpressionAttributeValues": {":v": {"N": "2"}}}
    right = {**VERSION, "ExpressionAttributeValues": {":v": {"N": "1"}}}
    assert refusal(put, TableName=table, Item=item("a", version={"N": "9"}), **wrong) == failed
    assert refusal(dynamodb.delete_item, TableName=table, Key=item("a"), **wrong) == failed
    update = {"TableName": table, "Key": item("a"), "UpdateExpression": "SET #v = :new"}
    for given, outcome in ((wrong, failed), (right, None)):
        values = {**given["ExpressionAttributeValues"], ":new": {"N": "3"}}
        call = {**update, **given, "ExpressionAttributeValues": values}
        if outcome:
            assert refusal(dynamodb.update_item, **call) == outcome
        else:
            dynamodb.update_item(**call)
    assert dynamodb.get_item(TableName=table, Key=item("a"))["Item"] == item("a", version={"N": "3"})


def race(world, call, count: int = 8) -> list[str]:
    """The outcome of each of several that make one call at the same moment."""
    clients = [world.served.client("dynamodb") for _ in range(count)]
    start = threading.Barrier(count)

    def one(client) -> str:
        start.wait()
        try:
            call(client)
        except client.exceptions.ConditionalCheckFailedException:
            return "refused"
        return "won"

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, clients))


def test_of_many_at_a_time_exactly_one_wins(world, dynamodb, table):
    """Whose read, decision and write are not one step lets several pass the same condition."""
    exists = {"ConditionExpression": "attribute_exists(#key)", "ExpressionAttributeNames": {"#key": "key"}}
    for turn in range(3):
        key = f"race-{turn}"
        put = {"TableName": table, "Item": item(key), **NEW}
        puts = race(world, lambda client, put=put: client.put_item(**put))
        assert sorted(puts) == ["refused"] * 7 + ["won"]
        gone = race(
            world, lambda client, key=key: client.delete_item(TableName=table, Key=item(key), **exists)
        )
        assert sorted(gone) == ["refused"] * 7 + ["won"]


def test_no_count_is_lost(world, dynamodb, table):
    add = {"UpdateExpression": "ADD #n :one", "ExpressionAttributeNames": {"#n": "n"}}
    for _ in range(3):
        race(
            world,
            lambda client: client.update_item(
                TableName=table, Key=item("n"), ExpressionAttributeValues={":one": {"N": "1"}}, **add
            ),
        )
    assert dynamodb.get_item(TableName=table, Key=item("n"))["Item"]["n"] == {"N": "24"}


def test_pages_of_a_scan_have_all_items_once(dynamodb, table):
    keys = {f"k{number}" for number in range(25)}
    for key in keys:
        dynamodb.put_item(TableName=table, Item=item(key))
    pages = list(dynamodb.get_paginator("scan").paginate(TableName=table, PaginationConfig={"PageSize": 10}))
    assert len(pages) == 3
    found = [each["key"]["S"] for page in pages for each in page["Items"]]
    assert (len(found), set(found)) == (25, keys)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("put_item", {"Item": {"other": {"S": "a"}}}),
        ("put_item", {"Item": {"key": {"N": "1"}}}),
        ("put_item", {"Item": {"key": {"S": ""}}}),
        ("put_item", {"Item": {"key": {"S": "a"}, "n": {"N": "many"}}}),
        ("put_item", {"Item": {"key": {"S": "a"}, "n": {"N": "NaN"}}}),
        ("put_item", {"Item": {"key": {"S": "a"}, "both": {"S": "a", "N": "1"}}}),
        ("put_item", {"Item": {"key": {"S": "a"}, "none": {}}}),
        ("put_item", {"Item": {"key": {"S": "a"}, "big": {"B": b"x" * 410_000}}}),
        ("put_item", {"Item": {"key": {"S": "a"}, "set": {"SS": []}}}),
        ("put_item", {"Item": {"key": {"S": "a"}, "set": {"SS": ["a", "a"]}}}),
        ("put_item", {"Item": {"key": {"S": "a"}}, "ReturnValues": "ALL_NEW"}),
        # "key" is one of DynamoDB's reserved words.
        ("put_item", {"Item": {"key": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(key)"}),
        ("put_item", {"Item": {"key": {"S": "a"}}, "ConditionExpression": "attribute_not_exists("}),
        ("put_item", {"Item": {"key": {"S": "a"}}, "ConditionExpression": ""}),
        ("put_item", {"Item": {"key": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(#k)"}),
        ("put_item", {"Item": {"key": {"S": "a"}}, "ExpressionAttributeNames": {"#k": "key"}}),
        (
            "put_item",
            {"Item": {"key": {"S": "a"}}, **NEW, "ExpressionAttributeValues": {":v": {"S": "a"}}},
        ),
        ("get_item", {"Key": {"key": {"N": "1"}}}),
        ("get_item", {"Key": {"key": {"S": "a"}, "more": {"S": "a"}}}),
        ("get_item", {"Key": {}}),
        ("delete_item", {"Key": {"other": {"S": "a"}}}),
        ("query", {}),
        ("scan", {"ReturnConsumedCapacity": "SOME"}),
    ],
    ids=str,
)
def test_what_aws_refuses_is_not_valid(dynamodb, table, operation, parameters):
    assert refusal(getattr(dynamodb, operation), TableName=table, **parameters) == "ValidationException"
    assert dynamodb.scan(TableName=table)["Count"] == 0


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("get_item", {"Key": {"key": {"S": "a"}}}),
        ("put_item", {"Item": {"key": {"S": "a"}}}),
        ("delete_item", {"Key": {"key": {"S": "a"}}}),
        ("scan", {}),
        ("describe_table", {}),
        ("delete_table", {}),
        ("describe_time_to_live", {}),
        ("update_time_to_live", {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "e"}}),
    ],
)
def test_there_is_no_table_of_another_name(world, operation, parameters):
    call = getattr(world.served.client("dynamodb"), operation)
    assert refusal(call, TableName="nowhere", **parameters) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("batch_get_item", {"RequestItems": {"sessions": {"Keys": [{"key": {"S": "a"}}]}}}),
        (
            "transact_write_items",
            {"TransactItems": [{"Delete": {"TableName": "sessions", "Key": {}}}]},
        ),
        ("execute_statement", {"Statement": 'SELECT * FROM "sessions"'}),
        ("update_table", {"TableName": "sessions", "BillingMode": "PAY_PER_REQUEST"}),
        ("describe_endpoints", {}),
        ("scan", {"TableName": "sessions", "IndexName": "by-person"}),
        ("scan", {"TableName": ARN + "sessions"}),
        ("put_item", {"TableName": "sessions", "Item": {"key": {"S": "a"}}, "Expected": {}}),
        (
            "create_table",
            {
                "TableName": "provisioned",
                "KeySchema": KEY,
                "AttributeDefinitions": DEFINITIONS,
                "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            },
        ),
    ],
    ids=str,
)
def test_what_is_not_played_says_so(world, table, operation, parameters):
    client = world.served.client("dynamodb", parameter_validation=False)
    assert refusal(getattr(client, operation), **parameters) == "NotImplemented"


def test_a_permission_is_for_one_table_and_one_operation(world, table):
    make(world, "others")
    keys = user(world, "host", allow(["dynamodb:GetItem", "dynamodb:PutItem"], ARN + table))
    client, denied = world.served.client("dynamodb", keys), "AccessDeniedException"
    client.put_item(TableName=table, Item=item("mine"))
    assert client.get_item(TableName=table, Key=item("mine"))["Item"] == item("mine")
    assert refusal(client.get_item, TableName="others", Key=item("mine")) == denied
    # Who may not is not told what is there.
    assert refusal(client.get_item, TableName="nowhere", Key=item("mine")) == denied
    assert refusal(client.delete_item, TableName=table, Key=item("mine")) == denied
    assert refusal(client.scan, TableName=table) == denied
    assert refusal(client.list_tables) == denied
    assert refusal(client.delete_table, TableName=table) == denied


def test_neither_bridge_nor_person_reaches_a_table(world, table):
    for keys in (world.bridge(), world.person()):
        client = world.served.client("dynamodb", keys)
        assert refusal(client.get_item, TableName=table, Key=item("a")) == "AccessDeniedException"


def test_an_identity_enhanced_session_is_kept_from_tables(world, table):
    """Whatever its role allows: the sessions are the host's own."""
    bridge = f"arn:aws:iam::{ACCOUNT}:role/Bridge"
    trust = allow(["sts:AssumeRole", "sts:SetContext"], None, Principal={"AWS": bridge})
    world.role("Tabled", trust, allow("dynamodb:*"))
    plain = world.assume(None, role="Tabled")["Credentials"]
    enhanced = world.assume(world.context(), role="Tabled")["Credentials"]
    assert "Items" in world.served.client("dynamodb", plain).scan(TableName=table)
    refused = refusal(world.served.client("dynamodb", enhanced).scan, TableName=table)
    assert refused == "AccessDeniedException"


def test_a_value_that_is_nested_too_deep_is_refused(world, table):
    deep = {"S": "end"}
    for _ in range(32):
        deep = {"L": [deep]}
    client = world.served.client("dynamodb")
    code = refusal(client.put_item, TableName=table, Item=item("deep", deep=deep))
    assert code == "ValidationException"


@pytest.mark.parametrize("depth", [300, 100_000])
def test_a_body_that_no_parser_can_follow_is_refused(world, table, depth):
    """No client of botocore's can even send it."""
    value = '{"L": [' * depth + '{"S": "end"}' + "]}" * depth
    body = f'{{"TableName": "{table}", "Item": {{"key": {{"S": "a"}}, "deep": {value}}}}}'.encode()
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", world.served.url, data=body, headers=headers)
    keys = Credentials(world.served.key, world.served.secret)
    SigV4Auth(keys, "dynamodb", "us-east-1").add_auth(request)
    response = httpx.post(world.served.url, content=body, headers=dict(request.headers))
    assert (response.status_code, response.json()["__type"]) == (400, "SerializationException")
