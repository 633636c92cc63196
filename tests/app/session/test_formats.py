"""What one version sealed another reads, or takes for absent: processes of both may share a table."""

import base64
import json
from datetime import timedelta

from app.chain import CenterUser
from app.session import sealing
from app.session.record import read
from app.session.sealing import Seal
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
AQsG7Dn6c2mNd0SuXOQ9Yy7Zt3f+G7GKLhbNW6DebIAFgsrUgjT0StJ0bw+aMRkiwFqHFLUNlXhoKaDRd04dzuHGPakWwmab+Bua
Uf1+Y6KQ+j5Wo6O5jVsMG7NeDiqufrXPVZSaaxyoKGlmnZvozIN95FvHtZkb9ItCZSIVK63RYKmeuqWixIn02Ii/XLE7Y2QsqQzW
Bb87UWptoBsm+fyMCIciO0v7ddxCcntDMeu1PLtqA7722vm44Lrzpbtc/Wzi0HVFAzCrlVJv8iQUquKl8Wjh3wIi3mIjOkpbnVWu
0myLT3yqy7zPGLly248dt9VPfLG09G9a6SyFaDfOSFK/xtoX6vRHuwb9+S05vfbwZ1NQaHGWHyOJqOUr+DVNV49yA88pzQmo4Coc
JYnP2IEixle911AAPD/Z93XNvDI8Je3aD9+kAoae/1VpMbnWZM4jUxanToIjSHIqHVcjoI7QUKJq9hc3FDblUAfXxDny12L7d24i
2/PrNBdWhhfvu5UZlRqRB/0VuxwUmrC+OOJWgkZ8I4R1IYWt75q8hipn7ginC2FBrte9A5L10pgHl/pcRx0aMjBhCSocT7OpB2X/
U+UeDzvvoNyFNBiA65DSM9kCSnoMj5gHoqT+FR2rmKZNEpNEVm2YfPJOQuX7Ik1I+3aaVoSJw05EYG6bJugsVs63AU6D7dQ6aANx
Q9wngskM/03ZRRPBav/81EpTQHuuSUObTYDDQOZaJQhbIcDC0pec9C+l6hiRmLrVDSDseUAg+3vqG/RxwXkjF0KW4w6wpe8JJZKT
GGLM64WJ17ShKjQulrCEnExQ+MZXIDRFS5/gye94NfWHUgf5NdLQNFPiJN7WQ1aiKQ+2teyBtmiufFBZVukxP8ACms+peh3Uxx+k
Eqp3kSClXnno9R/a2nCX0PRrLpt0Yu3qPW5aeegikjNiVXGQzDxpX17p4z47TFMxo29KoiMv696j8Y+rafwvuZLVJTFMsQw/fbpN
glAUOHQQWg6NJ73cBK1QxNg64mdYeC8WSJ8J/5R+T7TEJq78JdhJdjFI6bGcAEBacWDpUxMo+eznWys96FJw
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


def test_another_format_is_as_good_as_absent():
    sealed = base64.b64decode(KEPT[sealing._FORMAT])
    others = {bytes([form]) for form in range(256)} - {sealing._FORMAT}
    assert not [form for form in others if SEAL.open(form + sealed[1:], name=NAME) is not None]
