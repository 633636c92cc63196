"""The one walk over the resources, which plan, apply and destroy share; and `plan`, which only looks."""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import boto3

from infra.provision import command, show
from infra.provision.errors import ProvisioningError
from infra.provision.iam.policies import same
from infra.provision.resources.clients import Clients
from infra.provision.resources.declared import declared
from infra.provision.resources.resource import Found, Ids, Owner, Resource, State, Tell
from infra.provision.specification.spec import Spec

Action = Literal["create", "change", "wait", "nothing"]
# A new cluster takes some ten minutes; beyond this something is wrong that only the console tells.
PATIENCE_SECONDS = 1800


@dataclass(frozen=True)
class Change:
    """What is to be done with a resource, and how it is before and after."""

    title: str
    action: Action
    owner: Owner
    before: State
    after: State
    remarks: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()


def walk(resources: Sequence[Resource], ids: Ids, tell: Tell, *, act: bool) -> Iterator[Change]:
    """What is to be done with each resource in its turn; done, where it is to act, before it is told."""
    for resource in resources:
        found = settled(resource, ids, tell) if act else resource.find(ids)
        if found is None and resource.missing:
            raise ProvisioningError(resource.missing)
        if found is not None:
            ids.update(found.gives)
            if fault := resource.fault(found):
                raise ProvisioningError(fault)
        change = _change(resource, found, ids)
        if act and change.action != "nothing":
            _do(resource, found, ids, tell)
        yield change


def _change(resource: Resource, found: Found | None, ids: Ids) -> Change:
    if found is not None and found.pending:
        return Change(resource.title, "wait", found.owner, {"status": found.pending}, {})
    wanted = resource.wanted(ids)
    if found is None:
        return Change(resource.title, "create", Owner.US, {}, wanted)
    action: Action = "nothing" if same(found.state, wanted) else "change"
    return Change(resource.title, action, found.owner, found.state, wanted, found.remarks, found.steps)


def _do(resource: Resource, found: Found | None, ids: Ids, tell: Tell) -> None:
    if found is None:
        tell(f"making {resource.title}")
        made = resource.create(ids)
        ids.update(made.gives)
        if not made.pending:
            return
    else:
        tell(f"changing {resource.title}")
        resource.change(ids, found)
        if not resource.slow:
            return
    done = settled(resource, ids, tell)
    if done is not None:
        ids.update(done.gives)


def settled(resource: Resource, ids: Ids, tell: Tell) -> Found | None:
    """What there is of a resource once AWS is no longer at work on it."""
    begun = time.monotonic()
    while True:
        found = resource.find(ids)
        if found is None or not found.pending:
            return found
        if time.monotonic() - begun > PATIENCE_SECONDS:
            raise ProvisioningError(
                f"{resource.title} is still {found.pending} after {PATIENCE_SECONDS // 60} minutes: look at"
                f" it in the AWS console, then run this again."
            )
        tell(f"waiting for {resource.title}: {found.pending}")
        time.sleep(resource.poll_seconds)


def plan(spec: Spec, session: boto3.Session, tell: Tell) -> list[Change]:
    """What apply would do; it changes nothing."""
    resources = declared(spec, Clients(session), tell)
    return list(walk(resources, Ids(), tell, act=False))


def add_parser(commands: command.Commands) -> None:
    """Adds `plan`."""
    parser = commands.add_parser("plan", help="show what apply would change, and the IAM policies in full")
    parser.set_defaults(run=run)
    command.add_common(parser)
    command.add_specification(parser)


def run(options: argparse.Namespace) -> int:
    """Shows what would change."""
    session = command.session_of(options)
    spec = command.spec_of(options, session)
    changes = plan(spec, session, show.Progress())
    show.answer(show.plan_as_json(spec, changes) if options.json else show.plan_as_text(spec, changes))
    return 0
