import { afterEach, expect, test } from "bun:test";
import { KeysUnavailable } from "../../../../../src/policies/auth/keys/key-set.ts";
import { RemoteKeys } from "../../../../../src/policies/auth/keys/remote-keys.ts";
import type { VerificationKey } from "../../../../../src/policies/auth/keys/verification-key.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";
import { keySet, SigningKey } from "../../../../support/token-issuer.ts";

const URL = "https://issuer.test/jwks.json";
const first = new SigningKey("ES256", "first");
const second = new SigningKey("ES256", "second");
const third = new SigningKey("ES256", "third");

const opened: RemoteKeys[] = [];
afterEach(() => {
  for (const keys of opened.splice(0)) keys.close();
});

/** An issuer that answers what the test says, and counts. */
class Issuer {
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  readonly asked: string[] = [];
  headers: Readonly<Record<string, string | undefined>> = {};
  answer: () => Response | Promise<Response>;

  constructor(...keys: readonly SigningKey[]) {
    this.answer = () => this.json(keySet(...keys));
  }

  has(...keys: readonly SigningKey[]): void {
    this.answer = () => this.json(keySet(...keys));
  }

  json(text: string): Response {
    return new Response(text, { headers: this.headers as Record<string, string> });
  }

  open(): RemoteKeys {
    const keys = new RemoteKeys({
      url: URL,
      clock: this.clock,
      fetch: (url, init) => {
        this.asked.push(url);
        const { signal } = init;
        const { promise, reject } = Promise.withResolvers<never>();
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
        return Promise.race([promise, Promise.resolve(this.answer())]);
      },
      log: (level, message) => void this.lines.push(`${level} ${message}`),
    });
    opened.push(keys);
    return keys;
  }
}

function ids(keys: readonly VerificationKey[]): (string | undefined)[] {
  return keys.map(({ id }) => id);
}

/** Lets everything that is ready happen. */
async function settle(): Promise<void> {
  await Bun.sleep(0);
  await Bun.sleep(0);
}

test("keys are fetched at once, and whoever comes earlier waits for them", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();

  expect(issuer.asked).toEqual([URL]);
  expect(ids(await keys.current())).toEqual(["first"]);
  expect(keys.current()).not.toBeInstanceOf(Promise);
  expect(issuer.asked).toHaveLength(1);
});

test.each([
  ["without Cache-Control after four minutes", {}, 240_000],
  ["ahead of max-age", { "cache-control": "public, max-age=100" }, 80_000],
  ["with a long max-age within the hour", { "cache-control": "max-age=86400" }, 2_880_000],
  ["with max-age=0 after five seconds", { "cache-control": "max-age=0" }, 5_000],
  ["with no-cache after five seconds", { "cache-control": "no-cache" }, 5_000],
  ["sooner by an answer's age", { "cache-control": "max-age=100", age: "50" }, 40_000],
])("%s they are fetched again in the background", async (_, headers, after) => {
  const issuer = new Issuer(first);
  issuer.headers = headers;
  const keys = issuer.open();
  await keys.current();
  await settle();
  issuer.has(second);

  issuer.clock.advance(after - 1);
  expect(issuer.asked).toHaveLength(1);
  issuer.clock.advance(1);
  await settle();

  expect(issuer.asked).toHaveLength(2);
  expect(ids(await keys.current())).toEqual(["second"]);
});

test("a key that the issuer keeps stays the same object, and one that it drops is retired", async () => {
  const issuer = new Issuer(first, second);
  const keys = issuer.open();
  const [one, two] = await keys.current();
  await settle();
  issuer.has(third, first);
  issuer.clock.advance(300_000);
  await settle();

  const now = await keys.current();

  expect(ids(now)).toEqual(["third", "first"]);
  expect(now[1]).toBe(one);
  expect(one?.isRetired).toBe(false);
  expect(two?.isRetired).toBe(true);
});

test("another key under a known id retires the old one", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  const [one] = await keys.current();
  await settle();
  issuer.has(new SigningKey("ES256", "first"));
  issuer.clock.advance(300_000);
  await settle();

  expect((await keys.current())[0]).not.toBe(one);
  expect(one?.isRetired).toBe(true);
});

