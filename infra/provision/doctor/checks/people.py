"""Who may use the applications: the groups of the identity store, and their assignments."""

from collections.abc import Iterator

from infra.provision.doctor import center, groups, redshift
from infra.provision.doctor.check import Check
from infra.provision.doctor.context import Context
from infra.provision.doctor.fault import Finding, Fix
from infra.provision.doctor.faults import identity_center as faults


def there(context: Context) -> Iterator[Finding]:
    """Every group of rowlight.toml is in the identity store, spelt alike."""
    known = context.ask(center.directory)
    for group in context.ask(groups.names):
        if group not in known:
            near = next((name for name in known if name.casefold() == group.casefold()), "")
            what = f"The identity store has {near}, and not {group}." if near else f"It has no {group}."
            yield faults.GROUP_MISSING.found(what, group=group)


def may_exchange(context: Context) -> Iterator[Finding]:
    """Where the application wants assignments, every group has one."""
    arn = context.ask(center.application)["ApplicationArn"]
    if not context.ask(center.assignment_required, arn):
        return
    assigned, known = context.ask(center.assigned, arn), context.ask(center.directory)
    if not assigned:
        example = next((known[name] for name in context.ask(groups.names) if name in known), "<group's id>")
        yield faults.NOBODY_ASSIGNED.found(
            "It has no assignments, of groups or of users.", arn=arn, group=example
        )
        return
    for group in context.ask(groups.names):
        if group in known and ("GROUP", known[group]) not in assigned:
            yield faults.GROUP_NOT_ASSIGNED.found(
                f"{group} is not among its assignments.", arn=arn, id=known[group]
            )


def may_connect(context: Context) -> Iterator[Finding]:
    """Where Redshift's application wants assignments, every group has one."""
    arn = context.ask(redshift.managed_application_arn)
    if not context.ask(center.assignment_required, arn):
        return
    assigned, known = context.ask(center.assigned, arn), context.ask(center.directory)
    for group in context.ask(groups.names):
        number = known.get(group, "")
        if number and ("GROUP", number) not in assigned:
            yield faults.GROUP_CANNOT_CONNECT.found(
                f"{group} is not among its assignments.",
                fix=_assigning(context, arn, group, number),
                arn=arn,
                id=number,
            )
    if not assigned and not context.ask(groups.names):
        yield faults.GROUP_CANNOT_CONNECT.found("It has no assignments at all.", arn=arn, id="<group's id>")


def _assigning(context: Context, arn: str, group: str, number: str) -> Fix:
    def fix() -> str:
        context.aws("sso-admin").create_application_assignment(
            ApplicationArn=arn, PrincipalType="GROUP", PrincipalId=number
        )
        return f"{group} is assigned to Redshift's application"

    return fix


_LINK = "People and groups"
CHECKS = (
    Check(_LINK, "every group is in IAM Identity Center", there),
    Check(_LINK, "every group may exchange tokens at the application", may_exchange),
    Check(_LINK, "every group may connect to Redshift", may_connect),
)
