import { expect, test } from "bun:test";
import { errorsIn, loaded, ROUTE } from "./loading.ts";

const errors = (store: string) => errorsIn(`store: ${store}\n${ROUTE}`);

test("a URL stands for a store with the defaults", () => {
  expect(loaded(`store: redis://localhost\n${ROUTE}`).store).toBe("redis://localhost");
  expect(loaded(`store: { redis: "redis://localhost" }\n${ROUTE}`).store).toEqual({
    redis: "redis://localhost",
    timeout: 50,
    on_error: "local",
    prefix: "gateway:",
  });
});

test("the URL may come from the environment, with its password", () => {
  const text = `store: { redis: "\${REDIS}", timeout: 200ms, on_error: deny }\n${ROUTE}`;
  expect(loaded(text, { REDIS: "rediss://:secret@r.test" }).store).toMatchObject({
    redis: "rediss://:secret@r.test",
    timeout: 200,
    on_error: "deny",
  });
});

test.each([
  ["localhost:6379", "1:8: write a URL, like redis://host:6379"],
  ["{ redis: localhost }", "1:17: write a URL, like redis://host:6379"],
  ["{ redis: 'redis://a', timeout: 0 }", "1:39: a request may wait for the store from 1ms to 10s"],
  [
    "{ redis: 'redis://a', timeout: 11s }",
    "1:39: a request may wait for the store from 1ms to 10s",
  ],
  ["{ redis: 'redis://a', timeout: 50 }", "it needs a unit"],
  ["{ redis: 'redis://a', on_error: open }", "expected one of `local`, `allow` or `deny`"],
  ["{ redis: 'redis://a', prefix: '' }", "expected 1 to 64 characters without blanks"],
  ["{ redis: 'redis://a', tls: {} }", "`tls` is for a URL that begins with rediss://"],
  ["{ redis: 'rediss://a', tls: true }", "TLS is used for URLs that begin with rediss://"],
  ["{ redis: 'rediss://a', tls: { ca: no.pem } }", "no.pem"],
  ["{ timeout: 50ms }", "missing key `redis`"],
  ["6379", "expected a URL, like redis://localhost:6379"],
])("%s is an error: %s", (store, message) => {
  expect(errors(store)[0]).toContain(message);
});

test.each([
  ["redis: { host: a }\n", "`store: redis://host:6379`"],
  ["server: { redis_url: a }\n", "`store: redis://host:6379`"],
  ["store: { host: a, port: 6379 }\n", "the server is one URL"],
  [
    "store: { redis: 'redis://a', failure_mode_deny: true }\n",
    "`on_error: local`, or allow, or deny",
  ],
  ["store: { redis: 'redis://a', redis_timeout: 20ms }\n", "that is `timeout`"],
  [
    "rate_limiting: { rate: 5, policy: redis }\n",
    "gateways share all their limits by `store` at the top",
  ],
  ["store: { redis: 'redis://a', redis_ssl: true }\n", "begins with rediss://"],
  ["memcached: a\n", "limits of several gateways are one with `store: redis://host:6379`"],
])("%s is answered in this gateway's terms", (text, answer) => {
  expect(errorsIn(`${text}${ROUTE}`).join("\n")).toContain(answer);
});
