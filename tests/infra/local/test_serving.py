"""Uploads of every size reach the endpoint."""

import pytest

from tests import outside


@pytest.mark.parametrize("body", [b"", b"x", b"x" * 1_000_000])
def test_an_upload_is_answered_and_read_back(env, body):
    s3 = outside.aws(env, "s3", outside.administrator(env))
    s3.put_object(Bucket=env["S3_BUCKET"], Key="uploads/a", Body=body)
    assert s3.get_object(Bucket=env["S3_BUCKET"], Key="uploads/a")["Body"].read() == body
