import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection, type IsWhole, under } from "../pipeline/section.ts";
import type { Condition } from "../routing/conditions/condition.ts";
import { headers } from "../routing/conditions/headers.ts";
import { query } from "../routing/conditions/query.ts";
import { cookies } from "../routing/conditions/cookies.ts";

const MOST_WEIGHT = 1_000_000;

const whenDescription =
  "Requests with all of this go to this upstream, whatever the weights; of a list, with all of one item. The first choice whose `when` is met counts.";

const when = Type.Object(
  {
    header: Type.Optional(headers.schema),
    cookie: Type.Optional(cookies.schema),
    query: Type.Optional(query.schema),
  },
  { additionalProperties: false },
);

const choice = Type.Object(
  {
    upstream: Type.String({
      minLength: 1,
      description: "The name of an upstream.",
      expected: "the name of one of the `upstreams`",
    }),
    weight: Type.Integer({
      minimum: 0,
      maximum: MOST_WEIGHT,
      default: 1,
      description:
        "Its share of the requests, relative to the other choices; 0 for none but those of its `when`. The admin API changes it while the gateway runs.",
      expected: `a whole number from 0 to ${MOST_WEIGHT}`,
      advice: weightAdvice,
    }),
    when: Type.Optional(
      Type.Union([when, Type.Array(when, { minItems: 1 })], {
        description: whenDescription,
        expected: "{header, cookie, query}, or a list of such",
      }),
    ),
  },
  { additionalProperties: false },
);

/** One choice of a split. */
export type SplitChoiceConfig = StaticDecode<typeof choice>;

/** `split` of a route. */
export const split = defineSection({
  schema: Type.Optional(
    Type.Array(choice, {
      minItems: 1,
      description:
        "Several upstreams, in place of `upstream`: each request goes to one of them, by weight or by what it carries. For canaries and migrations.",
    }),
  ),
  check(written, isWhole) {
    const issues: ConfigIssue[] = [];
    const seen = new Set<string>();
    for (const [index, one] of written.entries()) {
      if (one?.when !== undefined) {
        issues.push(...under([index, "when"], checkWhen(one.when, isWhole)));
      }
      if (one?.upstream === undefined) continue;
      if (seen.has(one.upstream)) {
        const message = `\`${one.upstream}\` is already a choice of this split; raise its weight instead, and write what sends requests there as a list below its \`when\``;
        issues.push({ path: [index, "upstream"], message });
      }
      seen.add(one.upstream);
    }
    if (written.every((one) => one?.weight === 0)) {
      issues.push({ path: [], message: "at least one choice needs a `weight` above 0" });
    }
    return issues;
  },
});

const KINDS = { header: headers, cookie: cookies, query };

/** Weights have no unit. */
function weightAdvice(written: string): string | undefined {
  const share = /^([0-9]{1,3})\s*%$/.exec(written)?.[1];
  if (share !== undefined) return `write \`${share}\`, with ${100 - Number(share)} for the others`;
  return /^[0-9]*\.[0-9]+$/.test(written)
    ? "weights are whole numbers relative to each other, like 1 and 19 for 5 %"
    : undefined;
}

/** The tests are those of routes, and so are the ways to get them wrong. */
function checkWhen(written: object, isWhole: IsWhole): ConfigIssue[] {
  if (Array.isArray(written)) {
    return written.flatMap((one: object | undefined, index) =>
      one === undefined ? [] : under([index], checkWhen(one, isWhole)),
    );
  }
  const tests = Object.entries(KINDS).map(
    ([key, kind]) => ({ key, kind, own: (Reflect.get(written, key) ?? {}) as object }) as const,
  );
  if (isWhole(written) && tests.every(({ own }) => Object.keys(own).length === 0)) {
    return [{ path: [], message: "every request meets a `when` that says nothing; leave it out" }];
  }
  return tests.flatMap(({ key, kind, own }) => under([key], kind.check?.(own, isWhole) ?? []));
}

/** The conditions of a choice, all of one list of which must be met; undefined without any. */
export function conditionsOfChoice({
  when: written,
}: SplitChoiceConfig): Condition[][] | undefined {
  if (written === undefined) return undefined;
  const alternatives = Array.isArray(written) ? written : [written];
  return alternatives.map(({ header, cookie, query: parameters }) =>
    [
      header === undefined ? [] : (headers.create?.(header) ?? []),
      cookie === undefined ? [] : (cookies.create?.(cookie) ?? []),
      parameters === undefined ? [] : (query.create?.(parameters) ?? []),
    ].flat(),
  );
}
