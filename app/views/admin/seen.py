"""Who sees what of a table, as the warehouse's own catalogue decides it. No Streamlit in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from app.views.admin.catalogue import SYSTEM_ROLES, Attached, Catalogue, Grantee, Mask, Relation

# Redshift's own roles that no row-level security bounds.
_UNBOUND = frozenset({Grantee("role", "sys:secadmin"), Grantee("role", "sys:superuser")})
Security = Literal["off", "lifted", "none", "policies"]


class Somebody(NamedTuple):
    """A role, or a person with the roles that they have; `known` says whether all of those are known."""

    grantee: Grantee
    roles: tuple[str, ...] = ()  # beside those that the warehouse lists
    known: bool = True


@dataclass(frozen=True)
class Sees:
    """What one of them sees of a relation: by which grants, and what bounds the rows."""

    who: Somebody
    relation: Relation
    superuser: bool
    usage: bool
    selects: tuple[Grantee, ...]  # by whom SELECT on all columns is held
    columns: tuple[str, ...]  # else those on which it is
    security: Security
    lifted_by: tuple[Grantee, ...]
    policies: tuple[Attached, ...]
    conjunction: str  # of the policies: and, or
    masks: tuple[Mask, ...]

    @property
    def reads(self) -> bool:
        """Whether Redshift answers at all."""
        return self.superuser or (self.usage and bool(self.selects or self.columns))

    @property
    def names(self) -> frozenset[str]:
        """The policies that bound the rows, each once."""
        return frozenset(each.policy for each in self.policies)


def sees(catalogue: Catalogue, who: Somebody, relation: Relation) -> Sees:
    """What somebody sees of a relation."""
    held = catalogue.held_by([who.grantee, *(Grantee("role", role) for role in who.roles)])
    superuser = who.grantee.kind == "user" and catalogue.users.get(who.grantee.name, False)
    columns = {name for grantee in held for name in catalogue.columns.get((relation, grantee), ())}
    lifted = tuple(sorted(held & (catalogue.ignores | _UNBOUND)))
    policies = tuple(
        each for each in catalogue.attached if each.relation == relation and each.grantee in held
    )
    secured = relation in catalogue.secured
    return Sees(
        who=who,
        relation=relation,
        superuser=superuser,
        usage=any((relation.schema, grantee) in catalogue.usage for grantee in held),
        selects=tuple(sorted(grantee for grantee in held if (relation, grantee) in catalogue.select)),
        columns=tuple(sorted(columns)),
        security=_security(secured=secured, lifted=superuser or bool(lifted), policies=policies),
        lifted_by=lifted if secured else (),
        policies=policies if secured and not superuser and not lifted else (),
        conjunction=catalogue.secured.get(relation, ""),
        masks=_counting(
            mask for mask in catalogue.masks if mask.relation == relation and mask.grantee in held
        ),
    )


def _security(*, secured: bool, lifted: bool, policies: Sequence[Attached]) -> Security:
    if not secured:
        return "off"
    if lifted:
        return "lifted"
    return "policies" if policies else "none"


def _counting(masks: Iterable[Mask]) -> tuple[Mask, ...]:
    """For each column the mask of the highest priority."""
    found: dict[str, Mask] = {}
    for mask in sorted(masks, key=lambda each: (each.priority, each.policy)):
        found |= dict.fromkeys(mask.columns, mask)
    return tuple(dict.fromkeys(found[column] for column in sorted(found)))


# Before the names of users that come by an IAM role: the roles that its tags name have nothing before theirs.
_IAM = "IAMR"


def everybody(catalogue: Catalogue, groups: Mapping[str, Sequence[str]]) -> tuple[Somebody, ...]:
    """The roles that people make, then the people; `groups` are those of who signed in here, by address.

    Redshift gives people the roles of their groups while they are connected, and lists those nowhere.
    """
    granted = {grantee for _, grantee in (*catalogue.select, *catalogue.columns)}
    roles = [role for role in catalogue.roles if not role.startswith(SYSTEM_ROLES)]
    others = sorted(grantee for grantee in granted if grantee.kind in {"group", "public"})
    known = {*catalogue.users, *(_user(catalogue, address) for address in groups)} - {"rdsdb"}
    people = [person(catalogue, name, groups) for name in sorted(known)]
    return (*(Somebody(Grantee("role", role)) for role in roles), *map(Somebody, others), *people)


def person(catalogue: Catalogue, name: str, groups: Mapping[str, Sequence[str]]) -> Somebody:
    """A person with the roles of the groups that they had when they last signed in here."""
    space, _, address = name.rpartition(":")
    if not space or space != catalogue.namespace:
        return Somebody(Grantee("user", name))  # a user of the warehouse's own has no groups
    if address not in groups:
        return Somebody(Grantee("user", name), known=False)
    roles = (group if space == _IAM else f"{space}:{group}" for group in groups[address])
    return Somebody(Grantee("user", name), tuple(role for role in roles if role in catalogue.roles))


def _user(catalogue: Catalogue, address: str) -> str:
    return f"{catalogue.namespace}:{address}" if catalogue.namespace else address
