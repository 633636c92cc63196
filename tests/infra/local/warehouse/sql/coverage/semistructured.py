"""SUPER values and JSON in text."""

# ruff: noqa: E501 - a statement a line reads better than wrapped SQL

from tests.infra.local.warehouse.sql.coverage.case import Fault, Group, differs, refused, runs

_QUERY, _LIMITS = "query-super", "limitations-super"
_ORDERS = """json_parse('[{"o_orderkey": 3020007, "o_orderstatus": "F", "o_totalprice": 82.5, "o_lineitems": [{"l_partkey": 1}, {"l_partkey": "A55"}]}]')"""
SUPER = Group(
    "SUPER",
    "super-overview",
    (
        runs("Navigation", "SELECT c_orders[0].o_orderkey, cust.c_orders[0].o_lineitems[1].l_partkey FROM customer_orders AS cust WHERE c_orders[0].o_orderkey IS NOT NULL", [("3020007", '"A55"')]),
        runs("Navigation", "SELECT c.c_orders.something, c.c_orders[1][1] FROM customer_orders c", [(None, None)]),
        runs("Navigation", """SELECT t.data."ITEMS"."Name", t.data."price" FROM (SELECT json_parse('{"ITEMS":{"Name":"TV"}, "price": 345}') AS data) AS t""", [(None, "345")], page="super-configurations"),
        refused("Navigation", "SELECT c_orders['o_orderkey'] FROM customer_orders", "names in brackets"),
        runs("Unnesting", "SELECT c_name, orders.o_orderkey AS orderkey, index AS orderkey_index FROM customer_orders c, c.c_orders AS orders AT index", [("Customer#000008251", "3020007", 0)]),
        runs("Unnesting", """SELECT index, element FROM (SELECT json_parse('{"scalar_array": [1, 2.3, 45000000]}') AS data) AS b, b.data.scalar_array AS element AT index ORDER BY 1""", [(0, "1"), (1, "2.3"), (2, "45000000")]),
        runs("Unnesting", "SELECT array, element FROM (SELECT json_parse('[[1.1, 1.2], [2.1, 2.2]]') AS m) AS f, f.m AS array, array AS element ORDER BY element", [("[1.1,1.2]", "1.1"), ("[1.1,1.2]", "1.2"), ("[2.1,2.2]", "2.1"), ("[2.1,2.2]", "2.2")]),
        refused("Unnesting", "SELECT i FROM customer_orders c LEFT JOIN c.c_orders i ON true", "with a JOIN, and of what is not an array"),
        runs("UNPIVOT of an object", "SELECT attr, json_typeof(val) FROM customer_orders c, UNPIVOT c.c_orders[0] AS val AT attr ORDER BY 1", [("o_lineitems", "array"), ("o_orderkey", "number"), ("o_orderstatus", "string"), ("o_totalprice", "number")]),
        runs("Dynamic typing", "SELECT c_name FROM customer_orders WHERE c_orders[0].o_orderstatus = 'F' AND c_orders[0].o_orderkey > 3 AND c_orders[0].o_totalprice = 82.50", [("Customer#000008251",)]),
        runs("Dynamic typing", "SELECT c_orders[0].o_orderstatus = 1, c_orders[0].o_orderstatus < 1 FROM customer_orders", [(False, None)]),
        refused("Dynamic typing", "SELECT c_orders[0].o_orderkey + 1 FROM customer_orders", "arithmetic and functions: a CAST"),
        runs("Casts", "SELECT c.c_orders[0].o_orderstatus::integer, c.c_orders[0].o_orderkey::integer, c.c_orders::varchar FROM customer_orders c", [(None, 3020007, None)]),
        runs("Casts", "SELECT 5::super::bool, 5.0::super::bool", [(True, None)], page=_LIMITS),
        runs("Casts", "'2019-09-09'::date::super", Fault("42846"), page=_LIMITS),
        refused("Casts", "1.5::float::super", "floating-point numbers"),
        runs("Order", "SELECT v FROM (SELECT 'AWS'::super AS v UNION ALL SELECT 1::super UNION ALL SELECT array(1, 'abc', NULL) UNION ALL SELECT (-2.5)::super UNION ALL SELECT 'Amazon') AS t ORDER BY v", [("-2.5",), ("1",), ('"AWS"',), ('"Amazon"',), ('[1,"abc",null]',)]),
        differs("Numbers", "json_parse('[1.50]')", "[1.5]", "zeros at the end of a number are dropped"),
        refused("Numbers", "json_parse('[0.12345678901234567]')", "with an exponent, or a fraction and more than 15 digits"),
        refused("Comparisons of arrays and objects", "array(1) = array(1)"),
    ),
    setup=f"""
        CREATE TABLE customer_orders (c_name VARCHAR, c_orders SUPER);
        INSERT INTO customer_orders VALUES ('Customer#000008251', {_ORDERS})
    """,
)  # fmt: skip
FUNCTIONS = Group(
    "SUPER and JSON functions",
    "json-functions",
    (
        runs("ARRAY", "array(1,50,null,100)", "[1,50,null,100]", page="r_array"),
        runs("ARRAY", "array(1,'abc',true,3.14)", '[1,"abc",true,3.14]', page="r_array"),
        runs("ARRAY_CONCAT", "ARRAY_CONCAT(ARRAY(10001,10002),ARRAY('ab','cd'))", '[10001,10002,"ab","cd"]', page="r_array_concat"),
        runs("ARRAY_FLATTEN", "ARRAY_FLATTEN(ARRAY(ARRAY(1,2,3,4),ARRAY(5,6,7,8),ARRAY(9,10)))", "[1,2,3,4,5,6,7,8,9,10]", page="array_flatten"),
        runs("CAN_JSON_PARSE", "CAN_JSON_PARSE('[10001,10002,\"abc\"]')", True, page="CAN_JSON_PARSE"),
        runs("GET_ARRAY_LENGTH", "GET_ARRAY_LENGTH(ARRAY(1,2,3,4,5,6,7,8,9,10))", 10, page="get_array_length"),
        runs("IS_ARRAY, IS_OBJECT, IS_SCALAR", "is_array(JSON_PARSE('[1,2]'))", True, page="r_is_array"),
        runs("IS_ARRAY, IS_OBJECT, IS_SCALAR", "is_object(array()) OR is_scalar(NULL::super)", False),
        runs("IS_BOOLEAN, IS_CHAR, IS_VARCHAR", "is_boolean(true::super) AND is_char('t'::super) AND is_varchar('é'::super) AND NOT is_char('é'::super)", True),
        runs("IS_SMALLINT, IS_INTEGER, IS_BIGINT, IS_DECIMAL", "is_smallint(5::super) AND NOT is_smallint(40000::super) AND is_integer(40000::super) AND NOT is_bigint(1.22::super) AND is_decimal(1.22::super)", True),
        refused("IS_FLOAT", "is_float(2.22::float::super)", "of floating-point numbers, which SUPER does not hold here"),
        runs("IS_VALID_JSON", "is_valid_json('{\"a\":{\"b\":{\"c\":1}}}') AND NOT is_valid_json('{{}}') AND NOT is_valid_json('[1,2,3]')", True),
        runs("IS_VALID_JSON_ARRAY", "is_valid_json_array('[\"a\",[\"b\",1]]') AND NOT is_valid_json_array('[1,2,]')", True),
        runs("JSON_ARRAY_LENGTH", "json_array_length('[11,12,13,{\"f1\":21,\"f2\":[25,26]},14]')", 5, page="JSON_ARRAY_LENGTH"),
        runs("JSON_ARRAY_LENGTH", "json_array_length('[11,12,13,{\"f1\":21,\"f2\":[25,26]},14',true)", None, page="JSON_ARRAY_LENGTH"),
        runs("JSON_EXTRACT_ARRAY_ELEMENT_TEXT", "json_extract_array_element_text('[111,112,113]', 2)", "113", page="JSON_EXTRACT_ARRAY_ELEMENT_TEXT"),
        runs("JSON_EXTRACT_ARRAY_ELEMENT_TEXT", "json_extract_array_element_text('[\"a\",[\"b\",1,[\"c\",2,3,null,]]]',1)", Fault("XX000"), page="JSON_EXTRACT_ARRAY_ELEMENT_TEXT"),
        runs("JSON_EXTRACT_PATH_TEXT", "json_extract_path_text('{\"f2\":{\"f3\":1},\"f4\":{\"f5\":99,\"f6\":\"star\"}}','f4', 'f6')", "star", page="JSON_EXTRACT_PATH_TEXT"),
        runs("JSON_EXTRACT_PATH_TEXT", "json_extract_path_text('{\"f2\":{\"f3\":1},\"f4\":{\"f5\":99,\"f6\":\"star\"}','f4', 'f6',true)", None, page="JSON_EXTRACT_PATH_TEXT"),
        runs("JSON_EXTRACT_PATH_TEXT", "json_extract_path_text('{\"farm\": {\"barn\": {}}}', 'farm', 'barn', 'color')", None),
        runs("JSON_PARSE", "JSON_PARSE('[10001,10002,\"abc\"]')", '[10001,10002,"abc"]', page="JSON_PARSE"),
        runs("JSON_PARSE", "JSON_PARSE('{\"a\":1,\"a\":2}')", Fault("XX000")),
        runs("JSON_SERIALIZE", "JSON_SERIALIZE(JSON_PARSE('[10001,10002,\"abc\"]'))", '[10001,10002,"abc"]', page="JSON_SERIALIZE"),
        runs("JSON_SIZE", "JSON_SIZE(JSON_PARSE('[10001,10002,\"⬤\"]'))", 19, page="r_json_size"),
        runs("JSON_TYPEOF", "JSON_TYPEOF(ARRAY(1,2)) || JSON_TYPEOF('x'::super)", "arraystring"),
        runs("OBJECT", "object('a', object('aa', 1), 'b', array(2,3), 'c', json_parse('{}'))", '{"a":{"aa":1},"b":[2,3],"c":{}}', page="r_object_function"),
        runs("OBJECT", "object('k', '2008-12-31'::date)", Fault("42846"), page="r_object_function"),
        runs("SPLIT_TO_ARRAY", "SPLIT_TO_ARRAY('12|345|6789', '|')", '["12","345","6789"]', page="split_to_array"),
        runs("SUBARRAY", "SUBARRAY(ARRAY('a', 'b', 'c', 'd', 'e', 'f'), 2, 3)", '["c","d","e"]', page="r_subarray"),
        refused("DECIMAL_PRECISION, DECIMAL_SCALE", "decimal_scale(1.5::super)"),
    ),
)  # fmt: skip
