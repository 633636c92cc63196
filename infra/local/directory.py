"""Plays the identity provider's SCIM: brings people and groups to IAM Identity Center's identity store."""

import boto3

from infra.local.people import GROUPS, PEOPLE


def push_people(session: boto3.Session, *, identity_store_id: str) -> None:
    """Creates each group and person of the demonstration and their memberships."""
    store = session.client("identitystore")
    groups = {
        name: store.create_group(IdentityStoreId=identity_store_id, DisplayName=name)["GroupId"]
        for name in GROUPS
    }
    for person in PEOPLE:
        given, _, family = person.name.partition(" ")
        user = store.create_user(
            IdentityStoreId=identity_store_id,
            UserName=person.email,
            DisplayName=person.name,
            Name={"GivenName": given, "FamilyName": family},
            Emails=[{"Value": person.email, "Type": "work", "Primary": True}],
        )
        for group in person.groups:
            store.create_group_membership(
                IdentityStoreId=identity_store_id,
                GroupId=groups[group],
                MemberId={"UserId": user["UserId"]},
            )