test("an unknown id causes one fetch at once, which everybody who asks shares", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  await keys.current();
  issuer.has(first, second);

  const found = await Promise.all(Array.from({ length: 50 }, () => keys.lookFor("second")));

  expect(found.every((some) => ids(some).includes("second"))).toBe(true);
  expect(issuer.asked).toHaveLength(2);
});

test("unknown ids cause no more than one fetch in two seconds, whatever is sent", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  await keys.current();

  for (let second = 0; second < 60; second += 1) {
    for (let id = 0; id < 20; id += 1) void keys.lookFor(`made-up-${second}-${id}`);
    // oxlint-disable-next-line no-await-in-loop
    await settle();
    issuer.clock.advance(1_000);
    // oxlint-disable-next-line no-await-in-loop
    await settle();
  }

  expect(issuer.asked.length).toBeLessThanOrEqual(32);
});

test("a key that is new since then is waited for until the next fetch may be made", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  await keys.current();
  await keys.lookFor("made-up");
  issuer.has(first, second);
  const found = keys.lookFor("second");
  await settle();
  expect(issuer.asked).toHaveLength(2);

  issuer.clock.advance(2_000);

  expect(ids(await found)).toContain("second");
  expect(issuer.asked).toHaveLength(3);
});

test("an id that was looked for in vain is answered at once until the next fetch may be made", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  await keys.current();
  const together = await Promise.all(Array.from({ length: 50 }, () => keys.lookFor("stale")));
  expect(together.map(ids)).toEqual(together.map(() => ["first"]));

  expect(ids(await keys.lookFor("stale"))).toEqual(["first"]);
  expect(issuer.asked).toHaveLength(2);
  issuer.clock.advance(2_000);
  await keys.lookFor("stale");
  expect(issuer.asked).toHaveLength(3);
});

test("requests that wait for a fetch are bounded in number", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  await keys.current();
  await keys.lookFor("made-up");
  let waiting = 0;
  const all = Array.from({ length: 1_000 }, async (_, index) => {
    waiting += 1;
    await keys.lookFor(`${index}`);
    waiting -= 1;
  });
  await settle();
  expect(waiting).toBe(256);
  issuer.clock.advance(2_000);
  await Promise.all(all);
  expect(issuer.asked).toHaveLength(3);
});

test("a fetch that began before a key was asked for is followed by another", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  await keys.current();
  await settle();
  const { promise, resolve } = Promise.withResolvers<Response>();
  issuer.answer = () => promise;
  issuer.clock.advance(240_000);
  const found = keys.lookFor("second");
  resolve(issuer.json(keySet(first)));
  issuer.has(first, second);

  expect(ids(await found)).toContain("second");
  expect(issuer.asked).toHaveLength(3);
});

test("the last good keys stay in force while the issuer is down, which is said once, and its return", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  await keys.current();
  await settle();
  issuer.answer = () => new Response("down", { status: 500 });
  for (let minute = 0; minute < 600; minute += 1) {
    issuer.clock.advance(60_000);
    // oxlint-disable-next-line no-await-in-loop
    await settle();
  }

  expect(ids(await keys.current())).toEqual(["first"]);
  expect(issuer.lines).toEqual([
    `warn the keys at ${URL} cannot be read: it answers 500; the last good ones stay in force`,
  ]);
  issuer.has(second);
  issuer.clock.advance(60_000);
  await settle();
  expect(ids(await keys.current())).toEqual(["second"]);
  expect(issuer.lines.slice(1)).toEqual([`info the keys at ${URL} can be read again`]);
});

test("without keys nobody waits after the first failure, and the next fetch is soon", async () => {
  const issuer = new Issuer();
  issuer.answer = () => Promise.reject(Object.assign(new Error("?"), { code: "ECONNREFUSED" }));
  const keys = issuer.open();

  expect(Promise.resolve(keys.current())).rejects.toThrow(KeysUnavailable);
  await settle();
  expect(() => keys.current()).toThrow(KeysUnavailable);
  expect(issuer.lines).toEqual([
    `error the keys at ${URL} cannot be read: it refuses connections; until they can, requests with tokens get a 503`,
  ]);
  issuer.has(first);
  issuer.clock.advance(1_000);
  await settle();
  expect(ids(await keys.current())).toEqual(["first"]);
});

