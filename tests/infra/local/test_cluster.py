"""The app on a provisioned cluster: sign-in, rows, and a renewal."""

import boto3
import pytest

from app.redshift.query import Query
from app.session.assembly import assemble
from app.settings import load
from infra.provision.apply import apply
from tests.app.test_sign_in_to_rows import user_of
from tests.provisioned import specification

WHO = Query("who am I", "SELECT current_user AS name")
SALES = Query("sales", "SELECT count(*) AS orders FROM public.sales_data")


@pytest.fixture
def shared(empty, monkeypatch, tmp_path):
    """The app, set up by what provisioning with a cluster says."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", empty["AWS_ENDPOINT_URL"])
    session = boto3.Session(
        empty["ADMIN_AWS_ACCESS_KEY_ID"],
        empty["ADMIN_AWS_SECRET_ACCESS_KEY"],
        region_name=empty["AWS_REGION"],
    )
    spec = specification(empty, cluster="sales")
    settings = apply(spec, session).settings()
    assert settings["REDSHIFT_CLUSTER"] == "sales"
    for name, value in {**empty, **settings}.items():
        if not name.startswith("ADMIN_"):
            monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return assemble(load(None))


def test_people_see_their_rows_of_a_cluster_and_stay_signed_in(shared):
    user = user_of(shared, "Frank Amer")
    assert user.warehouse.fetch(WHO).frame["name"].tolist() == ["AWSIDC:frank@example.com"]
    before = user.warehouse.fetch(SALES).frame["orders"][0]
    assert 0 < before < 300
    keys = user.keys()
    user.renew()
    assert user.keys() != keys
    assert user.warehouse.fetch(SALES, fresh=True).frame["orders"][0] == before
