"""A month's bill, part by part."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from infra.deploy.cost.prices import Price
from infra.deploy.cost.work import Work

HOURS = 730  # of a month
# Of the app, measured: `make bench`, part load, 50 and 100 sessions (rounded up; a test holds them to it).
ACTION_CPU_SECONDS = 0.05
SESSION_MB = 2.5
# Of the app, from its code: it reads the session's item at each run and question, and each half minute.
_READS_AN_ACTION, _WRITES_A_VISIT, _LOOK_SECONDS, _ITEM_KB = 4, 12, 30, 8
_KB_AN_ACTION, _MB_A_DAY = 100, 2.5  # to the browser: an answer with its charts; the app itself, once a day
_LOG_KB_AN_ACTION, _LOG_MONTHS, _LOG_KB_A_MINUTE = 1, 12, 0.2  # of each task, whoever comes
_REQUESTS_A_VISIT = 100  # the app's files, the socket, a look now and then


@dataclass(frozen=True)
class Host:
    """What stands there day and night, whoever comes: as infra/deploy/cloudformation has it."""

    vcpu: float = 0.5
    memory_gb: float = 2.0
    least_tasks: int = 2  # one in each zone
    sessions: int = 150  # of a task, at which more start
    zones: int = 2
    addresses: int = 0  # of the balancer in each zone: one where it faces the internet
    nat_gateways: int = 2
    endpoints: int = 0  # interface endpoints, each in every zone
    secrets: int = 3  # the client's, the key of sessions, the warehouse's administrator
    keys: int = 1
    alarms: int = 13
    metrics: int = 4
    dashboards: int = 0
    rules: int = 3  # of the firewall
    slower: float = 2.0  # a vCPU, in times the processor of the bench
    use: float = 0.6  # of a vCPU, at which more tasks start
    own_mb: float = (
        400.0  # of a task beside its sessions: 180 resident while nobody came, 290 later; rounded up
    )
    image_gb: float = 0.5

    def people_at_work(self, work: Work) -> float:
        """That a task's processor serves at once."""
        return self.vcpu * self.use * work.pause / (ACTION_CPU_SECONDS * self.slower)

    def people_signed_in(self) -> float:
        """At once to a task: as many as its memory holds, or as are let in before another starts."""
        return min(self.sessions, (self.memory_gb * 1024 - self.own_mb) / SESSION_MB)

    def tasks(self, work: Work) -> int:
        """In the busiest minutes."""
        needed = max(
            work.busiest_at_work / self.people_at_work(work), work.busiest_tabs / self.people_signed_in()
        )
        return max(self.least_tasks, math.ceil(needed))


@dataclass(frozen=True)
class Bill:
    """US dollars for each part of a month, and what they come to."""

    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        return sum(self.parts.values())

    @property
    def hosting(self) -> float:
        """All but the warehouse."""
        return self.total - sum(usd for part, usd in self.parts.items() if part.startswith("Redshift"))


def month(work: Work, rpu: int, host: Host, prices: Mapping[str, Price]) -> Bill:
    """What such a month costs at list prices."""
    usd = {name: price.usd for name, price in prices.items()}
    gb_out = _gb_out(work)
    return Bill(
        {
            "Redshift Serverless": work.rpu_hours(rpu) * usd["rpu_hour"],
            "Redshift managed storage": work.storage_gb * usd["managed_storage"],
            "Application Load Balancer": HOURS * usd["balancer_hour"] + _lcu_hours(work) * usd["lcu_hour"],
            "Fargate": _fargate(work, host, usd),
            "Network": _network(host, gb_out, usd),
            "DynamoDB (sessions)": _sessions(work, usd),
            "Secrets Manager and KMS": host.secrets * usd["secret_month"] + _keys(work, host, usd),
            "CloudWatch": _watching(work, host, usd),
            "ECR": host.image_gb * usd["image_gb"],
            "WAF": _firewall(work, host, usd),
        }
    )


def _gb_out(work: Work) -> float:
    first_visits = work.people * work.days
    return (work.actions_a_month * _KB_AN_ACTION / 1000 + first_visits * _MB_A_DAY) / 1000


def _lcu_hours(work: Work) -> float:
    """A unit is a GB in an hour, or 3,000 connections at a time; the larger counts."""
    tabs = work.visits_a_second * (work.visit_seconds + 30 * 60)
    return max(_gb_out(work), work.days * work.hours * tabs / 3000)


def _fargate(work: Work, host: Host, usd: Mapping[str, float]) -> float:
    """The tasks that always stand, and those beyond them in working hours."""
    task = host.vcpu * usd["vcpu_hour"] + host.memory_gb * usd["memory_hour"]
    more = host.tasks(work) - host.least_tasks
    return task * (host.least_tasks * HOURS + more * work.days * work.hours)


def _network(host: Host, gb_out: float, usd: Mapping[str, float]) -> float:
    addresses = host.zones * host.addresses + host.nat_gateways
    standing = (
        host.nat_gateways * usd["nat_hour"]
        + host.endpoints * host.zones * usd["endpoint_hour"]
        + addresses * usd["address_hour"]
    )
    # What the app gets from AWS goes through the gateway, and is less than what it sends on.
    through = gb_out * usd["nat_gb"] if host.nat_gateways else 0
    return HOURS * standing + through + max(0, gb_out - 100) * usd["out_gb"]


def _sessions(work: Work, usd: Mapping[str, float]) -> float:
    """Reads are consistent, a unit for each 4 KB; writes a unit for each KB."""
    looks = work.visits_a_month * (work.visit_seconds + 30 * 60) / _LOOK_SECONDS
    reads = (work.actions_a_month * _READS_AN_ACTION + looks) * _ITEM_KB / 4
    writes = work.visits_a_month * _WRITES_A_VISIT * _ITEM_KB
    return (reads * usd["read_million"] + writes * usd["write_million"]) / 1_000_000


def _keys(work: Work, host: Host, usd: Mapping[str, float]) -> float:
    """DynamoDB asks for a table's key once in five minutes for each caller, rounded up to once a visit."""
    return host.keys * usd["key_month"] + work.visits_a_month / 10_000 * usd["key_requests"]


def _watching(work: Work, host: Host, usd: Mapping[str, float]) -> float:
    """Logs are kept for a year: a month's bill is for twelve of them."""
    quiet = host.least_tasks * HOURS * 60 * _LOG_KB_A_MINUTE
    log_gb = (work.actions_a_month * _LOG_KB_AN_ACTION + quiet) / 1_000_000
    return (
        log_gb * (usd["log_gb"] + _LOG_MONTHS * usd["log_kept"])
        + host.alarms * usd["alarm_month"]
        + host.metrics * usd["metric_month"]
        + host.dashboards * usd["dashboard_month"]
    )


def _firewall(work: Work, host: Host, usd: Mapping[str, float]) -> float:
    if not host.rules:
        return 0
    requests = work.visits_a_month * _REQUESTS_A_VISIT
    return usd["acl_month"] + host.rules * usd["rule_month"] + requests / 1_000_000 * usd["request_million"]
