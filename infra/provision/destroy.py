"""Takes away what was made here, and nothing that was there before."""

import argparse
import json
import sys
import time
from dataclasses import dataclass

import boto3

from infra.provision import command, show
from infra.provision.errors import ProvisioningError, SpecError
from infra.provision.plan import PATIENCE_SECONDS, settled
from infra.provision.resources.clients import Clients
from infra.provision.resources.declared import owned
from infra.provision.resources.resource import Ids, Owner, Resource, Tell
from infra.provision.specification.spec import Spec


@dataclass(frozen=True)
class Survey:
    """What is there: what goes, in its order, and what stays because it was there before."""

    goes: tuple[Resource, ...]
    stays: tuple[str, ...]
    ids: Ids


def survey(spec: Spec, session: boto3.Session, tell: Tell, *, act: bool = True) -> Survey:
    """Looks at everything that may have been made, and changes nothing."""
    ids, goes, stays = Ids(), [], []
    for resource in owned(spec, Clients(session), tell):
        found = settled(resource, ids, tell) if act else resource.find(ids)
        if found is None:
            continue
        ids.update(found.gives)
        if found.owner is Owner.US:
            goes.append(resource)
        elif found.owner is Owner.OTHERS:
            stays.append(resource.title)
    return Survey(tuple(reversed(goes)), tuple(stays), ids)


def destroy(found: Survey, tell: Tell) -> None:
    """Takes away what goes, one after another: each is gone before what it needed."""
    for resource in found.goes:
        tell(f"removing {resource.title}")
        resource.remove(found.ids)
        if resource.slow:
            _wait_until_gone(resource, found.ids, tell)


def _wait_until_gone(resource: Resource, ids: Ids, tell: Tell) -> None:
    begun = time.monotonic()
    while resource.find(ids) is not None:
        if time.monotonic() - begun > PATIENCE_SECONDS:
            raise ProvisioningError(
                f"{resource.title} is still there after {PATIENCE_SECONDS // 60} minutes: look at it in the"
                f" AWS console, then run this again."
            )
        tell(f"waiting until {resource.title} is gone")
        time.sleep(resource.poll_seconds)


def add_parser(commands: command.Commands) -> None:
    """Adds `destroy`."""
    parser = commands.add_parser("destroy", help="take away what apply made, and nothing else; it asks first")
    parser.set_defaults(run=run)
    command.add_common(parser, dry_run=True)
    command.add_specification(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: argparse.Namespace) -> int:
    """Shows what goes, asks, and takes it away."""
    session = command.session_of(options)
    spec = command.spec_of(options, session)
    progress = show.Progress()
    found = survey(spec, session, progress, act=not options.dry_run)
    goes = [resource.title for resource in found.goes]
    words = _in_words(spec, goes, found.stays)
    if goes and not options.dry_run:
        if not options.yes:
            _ask(spec, words)
        with progress.alive():
            destroy(found, progress)
    if options.json:
        removed = {"dry_run": options.dry_run, "removed": goes, "stays": found.stays}
        show.answer(json.dumps({"application": spec.application, "account": spec.account_id, **removed}))
    elif options.dry_run or options.yes or not goes:
        show.answer(words)
    return 0


def _in_words(spec: Spec, goes: list[str], stays: tuple[str, ...]) -> str:
    where = f"{spec.application} in {spec.account_id}, {spec.region}"
    lines = [f"Nothing that was made for {where} is there any more."]
    if goes:
        lines = [
            f"What was made for {where}, and goes with all that is in it:",
            *(f"  - {each}" for each in goes),
        ]
    if stays:
        lines += ["What was there before, and stays:", *(f"  = {each}" for each in stays)]
    return "\n".join(lines)


def _ask(spec: Spec, words: str) -> None:
    show.tell(words)
    show.tell(f"It cannot be undone. The application's name ({spec.application}) to go on, all else to stop:")
    if sys.stdin.readline().strip() != spec.application:
        raise SpecError("Nothing was taken away: --yes, or the application's name, lets it go on.")
