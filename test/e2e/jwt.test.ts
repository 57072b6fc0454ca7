import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { ask, problemOf } from "../support/ask.ts";
import { type Echo, valuesOf } from "../support/echo.ts";
import { eventually } from "../support/eventually.ts";
import {
  type GatewayProcess,
  noHealthChecks,
  startGateway,
  type TestConfig,
} from "../support/gateway-process.ts";
import { answerOf, http2Session, request } from "../support/http2-ask.ts";
import { KeyServer } from "../support/key-server.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";
import { part, SigningKey, unsigned } from "../support/token-issuer.ts";

const stage = createStage();
const key = new SigningKey("ES256", "key-1");
const other = new SigningKey("ES256", "key-2");
const rsa = new SigningKey("RS256", "rsa");

const ISSUER = "https://issuer.test/";
const REALM = 'Bearer realm="corp"';

const now = (): number => Date.now() / 1_000;
const claims = (more: object = {}): object => ({
  iss: ISSUER,
  aud: ["gw", "other"],
  sub: "ada",
  exp: now() + 300,
  ...more,
});

async function configFor(jwt: object, route: object = {}): Promise<TestConfig> {
  const mock = await startMockProcess(stage, "A");
  return {
    health_check: noHealthChecks,
    auth: { corp: { jwt: { issuer: ISSUER, audience: "gw", ...jwt } } },
    routes: [{ path: "/*", backends: [mock.url], auth: "corp", ...route }],
  };
}

