"""What the company sells: lines of sports gear, each in a few variants."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """One SKU: what is ordered and what it costs at list price."""

    sku: str
    name: str
    category: str
    cents: int
    popularity: float


# A variant: (code in the SKU, how it is named, its price against the line's).
_PEOPLE = (("W", "Women's {}", 1.0), ("M", "Men's {}", 1.0), ("J", "Junior {}", 0.72))
_ADULTS = (("W", "Women's {}", 1.0), ("M", "Men's {}", 1.0))
_GARMENT = (("W", "Women's {}", 1.0), ("M", "Men's {}", 1.0), ("U", "{} for Teams", 0.85))
_BALL = (("4", "{} Size 4", 0.9), ("5", "{} Size 5", 1.0))
_HOOP = (("6", "{} Size 6", 0.94), ("7", "{} Size 7", 1.0))
_FRAME = (("S", "{} S", 1.0), ("M", "{} M", 1.0), ("L", "{} L", 1.0))
_LITRES = (("25", "{} 25 L", 0.8), ("40", "{} 40 L", 1.0), ("60", "{} 60 L", 1.25))
_PACK = (("1", "{}", 1.0), ("3", "{} 3-Pack", 2.6))
_LOAD = (("08", "{} 8 kg", 0.6), ("12", "{} 12 kg", 0.8), ("20", "{} 20 kg", 1.2))
_LENGTH = (("158", "{} 158 cm", 0.95), ("168", "{} 168 cm", 1.0), ("178", "{} 178 cm", 1.05))
_ONE = (("0", "{}", 1.0),)

_Variants = tuple[tuple[str, str, float], ...]

# category: (prefix of the SKU, (line, list price in cents, variants) from the best seller down)
_LINES: dict[str, tuple[str, tuple[tuple[str, int, _Variants], ...]]] = {
    "Running": (
        "RUN",
        (
            ("Cadence Road Shoe", 12995, _PEOPLE),
            ("Tempo Running Tee", 3495, _GARMENT),
            ("Ridgeline Trail Shoe", 14495, _PEOPLE),
            ("Split Running Short", 3995, _ADULTS),
            ("Featherweight Running Sock", 1295, _PACK),
            ("Firstlight Running Tight", 6995, _ADULTS),
            ("Negative Split Racing Shoe", 21995, _ADULTS),
            ("Drizzle Running Jacket", 9995, _ADULTS),
            ("Metronome Running Watch", 24995, _ONE),
            ("Night Signal Vest", 2995, _ONE),
        ),
    ),
    "Football": (
        "FTB",
        (
            ("Matchday Football", 3995, _BALL),
            ("Playmaker Firm-Ground Boot", 8995, _PEOPLE),
            ("Home Side Jersey", 5995, _PEOPLE),
            ("Courtyard Indoor Shoe", 7495, _PEOPLE),
            ("Backline Shin Guard", 1995, _ONE),
            ("Terrace Training Jacket", 7995, _GARMENT),
            ("Clean Sheet Keeper Glove", 4995, _PEOPLE),
            ("Touchline Club Ball Set", 17995, _BALL),
            ("Corner Flag Training Goal", 11995, _ONE),
        ),
    ),
    "Basketball": (
        "BSK",
        (
            ("Hardwood Basketball", 4495, _HOOP),
            ("Fast Break Shoe", 11995, _PEOPLE),
            ("Street Court Basketball", 2495, _HOOP),
            ("Sixth Man Jersey", 5495, _PEOPLE),
            ("Baseline Short", 3995, _GARMENT),
            ("Full Press Shoe", 15995, _ADULTS),
            ("Buzzer Crew Sock", 1495, _PACK),
            ("Driveway Hoop", 29995, _ONE),
            ("Arc Shooting Sleeve", 1995, _ONE),
            ("Overtime Hoodie", 6995, _ADULTS),
        ),
    ),
    "Cycling": (
        "CYC",
        (
            ("Breakaway Jersey", 7995, _ADULTS),
            ("Switchback Helmet", 8995, _FRAME),
            ("Peloton-Cut Bib Short", 10995, _ADULTS),
            ("Gravelway Bike", 159900, _FRAME),
            ("Commuter Light Set", 4995, _ONE),
            ("Spoke City Bike", 74900, _FRAME),
            ("Summit Road Bike", 219900, _FRAME),
            ("Chainline Cycling Glove", 3295, _ADULTS),
            ("Trackstand Floor Pump", 4495, _ONE),
            ("Draft Cycling Shoe", 13995, _ADULTS),
        ),
    ),
    "Swimming": (
        "SWM",
        (
            ("Laneline Goggle", 2495, _PEOPLE),
            ("Tidewater Swimsuit", 4995, _PEOPLE),
            ("Freestyle Jammer", 4495, _ADULTS),
            ("Silicone Swim Cap", 1195, _PACK),
            ("Open Water Wetsuit", 24995, _ADULTS),
            ("Flip Turn Training Fin", 3995, _FRAME),
            ("Poolside Towel", 2995, _PACK),
            ("Kickstart Board", 1995, _ONE),
            ("Lagoon Rash Guard", 3995, _PEOPLE),
            ("Buoyline Tow Float", 3495, _ONE),
        ),
    ),
    "Hiking": (
        "HIK",
        (
            ("Waymark Hiking Boot", 16995, _PEOPLE),
            ("Daybreak Backpack", 11995, _LITRES),
            ("Cloudbreak Shell Jacket", 19995, _ADULTS),
            ("Cairn Trekking Pole", 7995, _PACK),
            ("Merino Trail Sock", 1995, _PACK),
            ("Switchgrass Zip-Off Pant", 7995, _ADULTS),
            ("Lookout Tent", 32995, (("2", "{} 2-Person", 1.0), ("3", "{} 3-Person", 1.2))),
            ("Ember Sleeping Bag", 14995, _ADULTS),
            ("Springwater Bottle", 2495, _PACK),
            ("Ridge Lantern Headlamp", 4495, _ONE),
        ),
    ),
    "Fitness": (
        "FIT",
        (
            ("Groundwork Yoga Mat", 4995, _PACK),
            ("Cast Kettlebell", 5995, _LOAD),
            ("Balance Training Tee", 2995, _GARMENT),
            ("Pull Resistance Band", 1795, _PACK),
            ("Steady Training Tight", 6495, _ADULTS),
            ("Loop Skipping Rope", 1495, _ONE),
            ("Hex Dumbbell Pair", 7995, _LOAD),
            ("Box Step Trainer", 8995, _ONE),
            ("Foundation Training Shoe", 10995, _ADULTS),
            ("Stillwater Rowing Machine", 89900, _ONE),
            ("Unwind Foam Roller", 2995, _ONE),
        ),
    ),
    "Winter sports": (
        "WIN",
        (
            ("Firstsnow Thermal Top", 5995, _PEOPLE),
            ("Corduroy Ski Jacket", 24995, _ADULTS),
            ("Powder Day Ski Glove", 5995, _PEOPLE),
            ("Treeline Ski", 54900, _LENGTH),
            ("Whiteout Snow Goggle", 9995, _PEOPLE),
            ("Halfpipe Snowboard", 44900, (("152", "{} 152 cm", 1.0), ("158", "{} 158 cm", 1.0))),
            ("Gondola Ski Helmet", 11995, _FRAME),
            ("Rink Ice Skate", 12995, _ADULTS),
            ("Lodge Wool Beanie", 2995, _ONE),
        ),
    ),
}

CATEGORIES = tuple(_LINES)


def _products() -> tuple[Product, ...]:
    """Each line in each variant; a few lines sell most, and dear ones less."""
    return tuple(
        Product(
            sku=f"{prefix}-{100 + rank}-{code}",
            name=naming.format(line),
            category=category,
            # Prices end in 95 cents, or in whole dollars for what costs hundreds.
            cents=cents if factor == 1 else round(cents * factor / 100) * 100 - 5,
            popularity=1 / (rank + 2) / cents**0.4 / len(variants),
        )
        for category, (prefix, lines) in _LINES.items()
        for rank, (line, cents, variants) in enumerate(lines, start=1)
        for code, naming, factor in variants
    )


PRODUCTS = _products()
