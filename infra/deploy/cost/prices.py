"""AWS's list prices in us-east-1: each with its unit, where it stands and when it was seen there."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType


class PriceError(ValueError):
    """A file of own prices that cannot be used, in one line."""


@dataclass(frozen=True)
class Price:
    """US dollars for one unit of something."""

    usd: float
    unit: str
    source: str
    seen: str


# Pages that say them; AWS's own, or somebody's who read them there. Without a page a price is from memory.
_REDSHIFT = ("https://aws.amazon.com/redshift/pricing/", "2026-10-07")
_BALANCER = ("https://aws.amazon.com/elasticloadbalancing/pricing/", "2026-09-20")
_SECRETS = ("https://aws.amazon.com/secrets-manager/pricing/", "2026-09-20")
_FARGATE = ("https://cloudburn.io/blog/aws-fargate-pricing", "2026-04-01")
_NETWORK = ("https://www.zacfukuda.com/blog/aws-nat-gateway-vs-vpc-endpoint", "2026-06-01")
_ADDRESS = (
    "https://www.factualminds.com/blog/amazon-vpc-pricing-endpoints-peering-transit-gateway/",
    "2026-06-13",
)
_DYNAMODB = ("https://airbyte.com/data-engineering-resources/dynamodb-pricing", "2025-07-21")
_KEYS = ("https://cloudburn.io/blog/aws-kms-pricing", "2026-03-14")
_WATCHING = (
    "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    "2026-06-13",
)
_METRICS = ("https://signoz.io/guides/cloudwatch-pricing", "2026-02-15")
_MEMORY = ("", "")

PRICES: Mapping[str, Price] = MappingProxyType(
    {
        "rpu_hour": Price(0.375, "RPU-hour of Redshift Serverless", *_REDSHIFT),
        "managed_storage": Price(0.024, "GB-month of Redshift managed storage", *_REDSHIFT),
        "balancer_hour": Price(0.0225, "hour of an Application Load Balancer", *_BALANCER),
        "lcu_hour": Price(0.008, "hour of a load balancer's capacity unit", *_BALANCER),
        "vcpu_hour": Price(0.04048, "vCPU-hour of Fargate, Linux on x86", *_FARGATE),
        "memory_hour": Price(0.004445, "GB-hour of Fargate's memory", *_FARGATE),
        "nat_hour": Price(0.045, "hour of a NAT gateway", *_NETWORK),
        "nat_gb": Price(0.045, "GB through a NAT gateway", *_NETWORK),
        "endpoint_hour": Price(0.01, "hour of an interface endpoint in one zone", *_NETWORK),
        "address_hour": Price(0.005, "hour of a public IPv4 address", *_ADDRESS),
        "write_million": Price(0.625, "million write request units of DynamoDB", *_DYNAMODB),
        "read_million": Price(0.125, "million read request units of DynamoDB", *_DYNAMODB),
        "secret_month": Price(0.40, "month of a secret in Secrets Manager", *_SECRETS),
        "key_month": Price(1.00, "month of a customer managed key of KMS", *_KEYS),
        "key_requests": Price(0.03, "10,000 requests to KMS", *_KEYS),
        "log_gb": Price(0.50, "GB of log taken in by CloudWatch", *_WATCHING),
        "dashboard_month": Price(3.00, "month of a dashboard", *_WATCHING),
        "metric_month": Price(0.30, "month of a custom metric", *_METRICS),
        "log_kept": Price(0.03, "GB-month of log kept", *_MEMORY),
        "alarm_month": Price(0.10, "month of an alarm", *_MEMORY),
        "out_gb": Price(0.09, "GB to the internet, beyond the first 100 in a month", *_MEMORY),
        "image_gb": Price(0.10, "GB-month of a container image in ECR", *_MEMORY),
        "acl_month": Price(5.00, "month of a web ACL of WAF", *_MEMORY),
        "rule_month": Price(1.00, "month of a rule of WAF", *_MEMORY),
        "request_million": Price(0.60, "million requests that WAF looks at", *_MEMORY),
    }
)

# What others ask for somebody who only reads dashboards, a month, the warehouse apart.
SEATS: tuple[tuple[str, Price], ...] = (
    (
        "Amazon Quick Sight, Reader",
        Price(3, "person", "https://aws.amazon.com/quicksight/pricing/", "2026-10-07"),
    ),
    (
        "Power BI, Pro",
        Price(14, "person", "https://www.thepricer.org/how-much-does-power-bi-cost/", "2025-04-01"),
    ),
    (
        "Tableau Cloud, Viewer",
        Price(
            15,
            "person",
            "https://salesforcenegotiations.com/blog/tableau-vs-power-bi-enterprise-cost/",
            "2026-05",
        ),
    ),
)


def with_own(path: Path) -> Mapping[str, Price]:
    """The prices, with those of a TOML file in their place: `rpu_hour = 0.36`."""
    try:
        own = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PriceError(f"{path}: {error}") from error
    for name, usd in own.items():
        if name not in PRICES:
            raise PriceError(f"{path}: {name} is no price; there are {', '.join(PRICES)}.")
        if isinstance(usd, bool) or not isinstance(usd, (int, float)) or not 0 <= usd < float("inf"):
            raise PriceError(f"{path}: {name} must be a number of US dollars.")
    return MappingProxyType(
        {
            name: replace(price, usd=float(own[name]), source=str(path), seen="") if name in own else price
            for name, price in PRICES.items()
        }
    )