async function startWith(jwt: object, route: object = {}): Promise<GatewayProcess> {
  return startGateway(stage, await configFor(jwt, route));
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

async function statusOf(gateway: GatewayProcess, token: string): Promise<number> {
  const answer = await ask(`${gateway.url}/echo`, bearer(token));
  await answer.bytes();
  return answer.status;
}

/** What stands in the file of the access log, and next to it. */
function logOf({ database }: GatewayProcess): string {
  return [database, `${database}-wal`]
    .map((file) => {
      try {
        return readFileSync(file, "latin1");
      } catch {
        return "";
      }
    })
    .join("");
}

test("a token admits its holder, and neither the backend nor the log gets it", async () => {
  const issuer = new KeyServer(stage, key, rsa);
  const gateway = await startWith({ jwks: issuer.url, from: ["bearer", "query:access_token"] });
  const token = await key.sign(claims());

  const answer = await ask(`${gateway.url}/echo?a=1`, bearer(token));
  const told = (await answer.json()) as Echo;
  const other = await ask(`${gateway.url}/echo?access_token=${token}&b=2`);
  const otherTold = (await other.json()) as Echo;

  expect([answer.status, other.status]).toEqual([200, 200]);
  expect(valuesOf(told, "x-auth-subject")).toEqual(["ada"]);
  expect(valuesOf(told, "x-auth-provider")).toEqual(["corp"]);
  expect(valuesOf(told, "authorization")).toEqual([]);
  expect(otherTold.query).not.toContain("access_token");
  expect(otherTold.query).toContain("b=2");
  expect(await gateway.waitForRows(2)).toMatchObject([
    { subject: "ada", provider: "corp" },
    { subject: "ada", provider: "corp" },
  ]);
  const signature = token.split(".")[2] ?? "?";
  for (const text of [logOf(gateway), gateway.lines.text, gateway.errors.text]) {
    expect(text).not.toContain(signature);
  }
});

test("without a good token the answer is a 401 that says why, and no stack", async () => {
  const issuer = new KeyServer(stage, key, rsa);
  const gateway = await startWith({ jwks: issuer.url, type: "at+jwt", require: { sub: true } });
  const good = await key.sign(claims(), { typ: "at+jwt" });
  const typ = { typ: "at+jwt" };
  const [head = "", body = "", signature = ""] = good.split(".");
  const input = `${part({ alg: "HS256", typ: "at+jwt", kid: "rsa" })}.${part(claims())}`;
  const hmac = createHmac("sha256", rsa.pem).update(input).digest("base64url");
  const forgedBy = (signer: SigningKey, header: object) =>
    signer.sign(claims(), { ...typ, ...header });
  const mallory = new SigningKey("ES256");
  const nested = "[".repeat(3_000);

  const refused: readonly (readonly [token: string, reason: string])[] = [
    ...["none", "None", "NONE", "nOnE", ""].flatMap((alg) =>
      ["", "AAAA"].map(
        (end) =>
          [
            unsigned({ alg, ...typ }, claims(), end),
            end === "" ? "the token is not a signed JWT" : "the token's algorithm is not accepted",
          ] as const,
      ),
    ),
    [`${input}.${hmac}`, "the token's algorithm is not accepted"],
    [
      await forgedBy(mallory, { jwk: mallory.jwk(), kid: "key-1" }),
      "the token's signature is wrong",
    ],
    [await forgedBy(mallory, { jku: issuer.url, kid: "key-1" }), "the token's signature is wrong"],
    [
      await forgedBy(mallory, { kid: "../../dev/null" }),
      "the token is signed with a key that is not known",
    ],
    [`${head}.${body}.`, "the token is not a signed JWT"],
    [`${head}.${body}.${"A".repeat(86)}`, "the token's signature is wrong"],
    [`${head}.${part(claims({ sub: "root" }))}.${signature}`, "the token's signature is wrong"],
    [
      unsigned({ alg: "ES256", ...typ, crit: ["x"], x: 1 }, claims()),
      "the token asks for extensions, and none is supported",
    ],
    [await key.sign(claims({ exp: now() - 60 }), typ), "the token has expired"],
    [await key.sign(claims({ nbf: now() + 60 }), typ), "the token is not valid yet"],
    [await key.sign(claims({ aud: "someone" }), typ), "the token is for another audience"],
    [await key.sign(claims({ aud: ["a", "b"] }), typ), "the token is for another audience"],
    [
      await key.sign(claims({ iss: "https://mallory.test/" }), typ),
      "the token is from another issuer",
    ],
    [await key.sign(claims({ sub: undefined }), typ), "the token has no acceptable sub"],
    [await key.sign(claims(), { typ: "JWT" }), "the token is of another type"],
    [
      await key.signText('{"sub":"ada","sub":"root"}', typ),
      "the token's payload has two members of one name",
    ],
    [
      `${head}.${part(`{"a":${nested}`)}.AAAA`,
      "the token's payload is nested more than 32 levels deep",
    ],
    ["A".repeat(30_000), "the token is longer than 16384 characters"],
    ["garbage", "the token is not a signed JWT"],
  ];
  for (const [token, reason] of refused) {
    const answer = await ask(`${gateway.url}/echo`, bearer(token));
    const { detail, status } = await problemOf(answer);
    expect([status, detail]).toEqual([401, reason]);
    expect(answer.headers.get("www-authenticate")).toBe(
      `${REALM}, error="invalid_token", error_description="${reason}"`,
    );
  }

  const without = await ask(`${gateway.url}/echo`);
  expect(await problemOf(without)).toMatchObject({ status: 401, code: "unauthorized" });
  expect(without.headers.get("www-authenticate")).toBe(REALM);
  expect(await statusOf(gateway, good)).toBe(200);
  expect(gateway.errors.text).not.toMatch(/^\s+at /m);
});

test("two tokens in one request are a 400, and a claim that is missing a 403", async () => {
  const issuer = new KeyServer(stage, key);
  const gateway = await startWith(
    { jwks: issuer.url, from: ["bearer", "cookie:session"] },
    { require: { scope: ["users:read"], claims: { role: ["admin"] } } },
  );
  const token = await key.sign(claims({ scope: "users:read", role: "admin" }));
  expect(await statusOf(gateway, token)).toBe(200);

  const headers = { authorization: `Bearer ${token}`, cookie: `session=${token}` };
  const two = await ask(`${gateway.url}/echo`, { headers });
  expect(await problemOf(two)).toMatchObject({ status: 400, code: "invalid_request" });
  expect(two.headers.get("www-authenticate")).toBe(
    `${REALM}, error="invalid_request", error_description="the request has more than one token"`,
  );

  const weak = await ask(`${gateway.url}/echo`, bearer(await key.sign(claims({ role: "admin" }))));
  expect(await problemOf(weak)).toMatchObject({ status: 403, code: "insufficient_scope" });
  expect(weak.headers.get("www-authenticate")).toBe(
    `${REALM}, error="insufficient_scope", scope="users:read"`,
  );
});

test("keys that change in the middle of traffic cost no valid request", async () => {
  const issuer = new KeyServer(stage, key);
  const gateway = await startWith({ jwks: issuer.url });
  let signer = key;
  const traffic = { isOver: false };
  const statuses: number[] = [];
  const clients = Array.from({ length: 8 }, async () => {
    while (!traffic.isOver)
      statuses.push(await statusOf(gateway, await signer.sign(claims({ jti: Math.random() }))));
  });
  const answered = async (more: number) => {
    const before = statuses.length;
    await eventually(() => statuses.length > before + more);
  };

  await answered(20);
  // The new key signs as soon as it is published; the old one goes at once.
  for (const next of [other, new SigningKey("EdDSA", "key-3")]) {
    issuer.keys = [signer, next];
    signer = next;
    await answered(20);
    issuer.keys = [next];
    await answered(20);
  }
  traffic.isOver = true;
  await Promise.all(clients);

  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(issuer.asked).toBeLessThanOrEqual(4);
});

test("an issuer that is down costs no valid request, and its absence and return are said once", async () => {
  const issuer = new KeyServer(stage, key);
  issuer.headers = { "cache-control": "max-age=0" };
  const gateway = await startWith({ jwks: issuer.url });
  expect(await statusOf(gateway, await key.sign(claims()))).toBe(200);

  await issuer.close();
  const statuses: number[] = [];
  const isNoticed = () =>
    /the last good ones stay in force/.test(gateway.errors.text + gateway.lines.text);
  await eventually(async () => {
    statuses.push(await statusOf(gateway, await key.sign(claims({ jti: Math.random() }))));
    return isNoticed();
  });
  statuses.push(await statusOf(gateway, await key.sign(claims({ jti: "after" }))));
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(await statusOf(gateway, await other.sign(claims()))).toBe(401);

  issuer.open();
  await eventually(() => /can be read again/.test(gateway.errors.text + gateway.lines.text));
  const said = gateway.errors.text + gateway.lines.text;
  expect(said.match(/cannot be read/g)).toHaveLength(1);
  expect(said.match(/can be read again/g)).toHaveLength(1);
});

test("while there are no keys requests get a 503, and are admitted once there are", async () => {
  const issuer = new KeyServer(stage, key);
  await issuer.close();
  const gateway = await startWith({ jwks: issuer.url });
  const token = await key.sign(claims());

  const answer = await ask(`${gateway.url}/echo`, bearer(token));
  expect(await problemOf(answer)).toMatchObject({ status: 503, code: "auth_unavailable" });
  expect(answer.headers.get("retry-after")).toBe("1");
  const without = await ask(`${gateway.url}/echo`);
  expect(without.status).toBe(401);

  issuer.open();
  await eventually(async () => (await statusOf(gateway, token)) === 200);
});

test("a reload keeps keys and what they have verified, and a stricter one does not", async () => {
  const issuer = new KeyServer(stage, key);
  const config = await configFor({ jwks: issuer.url });
  const gateway = await startGateway(stage, config);
  const token = await key.sign(claims());
  expect(await statusOf(gateway, token)).toBe(200);
  await issuer.close();

  await gateway.reload({ ...config, logging: { level: "debug" } });
  expect(await statusOf(gateway, token)).toBe(200);
  const corp = { jwt: { jwks: issuer.url, audience: "somewhere else" } };
  await gateway.reload({ ...config, auth: { corp } });
  expect(await statusOf(gateway, token)).toBe(401);
  expect(issuer.asked).toBe(1);
});

test("a key in a file is read again when it changes", async () => {
  const file = join(stage.folder(), "issuer.pem");
  await Bun.write(file, key.pem);
  const gateway = await startWith({ public_key: file });
  const [before, after] = [await key.sign(claims()), await other.sign(claims())];
  expect(await statusOf(gateway, before)).toBe(200);
  expect(await statusOf(gateway, after)).toBe(401);

  await Bun.write(file, other.pem);

  await eventually(async () => (await statusOf(gateway, after)) === 200);
  expect(await statusOf(gateway, before)).toBe(401);
});

test("tokens are verified for HEAD, HTTP/2 and WebSockets alike", async () => {
  const gateway = await startWith({ public_key: key.pem, from: ["bearer", "query:access_token"] });
  const token = await key.sign(claims());

  const head = await ask(`${gateway.url}/echo`, { method: "HEAD", ...bearer(token) });
  expect(head.status).toBe(200);
  expect((await ask(`${gateway.url}/echo`, { method: "HEAD" })).status).toBe(401);

  const session = http2Session(stage, gateway.url);
  const fields = { authorization: `Bearer ${token}` };
  const [good, bad] = await Promise.all([
    answerOf(request(session, "/echo", fields)),
    answerOf(request(session, "/echo", { authorization: "Bearer x" })),
  ]);
  expect([good.status, bad.status]).toEqual([200, 401]);

  const socketUrl = `${gateway.url.replace("http", "ws")}/ws`;
  const opened = await new Promise<string>((resolve) => {
    const socket = new WebSocket(`${socketUrl}?access_token=${token}`);
    stage.defer(() => socket.terminate());
    socket.addEventListener("open", () => resolve("open"));
    socket.addEventListener("error", () => resolve("error"));
  });
  expect(opened).toBe("open");
  const refused = await new Promise<string>((resolve) => {
    const socket = new WebSocket(socketUrl);
    socket.addEventListener("open", () => resolve("open"));
    socket.addEventListener("error", () => resolve("error"));
  });
  expect(refused).toBe("error");
});
