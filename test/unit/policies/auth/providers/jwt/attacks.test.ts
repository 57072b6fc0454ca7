import { expect, test } from "bun:test";
import { CompactSign } from "jose";
import { part, SigningKey, unsigned } from "../../../../../support/token-issuer.ts";
import { invalid, JwtRoute } from "./jwt-route.ts";

const key = new SigningKey("ES256", "key-1");
const mallory = new SigningKey("ES256", "key-1");
const route = new JwtRoute({ public_key: [key.pem] });

/** A route whose keys come from a URL; `asked` is what has been fetched. */
function remoteRoute() {
  const asked: string[] = [];
  const fetch = (url: string) => {
    asked.push(url);
    return Promise.resolve(Response.json({ keys: [key.jwk()] }));
  };
  const jwks = "https://issuer.test/jwks.json";
  const remote = new JwtRoute({ jwks }, { services: { fetch } });
  return { remote, asked, jwks };
}

test.each([
  ["nothing", ""],
  ["one word", "token"],
  ["two parts", "a.b"],
  ["four parts", "a.b.c.d"],
  ["dots", "...."],
  ["an empty header", ".e30.AAAA"],
  ["an empty payload", `${part({ alg: "ES256" })}..AAAA`],
  ["no signature", `${part({ alg: "ES256" })}.e30.`],
  ["padding", `${part({ alg: "ES256" })}.e30=.AAAA`],
  ["base64 that is not base64url", `${part({ alg: "ES256" })}.e3+/.AAAA`],
  ["blanks", `${part({ alg: "ES256" })}. e30 .AAAA`],
  ["JSON", '{"payload":"e30","protected":"e30","signature":"AAAA"}'],
  ["text that is not ASCII", "é.é.é"],
  ["a list of tokens", "a.b.c,d.e.f"],
])("%s is no token", async (_, token) => {
  const reply = await route.ask(token);
  expect(reply.status).toBe(401);
  expect(reply.challenge).toStartWith('Bearer realm="corp"');
});

test("an encrypted token is said to be one", async () => {
  expect(await route.ask("a.b.c.d.e")).toMatchObject(invalid("the token is encrypted, not signed"));
});

test("a token with its signature taken off is refused", async () => {
  const [head, body] = (await key.sign(route.claims())).split(".");
  expect(await route.ask(`${head}.${body}.`)).toMatchObject(
    invalid("the token is not a signed JWT"),
  );
  expect(await route.ask(`${head}.${body}`)).toMatchObject({ status: 401 });
});

test("huge tokens are refused before anything is done with them", async () => {
  const padding = "A".repeat(20_000);
  const reason = "the token is longer than 16384 characters";
  expect(await route.ask(padding)).toMatchObject(invalid(reason));
  expect(await route.with(key, { padding })).toMatchObject(invalid(reason));
});

test.each([
  ["header", (deep: string) => `${part(`{"alg":"ES256","x":${deep}}`)}.e30.AAAA`],
  ["payload", (deep: string) => `${part({ alg: "ES256" })}.${part(`{"x":${deep}}`)}.AAAA`],
])("deep JSON in the %s is refused", async (place, token) => {
  const reply = await route.ask(token("[".repeat(5_000)));
  expect(reply.status).toBe(401);
  expect(reply.detail).toContain(`the token's ${place} is nested more than`);
  expect((await route.ask(token('{"x":'.repeat(1_500)))).status).toBe(401);
});

test.each([
  ["the payload is text", '"sub"', "the token's payload is not an object"],
  ["the payload is a list", "[]", "the token's payload is not an object"],
  ["the payload is null", "null", "the token's payload is not an object"],
  ["the payload is no JSON", "{sub:1}", "the token's payload is not JSON"],
  ["the payload begins with a byte order mark", "\uFEFF{}", "the token's payload is not JSON"],
  [
    "a claim is there twice",
    '{"sub":"ada","sub":"root"}',
    "the token's payload has two members of one name",
  ],
  [
    "a claim is there twice, spelled differently",
    '{"sub":"ada","s\\u0075b":"root"}',
    "the token's payload has two members of one name",
  ],
  [
    "a claim within another is there twice",
    '{"a":{"role":1,"role":2}}',
    "the token's payload has two members of one name",
  ],
])("signed or not, it is refused if %s", async (_, payload, reason) => {
  expect(await route.ask(await key.signText(payload))).toMatchObject(invalid(reason));
});

test("a payload that is not UTF-8 is refused", async () => {
  const bytes = Buffer.concat([
    Buffer.from('{"sub":"'),
    Buffer.from([0xc3, 0x28]),
    Buffer.from('"}'),
  ]);
  const token = await new CompactSign(bytes).setProtectedHeader({ alg: "ES256" }).sign(key.private);
  expect(await route.ask(token)).toMatchObject(invalid("the token's payload is not in UTF-8"));
});

