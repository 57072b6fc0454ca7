import { paths } from "../backend.ts";
import { type Feature, feature, onRoute } from "./feature.ts";
import { POST_JSON } from "./scripts.ts";

/** What changes requests and answers on their way. */
export const changing: readonly Feature[] = [
  feature({ key: "strip-prefix", name: "`strip_prefix`", with: onRoute({ strip_prefix: "/api" }) }),
  feature({
    key: "rewrite",
    name: "`rewrite` with a placeholder",
    without: onRoute({ path: "/api/users/:id" }),
    with: onRoute({ path: "/api/users/:id", rewrite: "/v2/users/{path.id}" }),
  }),
  feature({ key: "host", name: "`host`", with: onRoute({ host: "users.internal" }) }),
  feature({
    key: "request-headers",
    name: "`request.headers`: one set, one with a placeholder, one removed",
    with: onRoute({
      request: {
        headers: {
          set: { "x-tenant": "a", "x-client": "{client.ip}" },
          remove: ["x-debug"],
        },
      },
    }),
  }),
  feature({
    key: "response-headers",
    name: "`response.headers`: one set, two removed",
    with: onRoute({
      response: { headers: { set: { "x-served-by": "gateway" }, remove: ["server", "etag"] } },
    }),
  }),
  feature({
    key: "query",
    name: "`request.query`: one set, one removed of two",
    path: `${paths.small}?tenant=a&page=2`,
    with: onRoute({ request: { query: { set: { version: "2" }, remove: ["tenant"] } } }),
  }),
  feature({
    key: "request-json",
    name: "`request.json`: one set, one removed of 90 bytes (POST)",
    path: paths.post,
    script: () => POST_JSON,
    with: onRoute({
      request: { json: { set: { "meta.client": "{client.ip}" }, remove: ["age"] } },
    }),
  }),
  feature({
    key: "response-json",
    name: "`response.json`: one set, one removed of 90 bytes",
    with: onRoute({ response: { json: { set: { version: "2" }, remove: ["email"] } } }),
  }),
];