test("an issuer that does not answer is given up after five seconds", async () => {
  const issuer = new Issuer();
  issuer.answer = () => new Promise(() => {});
  const keys = issuer.open();
  const waiting = Promise.resolve(keys.current()).catch((error: unknown) => error);
  await settle();

  issuer.clock.advance(5_000);

  expect(await waiting).toBeInstanceOf(KeysUnavailable);
  expect(issuer.lines[0]).toContain("it does not answer in time");
});

test("an issuer that does not answer is asked for unknown ids once at a time", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  await keys.current();
  issuer.answer = () => new Promise(() => {});
  issuer.clock.advance(5_000);
  const found = keys.lookFor("second");
  await settle();
  issuer.clock.advance(5_000);

  expect(ids(await found)).toEqual(["first"]);
  expect(issuer.asked).toHaveLength(2);
});

test("an issuer with no keys any more has its word", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  const [one] = await keys.current();
  await settle();
  issuer.has();
  issuer.clock.advance(300_000);
  await settle();

  expect(await keys.current()).toEqual([]);
  expect(one?.isRetired).toBe(true);
  expect(issuer.lines).toEqual([`warn the key set at ${URL}: it has no key to verify tokens with`]);
});

test.each([
  ["HTML", "<!doctype html>", "it is not JSON"],
  ["an error in JSON", '{"error":"no"}', "it is no JWK Set: an object with a list `keys`"],
  ["members twice", '{"keys":[],"keys":[]}', "it has two members of one name"],
  ["brackets without end", "[".repeat(100_000), "it is nested more than 16 levels deep"],
  ["megabytes", " ".repeat(600_000), "its answer is longer than 524288 bytes"],
])("%s in place of keys changes nothing", async (_, text, reason) => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  await keys.current();
  await settle();
  issuer.answer = () => new Response(text);
  issuer.clock.advance(300_000);
  await settle();
  await settle();

  expect(ids(await keys.current())).toEqual(["first"]);
  expect(issuer.lines).toEqual([
    `warn the keys at ${URL} cannot be read: ${reason}; the last good ones stay in force`,
  ]);
});

test("a compressed answer is refused before it is expanded", async () => {
  const issuer = new Issuer();
  issuer.answer = () => new Response("bomb", { headers: { "content-encoding": "gzip" } });
  issuer.open();
  await settle();

  expect(issuer.lines[0]).toContain("it answers in gzip");
});

test("redirects are followed within https", async () => {
  const issuer = new Issuer();
  const moved = (location: string) => Response.redirect(location, 302);
  const answers = [() => moved("https://issuer.test/new"), () => issuer.json(keySet(first))];
  issuer.answer = () => answers.shift()!();
  const keys = issuer.open();

  expect(ids(await keys.current())).toEqual(["first"]);
  expect(issuer.asked).toEqual([URL, "https://issuer.test/new"]);
});

test.each([
  ["http://issuer.test/jwks.json", "it redirects to something other than https"],
  ["file:///etc/passwd", "it redirects to something other than https"],
  ["https://me:secret@issuer.test/", "it redirects to a URL with a password"],
  [URL, "it redirects more than 3 times"],
])("a redirect to %s is a failure", async (location, reason) => {
  const issuer = new Issuer();
  issuer.answer = () => new Response(null, { status: 302, headers: { location } });
  issuer.open();
  await settle();

  expect(issuer.asked.length).toBeLessThanOrEqual(4);
  expect(issuer.lines[0]).toContain(reason);
});

test("after it is closed nothing is fetched, and nobody is left waiting", async () => {
  const issuer = new Issuer(first);
  const keys = issuer.open();
  const [one] = await keys.current();
  await keys.lookFor("made-up");
  const found = keys.lookFor("second");
  await settle();

  keys.close();

  expect(ids(await found)).toEqual(["first"]);
  expect(one?.isRetired).toBe(true);
  issuer.clock.advance(3_600_000);
  await settle();
  expect(issuer.asked).toHaveLength(2);
  expect(issuer.clock.pending).toBe(0);
});