test.each([
  ['{"alg":"none","alg":"ES256"}', "the token's header has two members of one name"],
  ['{"alg":"ES256","\\u0061lg":"none"}', "the token's header has two members of one name"],
  ['{"alg":"ES256"', "the token's header is not JSON"],
  ["[]", "the token's header is not an object"],
])("the header %s is refused", async (header, reason) => {
  expect(await route.ask(`${part(header)}.${part(route.claims())}.AAAA`)).toMatchObject(
    invalid(reason),
  );
});

test("base64url with bits that mean nothing is refused: one token has one text", async () => {
  const [head, body, signature] = (await key.sign(route.claims())).split(".");
  expect(await route.ask(`${head}A.${body}.${signature}`)).toMatchObject({ status: 401 });
  const twin = part({ alg: "ES256", a: "" });
  const last = twin.at(-1)!;
  const next = String.fromCharCode(last.charCodeAt(0) + 1);
  expect(await route.ask(`${twin.slice(0, -1)}${next}.${body}.${signature}`)).toMatchObject({
    status: 401,
  });
});

test.each([
  ["crit", { crit: ["exp"] }],
  ["an empty crit", { crit: [] }],
  ["crit that names b64", { crit: ["b64"], b64: false }],
  ["b64 without crit", { b64: false }],
  ["b64 that changes nothing", { b64: true }],
  ["crit that is no list", { crit: "b64" }],
])("a header with %s is refused", async (_, header) => {
  expect(await route.ask(unsigned({ alg: "ES256", ...header }, route.claims()))).toMatchObject(
    invalid("the token asks for extensions, and none is supported"),
  );
});

test("a key within the token is ignored", async () => {
  const header = { jwk: mallory.jwk() };
  expect(await route.with(mallory, {}, header)).toMatchObject(
    invalid("the token's signature is wrong"),
  );
  expect(await route.with(key, {}, header)).toMatchObject({ status: 200 });
});

test("a certificate within the token is ignored", async () => {
  const x5c = [Buffer.from("certificate").toString("base64")];
  expect(await route.with(mallory, {}, { x5c, x5t: "AAAA" })).toMatchObject({ status: 401 });
  expect(await route.with(key, {}, { x5c, x5t: "AAAA" })).toMatchObject({ status: 200 });
});

test.each(["jku", "x5u"])("nothing is fetched from a token's %s", async (name) => {
  const { remote, asked, jwks } = remoteRoute();
  const header = { [name]: "https://mallory.test/keys.json" };

  expect(await remote.with(mallory, {}, header)).toMatchObject(
    invalid("the token's signature is wrong"),
  );
  expect(await remote.with(key, {}, header)).toMatchObject({ status: 200 });
  expect(asked).toEqual([jwks]);
});

test.each([
  "../../../../../../dev/null",
  "/etc/passwd",
  "key-1' OR '1'='1",
  "key-1\u0000",
  "https://mallory.test/key",
  "| sleep 10",
  "__proto__",
  "constructor",
  "KEY-1",
  "key-1 ",
  "k".repeat(5_000),
])("the kid %p is a name that no key has", async (kid) => {
  const { remote, asked, jwks } = remoteRoute();
  await remote.with(key);
  remote.clock.advance(5_000);

  expect(await remote.ask(await mallory.sign(remote.claims(), { kid }))).toMatchObject(
    invalid("the token is signed with a key that is not known"),
  );
  expect(new Set(asked)).toEqual(new Set([jwks]));
});

test.each([[null], [1], [["key-1"]], [{ toString: "key-1" }]])(
  "the kid %p is refused",
  async (kid) => {
    expect(await route.ask(unsigned({ alg: "ES256", kid }, route.claims()))).toMatchObject(
      invalid("the token's kid is not a text"),
    );
  },
);

test("a flood of made-up kids causes no flood of fetches, and no wait for known keys", async () => {
  const { remote, asked } = remoteRoute();
  await remote.with(key);
  remote.clock.advance(5_000);
  const forged = Array.from({ length: 500 }, async (_, index) =>
    remote.ask(unsigned({ alg: "ES256", kid: `${index}` }, remote.claims())),
  );

  expect(await remote.with(key, { jti: "good" })).toMatchObject({ status: 200 });
  remote.clock.advance(5_000);
  const replies = await Promise.all(forged);
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([401]));
  expect(asked.length).toBeLessThanOrEqual(3);
});

test("no reason repeats what the token says", async () => {
  const marker = "MARKER";
  const tokens = [
    unsigned({ alg: marker }, {}),
    unsigned({ alg: "ES256", kid: marker }, route.claims({ iss: marker })),
    unsigned({ alg: "ES256", crit: [marker] }, {}),
    await key.sign({ [marker]: marker }),
    await key.signText(`{"${marker}`),
  ];
  for (const token of tokens) {
    // oxlint-disable-next-line no-await-in-loop
    const reply = await route.ask(token);
    expect(reply.status).toBe(401);
    expect(JSON.stringify(reply)).not.toContain(marker);
  }
});
