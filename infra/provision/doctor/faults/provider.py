"""RLD-1xx: the identity provider, the app's client there, and the clocks."""

from infra.provision.doctor.fault import Fault

_LETTER_BY_LETTER = (
    "OIDC_ISSUER, the IAM identity provider's URL and the trusted token issuer's URL are one text"
)

UNREACHABLE = Fault(
    code="RLD-101",
    title="The identity provider cannot be reached",
    why="Nobody can sign in, and AWS cannot read the provider's keys.",
    cure="Open {url} from the computer that runs the app: `curl -sv {url}`. Correct OIDC_ISSUER, the"
    " network or the proxy; AWS must reach the same address over the public internet.",
    shows=("RL-227", "RL-322"),
)
UNTRUSTED_CERTIFICATE = Fault(
    code="RLD-102",
    title="The identity provider's certificate is not trusted",
    why="The app and AWS talk only to a provider whose certificate a public authority signed, or one"
    " that both were told of.",
    cure="Give {host} a certificate of a public authority; for a private one, set SSL_CERT_FILE where the app"
    " runs, and put the authority's thumbprint into IAM: `aws iam update-open-id-connect-provider-thumbprint"
    " --open-id-connect-provider-arn {provider} --thumbprint-list <sha1>`.",
    shows=("RL-227",),
)
NO_DISCOVERY = Fault(
    code="RLD-103",
    title="There is no discovery document at the issuer",
    why="Where people sign in, and with which keys, is read there, by the app and by AWS.",
    cure="Set OIDC_ISSUER to the issuer that it has in {where}, such that"
    " `curl -s {url}` prints a JSON document.",
    shows=("RL-228",),
)
ISSUER_DIFFERS = Fault(
    code="RLD-104",
    title="The provider calls itself by another name than OIDC_ISSUER",
    why="The issuer is compared letter by letter, a slash at its end too: each token would be refused.",
    cure="Set OIDC_ISSUER to {published} exactly. " + _LETTER_BY_LETTER + ".",
    shows=("RL-214", "RL-228", "RL-321"),
)
UNSAFE_ENDPOINT = Fault(
    code="RLD-105",
    title="The provider publishes an endpoint that is missing or not https",
    why="What goes there, the client's secret too, could be read on the way; the app refuses to use it.",
    cure="Set the provider's public address in its console to https, until {endpoint} in `curl -s"
    " {url}` begins with https://.",
    shows=("RL-228",),
)
NO_KEYS_DOCUMENT = Fault(
    code="RLD-106",
    title="The provider's keys cannot be fetched",
    why="Neither the app nor AWS can verify an ID token without them.",
    cure="`curl -sv {url}` must print a JSON document with `keys`, without a sign-in and from the public"
    " internet: open it in the provider's firewall or network zone.",
    shows=("RL-228", "RL-312", "RL-321"),
)
NO_USABLE_KEY = Fault(
    code="RLD-107",
    title="None of the provider's keys can verify an ID token",
    why="Rowlight takes RS256 alone, with an RSA key of 2048 bits or more that has a `kid`. AWS takes such"
    " keys, too.",
    cure="Have the provider sign this client's ID tokens with RS256, until `curl -s {url}` lists a key with"
    ' "kty": "RSA" and a "kid".',
    shows=("RL-212", "RL-213"),
)
NO_RS256 = Fault(
    code="RLD-108",
    title="The provider does not sign ID tokens with RS256",
    why="Rowlight and AWS refuse tokens that are signed otherwise.",
    cure="Set the client's ID token signature algorithm to RS256 in {where}; it must stand in"
    " id_token_signing_alg_values_supported of `curl -s {url}`.",
    shows=("RL-212",),
)
NO_CODE_FLOW = Fault(
    code="RLD-109",
    title="The provider does not offer the authorization code flow",
    why="It is the one that keeps tokens out of the browser, and the only one that the app uses.",
    cure="Allow the grant type Authorization Code (response type code) in {where},"
    " for the server and for the client {client}.",
    shows=("RL-222",),
)
NO_PKCE = Fault(
    code="RLD-110",
    title="The provider does not offer PKCE with S256",
    why="The app sends a code challenge, so that a stolen code is worth nothing; this provider says"
    " that it takes other ones alone.",
    cure="Turn PKCE with S256 on in {where}, for the client {client} or for all.",
    shows=("RL-222",),
)
NO_REFRESH = Fault(
    code="RLD-111",
    title="The provider does not renew sign-ins",
    why="Without refresh tokens a sign-in ends with its ID token, an hour after it at most providers.",
    cure="Allow the grant type Refresh Token and the scope offline_access for the client {client} in"
    " {where}.",
    severity="warning",
    shows=("RL-234",),
)
NO_SIGN_OUT = Fault(
    code="RLD-112",
    title="The provider has no address for signing out",
    why="Signing out ends the sign-in here, and not the one at the provider: the next person at this"
    " browser may come in without a password.",
    cure="Turn RP-initiated logout on in {where}, until end_session_endpoint stands in"
    " `curl -s {url}`; otherwise have people sign out at the provider too.",
    severity="warning",
)
CLOCK_HERE = Fault(
    code="RLD-113",
    title="This computer's clock is wrong",
    why="Tokens seem to be from the future or expired, and AWS refuses signatures that are five minutes off.",
    cure="Synchronise the clock: `sudo timedatectl set-ntp true` (or chrony, with 169.254.169.123 on"
    " EC2), here and where the app runs; `timedatectl` must say: System clock synchronized:"
    " yes.",
    shows=("RL-216", "RL-319", "RL-328"),
)
CLOCK_OF_PROVIDER = Fault(
    code="RLD-114",
    title="The identity provider's clock is wrong",
    why="AWS and the app refuse tokens from the future and such as have expired.",
    cure="Synchronise the clock of {host} (NTP); at a hosted provider, tell its support.",
    shows=("RL-216", "RL-321"),
)
EMAIL_CLAIM = Fault(
    code="RLD-115",
    title="The provider vouches for e-mail addresses by another claim",
    why="The app refuses an ID token without the claim that it reads. Microsoft Entra ID sends xms_edov, and"
    " never email_verified; the others send email_verified.",
    cure="Set OIDC_EMAIL_VERIFIED to {claim}, and have `email` and `{claim}` put into ID tokens, in {where}.",
    shows=("RL-218",),
)
CLIENT_REFUSED = Fault(
    code="RLD-120",
    title="The provider does not accept the client's id and secret",
    why="The provider refuses to hand out tokens, so each sign-in ends at its last step.",
    cure="In {where}, open the application with the client id {client}: copy its client id to"
    " OIDC_CLIENT_ID; make a new client secret and put it into OIDC_CLIENT_SECRET, or into the secret of"
    " OIDC_CLIENT_SECRET_ARN. The client must authenticate by its secret (client_secret_basic or _post).",
    shows=("RL-226",),
)
NO_SECRET_METHOD = Fault(
    code="RLD-121",
    title="The provider takes no client secret",
    why="The app authenticates by its secret; this provider offers other ways alone.",
    cure="Set the client authentication of {client} to Client secret in {where}.",
    shows=("RL-226",),
)
REDIRECT_NOT_REGISTERED = Fault(
    code="RLD-122",
    title="The redirect URI is not registered at the provider",
    why="The provider shows people an error page of its own in place of its sign-in.",
    cure="Add {uri} to the redirect URIs (sign-in redirect URIs, callback URLs) of the client {client} in"
    " {where}, letter by letter.",
)
SCOPE_REFUSED = Fault(
    code="RLD-123",
    title="The provider refuses the scopes that the app asks for",
    why="It publishes a scope that this client may not have, so that no sign-in begins.",
    cure="Allow the scopes {scopes} for the client {client} in {where} (API scopes,"
    " client scopes, access policy).",
    shows=("RL-222",),
)
CLIENT_MAY_NOT = Fault(
    code="RLD-124",
    title="The client may not use the authorization code flow",
    why="The provider knows the client, and sends people back with an error at once.",
    cure="Allow the grant type Authorization Code for the client {client} in {where},"
    " and assign the people or groups who may sign in.",
    shows=("RL-221", "RL-222"),
)
SIGN_OUT_NOT_REGISTERED = Fault(
    code="RLD-125",
    title="The address for after a sign-out is not registered at the provider",
    why="Whoever signs out is left on a page of the provider.",
    cure="Add {uri} to the sign-out redirect URIs (post-logout redirect URIs, allowed logout URLs)"
    " of the client {client} in {where}.",
    severity="warning",
)
NO_SECRET = Fault(
    code="RLD-126",
    title="The client's secret is not in Secrets Manager",
    why="The app reads it there when it starts, and does not start without it.",
    cure="Put it there: `aws secretsmanager create-secret --region {region} --name rowlight/client-secret"
    " --secret-string file:///dev/stdin`, and set OIDC_CLIENT_SECRET_ARN to the ARN that this prints.",
    shows=("RL-102",),
)
