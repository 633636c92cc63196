"""A small TPC-H: every table by arithmetic and a seeded generator, and something for each query to find."""

import csv
import io
import random
from datetime import date, timedelta

TABLES = {
    "region": "r_regionkey INT, r_name CHAR(25), r_comment VARCHAR(152)",
    "nation": "n_nationkey INT, n_name CHAR(25), n_regionkey INT, n_comment VARCHAR(152)",
    "supplier": """s_suppkey INT, s_name CHAR(25), s_address VARCHAR(40), s_nationkey INT, s_phone CHAR(15),
        s_acctbal DECIMAL(12,2), s_comment VARCHAR(101)""",
    "customer": """c_custkey INT, c_name VARCHAR(25), c_address VARCHAR(40), c_nationkey INT,
        c_phone CHAR(15),
        c_acctbal DECIMAL(12,2), c_mktsegment CHAR(10), c_comment VARCHAR(117)""",
    "part": """p_partkey INT, p_name VARCHAR(55), p_mfgr CHAR(25), p_brand CHAR(10), p_type VARCHAR(25),
        p_size INT, p_container CHAR(10), p_retailprice DECIMAL(12,2), p_comment VARCHAR(23)""",
    "partsupp": """ps_partkey INT, ps_suppkey INT, ps_availqty INT, ps_supplycost DECIMAL(12,2),
        ps_comment VARCHAR(199)""",
    "orders": """o_orderkey INT, o_custkey INT, o_orderstatus CHAR(1), o_totalprice DECIMAL(12,2),
        o_orderdate DATE, o_orderpriority CHAR(15), o_clerk CHAR(15), o_shippriority INT,
        o_comment VARCHAR(79)""",
    "lineitem": """l_orderkey INT, l_partkey INT, l_suppkey INT, l_linenumber INT, l_quantity DECIMAL(12,2),
        l_extendedprice DECIMAL(12,2), l_discount DECIMAL(12,2), l_tax DECIMAL(12,2), l_returnflag CHAR(1),
        l_linestatus CHAR(1), l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE, l_shipinstruct CHAR(25),
        l_shipmode CHAR(10), l_comment VARCHAR(44)""",
}
_REGIONS = ("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")
_NATIONS = (
    *(("ALGERIA", 0), ("ARGENTINA", 1), ("BRAZIL", 1), ("CANADA", 1), ("EGYPT", 4), ("ETHIOPIA", 0)),
    *(("FRANCE", 3), ("GERMANY", 3), ("INDIA", 2), ("INDONESIA", 2), ("IRAN", 4), ("IRAQ", 4), ("JAPAN", 2)),
    *(("JORDAN", 4), ("KENYA", 0), ("MOROCCO", 0), ("MOZAMBIQUE", 0), ("PERU", 1), ("CHINA", 2)),
    *(("ROMANIA", 3), ("SAUDI ARABIA", 4), ("VIETNAM", 2), ("RUSSIA", 3), ("UNITED KINGDOM", 3)),
    ("UNITED STATES", 1),
)
_BUSY = (2, 3, 6, 7, 8, 12, 18, 20)  # nations that the queries ask for
_BRANDS = ("Brand#12", "Brand#23", "Brand#34", "Brand#45", "Brand#51")
_CONTAINERS = ("SM CASE", "MED BOX", "LG BOX", "MED BAG", "JUMBO PKG")
_TYPES = (
    *("ECONOMY ANODIZED STEEL", "PROMO BURNISHED COPPER", "LARGE BRUSHED BRASS"),
    *("MEDIUM POLISHED TIN", "STANDARD PLATED BRASS"),
)
_SIZES = (15, 49, 14, 3, 45, 19, 5, 36, 9, 1)
_COLOURS = ("forest green", "forest khaki", "light green", "navy peru")
_SEGMENTS = ("BUILDING", "AUTOMOBILE", "MACHINERY", "HOUSEHOLD", "FURNITURE")
_PRIORITIES = ("1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW")
_MODES = ("AIR", "MAIL", "SHIP", "RAIL", "AIR REG", "TRUCK", "FOB")
_INSTRUCTIONS = ("DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN")
_SUPPLIERS, _CUSTOMERS, _PARTS, _ORDERS = 24, 90, 100, 900
_FIRST, _LAST, _NOW = date(1992, 1, 1), date(1998, 8, 2), date(1995, 6, 17)


def _phone(nation, key):
    return f"{10 + nation}-{key % 900 + 100}-{key * 7 % 900 + 100}-{key * 13 % 9000 + 1000}"


