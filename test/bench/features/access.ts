import { createHash } from "node:crypto";
import { SignJWT } from "jose";
import type { Section } from "../gateway.ts";
import { type Feature, feature, onRoute, type Setup } from "./feature.ts";
import { headers } from "./scripts.ts";

const SECRET = "a-secret-of-the-benchmark-of-32-bytes";
const KEY = "gw_of-the-benchmark-which-nobody-else-has";
const BOUNDLESS = { rate: 1_000_000, burst: 1_000_000 };

const jwt: Section = { jwt: { secret: SECRET, issuer: "bench", audience: ["gateway"] } };
const apiKey: Section = {
  api_key: {
    keys: { bench: { hash: `sha256:${createHash("sha256").update(KEY).digest("hex")}` } },
  },
};

/** One token for all requests, as of one client that sends many. */
async function withToken(): Promise<string> {
  const token = await new SignJWT({ scope: "users:read users:write", role: "admin" })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer("bench")
    .setAudience("gateway")
    .setSubject("ada")
    .setIssuedAt()
    .setExpirationTime("2h")
    .sign(new TextEncoder().encode(SECRET));
  return headers({ Authorization: `Bearer ${token}`, Origin: "https://app.example" });
}

const withKey = () => headers({ "X-API-Key": KEY });

/** A gateway with these policies on its route, and nothing that all others have. */
function only(keys: Section, top: Section = {}): Setup {
  return {
    settings: () => ({ rate_limiting: { enabled: false }, cors: { enabled: false }, ...top }),
    routes: onRoute(keys).routes,
  };
}

const nothing = only({});

/** Who may call what, and how often. */
export const access: readonly Feature[] = [
  feature({
    key: "guarded",
    name: "`auth` by a JWT that is known, `rate_limit` by {auth.subject}, `cors`",
    script: withToken,
    without: nothing,
    with: only(
      { auth: "corp", rate_limit: { ...BOUNDLESS, key: "{auth.subject}" } },
      { auth: { corp: jwt }, cors: { allowed_origins: ["https://app.example"] } },
    ),
  }),
  feature({
    key: "jwt",
    name: "`auth` by a JWT that is known",
    script: withToken,
    without: nothing,
    with: only({ auth: "corp" }, { auth: { corp: jwt } }),
  }),
  feature({
    key: "require",
    name: "`require`: a scope and a claim",
    script: withToken,
    without: only({ auth: "corp" }, { auth: { corp: jwt } }),
    with: only(
      { auth: "corp", require: { scope: ["users:read"], claims: { role: ["admin"] } } },
      { auth: { corp: jwt } },
    ),
  }),
  feature({
    key: "api-key",
    name: "`auth` by an API key",
    script: withKey,
    without: nothing,
    with: only({ auth: "machines" }, { auth: { machines: apiKey } }),
  }),
  feature({
    key: "addresses",
    name: "`allow` and `deny`",
    without: nothing,
    with: only({ allow: ["127.0.0.0/8", "10.0.0.0/8"], deny: ["10.6.6.0/24"] }),
  }),
  feature({
    key: "quota",
    name: "`quota` by {client.ip}",
    without: nothing,
    with: only({ quota: { limit: 1_000_000_000, per: "month", key: "client_ip" } }),
  }),
  feature({
    key: "security-headers",
    name: "`security_headers`",
    without: nothing,
    with: only({ security_headers: true }),
  }),
];
