"""What one version sealed another reads, or takes for absent: processes of both may share a table."""

import base64
import json
from datetime import timedelta

from app.chain import CenterUser
from app.session import sealing
from app.session.record import read
from app.session.sealing import Seal
from app.session.store import key
from tests.app.auth.test_standing import keys, standing
from tests.app.session.test_record import NOW, record

SEAL = Seal([bytes(range(32))])
NAME = "session#kept"
HOUR = NOW + timedelta(hours=1)
SESSION = record(
    standing=standing(
        refresh_token="refresh-1",
        token_sent=True,
        context_refresh_token="context-1",
        credentials=keys(HOUR),
        center=CenterUser("user-1", "arn:store-1", HOUR),
    ),
    renew_at=NOW + timedelta(minutes=45),
)
# The session above as each format sealed it. A format is never changed, only added.
KEPT = {
    b"\x01": """
AQsG7DnhLRdc9zIRsrSyNJ34zfuW/6j/fKtuIGPv5dEAQ6WnHr0wcoFoQkHWHrxr9dsqiteTjEEGguj3NDnv7Qd3pphXOYimuj5V
qR7lz5Dnk0DS65P8Ypw0tOdWeym1fpRtclQHX4r/9H2+7aKEPTWirBvUozgyF1XV0P0GvuEb6uHx6KJpgdYBpNyurYT6GK5cl8Dt
vVM0MYZkkb6GxNmaJS00X9/FOroyIPc0/YEZWLkBDofpG1ZdloZzTo+tzSdSQc2G0xKrR82b7bynmxQy4kP0UQL0OHKlLPtx9qch
zhLwX76i3lKKkM2JNONvicFwqFGkZ1fOdC2NLrOhCG+LZqAQy1ckVn7dGquu6KQDPmiBBdJxB/NQ553RBtM0NQ8dQ9iI6+U7bZtz
60sUs2a+qZccimBs3//IkhGNbyONg99yxR8lr+QMjBOKn82GHH7svPCj8Jb1Cr02AUG2M/dLWUyAX0BhMISZ/sxaJgZTMt3d+1RO
zxpV3Bw3s7hRhaL0wSN8RYRkJpG6VWhJNG4zn49jVn8sdsSlpYU5E2HKWT+8E1PlY97fQFV4urQITiSZmrGLL+UosXMtMNQAq+vc
hrUkq6HpXdn2rTGwg74ITNKW7L1GtDV+hOUb78P3RLek2Pudy+0BPf06yMoRwjhJuvUra2Zr6tiUNHZTHFmsyilVPCHxXebarTmM
pK+wcYqNXmjvKBc4BsRKbzI/V8KceJenHAi7zruC1Z7D1MLQusqZyY7JVpAbnGU+eRqoXzbQ02JurKLy2jQzKQHybgDmRckXVnDf
+xuwkahyKh5UVk4VJl9rqrZ4dRYCQLtIvVp1Y817HpTeGzUuFbz/KmlxpM/1xM0Yd1cvJCzHvAL8v0Sul+8Z+09QofLsPsBuNyA5
Q6PvDEGNxSSPxrUxJao/So2HYTEh/SYnnkKMK8SZ+A6ij4+zi8thPdWfJJJ2gyi2ydEvPCOxlRGBhD0jeE8gk1wHY5ipycYNJ7h8
CyMf/rKGnfapggoD2PII01pMWjBdkxI1O9SbB6NtO7fsrpT9x/xT84KMq9dEfgPLtG3u0uqEQIa26H8JnTQsOjp+JagNKo71qks=
""",
}


def members(value):
    """The names of all that is within, and of nothing that is said there."""
    return {name: members(inner) for name, inner in value.items()} if isinstance(value, dict) else None


def test_what_todays_format_sealed_is_read():
    kept = SEAL.open(base64.b64decode(KEPT[sealing._FORMAT]), name=NAME)
    assert read(kept) == SESSION


def test_another_content_is_another_format():
    kept = SEAL.open(base64.b64decode(KEPT[sealing._FORMAT]), name=NAME)
    now = members(json.loads(SESSION.to_bytes()))
    assert now == members(json.loads(kept)), "a new sealing._FORMAT, and this session as it seals it"


def test_what_a_sign_in_under_way_holds_is_of_todays_format_too(scene):
    state = scene.begin(scene.sessions())["state"]
    kept = json.loads(scene.store.get(key("attempt", state)).value)
    names = {"state", "nonce", "verifier", "url", "redirect_uri", "trace", "return_to", "visitor"}
    assert set(kept) == names, "a new sealing._FORMAT, and these names as it has them"
    ticket = scene.sessions().ticket(scene.signed_in(), visitor=scene.visitor)
    kept = json.loads(scene.store.get(key("ticket", ticket)).value)
    assert set(kept) == {"standing", "trace", "visitor"}, (
        "a new sealing._FORMAT, and these names as it has them"
    )


def test_another_format_is_as_good_as_absent():
    sealed = base64.b64decode(KEPT[sealing._FORMAT])
    others = {bytes([form]) for form in range(256)} - {sealing._FORMAT}
    assert not [form for form in others if SEAL.open(form + sealed[1:], name=NAME) is not None]
