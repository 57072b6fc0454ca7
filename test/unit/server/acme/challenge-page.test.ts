import { expect, test } from "bun:test";
import { challengePage } from "../../../../src/server/acme/challenge-page.ts";
import { openExchange } from "../../pipeline/opening.ts";

const challenges = {
  keyAuthorization: (token: string) => (token === "token" ? "token.thumbprint" : undefined),
};
const page = (url: string, method = "GET") => {
  const exchange = openExchange({ url: `http://api.example.com${url}`, method });
  return { exchange, handler: challengePage(exchange, challenges) };
};

test("the page of a challenge that is under way answers its key authorization", async () => {
  const { exchange, handler } = page("/.well-known/acme-challenge/token");
  const answer = await handler!.handle(exchange);
  expect([answer.status, answer.body]).toEqual([200, "token.thumbprint"]);
  expect(answer.fields.get("cache-control")).toBe("no-store");
});

test("every other request is left to the routes", () => {
  for (const url of ["/", "/.well-known/acme-challenge/", "/.well-known/acme-challenge/other"]) {
    expect(page(url).handler).toBeUndefined();
  }
  expect(page("/.well-known/acme-challenge/token", "POST").handler).toBeUndefined();
  expect(page("/.well-known/acme-challenge/token", "HEAD").handler).toBeDefined();
});
