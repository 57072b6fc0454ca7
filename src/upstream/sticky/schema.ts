import { type StaticDecode, Type } from "@sinclair/typebox";
import { TOKEN } from "../../http/fields.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { defineSection } from "../../pipeline/section.ts";
import { Duration } from "../../units/duration.ts";

export const DEFAULT_COOKIE = "gateway_backend";

const stickySchema = Type.Object(
  {
    enabled: Type.Boolean({ default: true, description: "Whether clients get the cookie." }),
    cookie: Type.String({
      default: DEFAULT_COOKIE,
      description:
        "The cookie's name. Upstreams may share it: it holds what each of them knows the client by.",
      expected: "the name of a cookie",
    }),
    max_age: Type.Optional(
      Duration({
        description:
          "How long a client keeps the cookie; when half of it has passed, it gets a new one. By default until the browser is closed, because most sessions do not live longer.",
      }),
    ),
    same_site: Type.Union([Type.Literal("lax"), Type.Literal("strict"), Type.Literal("none")], {
      default: "lax",
      description:
        "When browsers send the cookie with requests that other sites cause: `lax`, when they lead to a page of this one; `strict`, never; `none`, always, but only over https. By default `lax`, so that a link from elsewhere leads to the same backend.",
      expected: "lax, strict or none",
    }),
    secret: Type.Optional(
      Type.String({
        minLength: 16,
        isSecret: true,
        description:
          "A key that the names of backends in the cookie are made with. With the same one, several gateways know each other's cookies, and a restart forgets no client. By default a random one at each start.",
        expected: "at least 16 characters",
      }),
    ),
  },
  {
    additionalProperties: false,
    expected: "true, false or {cookie, max_age, same_site, secret}",
    description:
      "Whether a client stays with the backend that answered it first, by a cookie. Off by default, because it spreads load less evenly. `true`: on, with its defaults.",
  },
);

export type StickyConfig = StaticDecode<typeof stickySchema>;

/** `sticky` of an upstream. */
export const sticky = defineSection({
  schema: Type.Optional(stickySchema),
  check({ cookie, max_age: maxAge }): ConfigIssue[] {
    const issues: ConfigIssue[] = [];
    if (cookie !== undefined && !TOKEN.test(cookie)) {
      const message =
        "a cookie's name has no spaces, and none of ( ) < > @ , ; : \\ \" / [ ] ? = { }";
      issues.push({ path: ["cookie"], message });
    }
    if (maxAge !== undefined && maxAge < SHORTEST_MS) {
      const message = "`max_age` is at least 1s; to turn the cookie off, write `sticky: false`";
      issues.push({ path: ["max_age"], message });
    }
    return issues;
  },
});

const SHORTEST_MS = 1_000;
