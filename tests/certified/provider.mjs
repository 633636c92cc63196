// An OpenID provider that others wrote and had certified, for one client that the environment describes.
// Whoever gives a login name is that person; any password will do.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { APP_URL, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKENS } = process.env;
const seconds = (name, otherwise) => Number(process.env[name] ?? otherwise);

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' };
}

function findAccount(_ctx, login) {
  const [local] = login.split('@');
  const claims = () => ({
    sub: login,
    jti: randomUUID(),
    name: local[0].toUpperCase() + local.slice(1),
    email: login,
    email_verified: true,
    groups: ['certified'],
  });
  return { accountId: login, claims };
}

const client = {
  client_id: CLIENT_ID,
  client_secret: CLIENT_SECRET,
  redirect_uris: [`${APP_URL}/auth/callback`],
  post_logout_redirect_uris: [`${APP_URL}/auth/signed-out`],
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token'],
};

const configuration = {
  clients: [client],
  findAccount,
  jwks: { keys: [signingKey()] },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  responseTypes: ['code'],
  pkce: { required: () => true },
  claims: {
    openid: ['sub', 'jti'], // it has no `jti` of its own, and IAM Identity Center takes no ID token without one
    profile: ['name'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  conformIdTokenClaims: false, // the claims of the scopes stand in the ID token, as most hosted providers do it
  rotateRefreshToken: true,
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  ttl: {
    AccessToken: seconds('ID_TOKEN_SECONDS', 300),
    AuthorizationCode: 60,
    Grant: seconds('SESSION_SECONDS', 3600),
    IdToken: seconds('ID_TOKEN_SECONDS', 300),
    Interaction: 300,
    RefreshToken: seconds('REFRESH_TOKEN_SECONDS', 1800),
    Session: seconds('SESSION_SECONDS', 3600),
  },
};
// Its own rule is the strict one of OpenID Connect Core, 11: offline access takes `prompt=consent`.
if (REFRESH_TOKENS === 'always') {
  configuration.issueRefreshToken = (_ctx, asking) => asking.grantTypeAllowed('refresh_token');
}

const server = createServer();
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
await once(server, 'listening');
const issuer = `http://localhost:${server.address().port}`;
const provider = new Provider(issuer, configuration);
provider.use(async (ctx, next) => {
  await next();
  // Its pages name a font of another host; without this a browser that cannot reach it waits.
  ctx.set('Content-Security-Policy', "style-src 'unsafe-inline'");
});
provider.on('grant.revoked', () => console.log('grant ended'));
server.on('request', provider.callback());
console.log(`listening on ${issuer}`);

// Whoever started this holds its standard input: nothing is left behind when they are gone.
process.stdin.on('close', () => process.exit()).resume();
