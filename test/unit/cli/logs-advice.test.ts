import { expect, test } from "bun:test";
import { adviceOnNothing } from "../../../src/cli/logs/advice.ts";
import { given } from "./fake-console.ts";

test.each([
  [{ path: "users" }, "; paths begin with /, and --path '*users*' is anywhere"],
  [{ backend: "a:1" }, "; --backend is a URL as in the configuration, like http://10.0.0.7:8080"],
  [{ client: "10.0.0.0/8" }, "; --client is one address, and no network"],
  [{ client: "acme" }, "; --client is an address; who the client is is --subject"],
  [{ error: "500" }, "; --error is a code like rate_limited; a status is --status"],
  [{ "refused-by": "ratelimit" }, "; no policy is called ratelimit, did you mean rate_limit?"],
  [{ path: "/a", backend: "any", client: "[::1]", error: "any", "refused-by": "auth" }, ""],
])("where nothing is found by %j, it is said that no request can have that", (flags, advice) => {
  expect(adviceOnNothing(given({ flags }))).toBe(advice);
});