def _suppliers_of(part):
    return [(part + step * (_SUPPLIERS // 4 + 1)) % _SUPPLIERS + 1 for step in range(4)]


def _suppliers(chance):
    for key in range(1, _SUPPLIERS + 1):
        nation = _BUSY[key % len(_BUSY)]
        comment = "sly Customer blithely Complaints" if key % 9 == 0 else "careful deposits"
        balance = chance.randrange(-99_999, 999_999) / 100
        yield key, f"Supplier#{key:09}", f"street {key}", nation, _phone(nation, key), balance, comment


def _customers(chance):
    for key in range(1, _CUSTOMERS + 1):
        nation = _BUSY[key * 3 % len(_BUSY)] if key % 5 else (21, 13, 19)[key % 3]
        balance = chance.randrange(-99_999, 999_999) / 100
        name, segment = f"Customer#{key:09}", _SEGMENTS[key % len(_SEGMENTS)]
        yield key, name, f"road {key}", nation, _phone(nation, key), balance, segment, f"note {key}"


def _parts(chance):
    for key in range(1, _PARTS + 1):
        name, price = f"{_COLOURS[key % 4]} {key}", (90_000 + key * 10) / 100
        maker, brand = f"Manufacturer#{key % 5 + 1}", _BRANDS[key % 5]
        container, size = _CONTAINERS[(key + key // 5) % 5], _SIZES[chance.randrange(len(_SIZES))]
        kind = _TYPES[chance.randrange(len(_TYPES))]
        yield key, name, maker, brand, kind, size, container, price, f"part {key}"


def _partsupps(chance):
    for part in range(1, _PARTS + 1):
        for supplier in _suppliers_of(part):
            yield part, supplier, chance.randrange(1, 10_000), chance.randrange(100, 100_000) / 100, "stock"


def _lines(chance, key, ordered):
    heavy = key % 60 == 0  # an order of more than 300 pieces
    for number in range(1, (7 if heavy else chance.randrange(1, 6)) + 1):
        part = chance.randrange(1, _PARTS + 1)
        quantity = chance.randrange(45, 51) if heavy else chance.randrange(1, 51)
        shipped = ordered + timedelta(days=chance.randrange(1, 122))
        committed = ordered + timedelta(days=chance.randrange(30, 91))
        received = shipped + timedelta(days=chance.randrange(1, 31))
        returned = "N" if received > _NOW else chance.choice("RA")
        yield (
            *(key, part, chance.choice(_suppliers_of(part)), number, quantity),
            *(quantity * (90_000 + part * 10) / 100, chance.randrange(11) / 100, chance.randrange(9) / 100),
            *(returned, "O" if shipped > _NOW else "F", shipped, committed, received),
            *(chance.choice(_INSTRUCTIONS), chance.choice(_MODES), "line"),
        )


def _orders(chance):
    """Orders, each with its lines; a third of the customers has none."""
    days = (_LAST - _FIRST).days
    for key in range(1, _ORDERS + 1):
        ordered = _FIRST + timedelta(days=chance.randrange(days))
        lines = list(_lines(chance, key, ordered))
        states = {line[9] for line in lines}
        comment = "special packing requests" if key % 6 == 0 else "quick"
        customer = chance.randrange(_CUSTOMERS * 2 // 3) // 2 * 3 + chance.randrange(1, 3)
        yield (
            (
                *(key, customer, states.pop() if len(states) == 1 else "P"),
                *(round(sum(line[5] for line in lines), 2), ordered, chance.choice(_PRIORITIES)),
                *(f"Clerk#{key % 9:09}", 0, comment),
            ),
            lines,
        )


def rows():
    """The rows of each table."""
    chance = random.Random(22)  # noqa: S311 - the same rows each time
    orders = list(_orders(chance))
    return {
        "region": [(key, name, "") for key, name in enumerate(_REGIONS)],
        "nation": [(key, name, region, "") for key, (name, region) in enumerate(_NATIONS)],
        "supplier": list(_suppliers(chance)),
        "customer": list(_customers(chance)),
        "part": list(_parts(chance)),
        "partsupp": list(_partsupps(chance)),
        "orders": [order for order, _ in orders],
        "lineitem": [line for _, lines in orders for line in lines],
    }


def csv_of(table):
    """The table as a CSV file without a heading."""
    text = io.StringIO()
    csv.writer(text).writerows(table)
    return text.getvalue().encode()
