"""RLD-0xx: what keeps doctor from looking, and the app's settings."""

from infra.provision.doctor.fault import Fault

CANNOT_LOOK = Fault(
    code="RLD-001",
    title="A link could not be looked at",
    why="Whether this link holds is not known: the question was refused, or nobody answered.",
    cure="{cure}",
)
NO_CREDENTIALS = Fault(
    code="RLD-003",
    title="AWS does not accept the administrator's credentials",
    why="Nothing in the account can be looked at without them.",
    cure="Sign in as an administrator (`aws sso login --profile <name>`), then run doctor again with"
    " `--profile <name>`; `aws sts get-caller-identity` must answer.",
)
OTHER_ACCOUNT = Fault(
    code="RLD-004",
    title="The administrator's credentials are of another account than the app's roles",
    why="What is looked at is not what the app uses.",
    cure="Use credentials of account {account} (`--profile <name>`), or correct the ARN in {setting}.",
)
SETTING_MISSING = Fault(
    code="RLD-010",
    title="A setting of the app is missing",
    why="The app does not start without it.",
    cure="Set {setting} in the environment or in .streamlit/secrets.toml: {expected}."
    " `python -m infra.provision env` prints what provisioning knows.",
    shows=("RL-100",),
)
SETTING_MALFORMED = Fault(
    code="RLD-011",
    title="A setting of the app is malformed",
    why="The app does not start with it, or asks for what is not there.",
    cure="Correct {setting}: it must be {expected}.",
    shows=("RL-100",),
)
SETTING_DIFFERS = Fault(
    code="RLD-012",
    title="A setting of the app is not what rowlight.toml says",
    why="The app and provisioning speak of different things, so one is set up and the other is used.",
    cure="Set {setting} to {wanted} where the app runs (`python -m infra.provision env`), or correct"
    " rowlight.toml.",
)
