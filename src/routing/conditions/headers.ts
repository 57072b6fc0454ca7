import { Type } from "@sinclair/typebox";
import { hasToken, TOKEN } from "../../http/fields.ts";
import { isPreflight } from "../../http/preflight.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { textOfBytes } from "../../http/bytes.ts";
import { clientField } from "../../pipeline/client-field.ts";
import { defineCondition, type RoutedRequest } from "./condition.ts";
import { ValueCondition, type ValueSource } from "./value-condition.ts";
import { checkValueTests, ValueTest, valueTestSchema } from "./value-test.ts";

/** Fields of the request, each of which must pass its test. */
export const headers = defineCondition({
  key: "headers",
  schema: Type.Record(Type.String(), valueTestSchema, {
    description:
      'Fields that a request must have, with their values: `x-version: "2"`, one of several `["2", "3"]`, `{ present: true }` or `false`, or `{ matches: "^v[0-9]+$" }`. Lines of one field count as one value, joined by ", ".',
    expected: 'a mapping of field names to values, like { x-version: "2" }',
  }),
  check(written, isWhole) {
    const names = new Map<string, string>();
    const issues = Object.keys(written).flatMap((name): ConfigIssue[] => {
      const problem = nameProblem(name);
      if (problem !== undefined) return [{ path: [name], message: problem }];
      const lower = name.toLowerCase();
      const earlier = names.get(lower);
      if (earlier !== undefined) {
        const message = `\`${name}\` is the same field as \`${earlier}\`; names of fields have no case`;
        return [{ path: [name], message }];
      }
      names.set(lower, name);
      return OF_ANSWERS.test(lower) ? [warningOfAnswers(name)] : [];
    });
    return [...issues, ...checkValueTests(written, isWhole)];
  },
  create: (written) =>
    Object.entries(written).map(
      ([name, test]) => new ValueCondition(new FieldSource(name), new ValueTest(test)),
    ),
});

/** Fields that only answers have. */
const OF_ANSWERS =
  /^(?:access-control-(?:allow|expose)-.*|access-control-max-age|content-security-policy(?:-report-only)?|cross-origin-.*-policy|permissions-policy|referrer-policy|server|set-cookie|strict-transport-security|www-authenticate|x-content-type-options|x-frame-options|x-xss-protection)$/;

function warningOfAnswers(name: string): ConfigIssue {
  const message = `\`headers\` of a route says which requests it matches, and no request has \`${name}\`; fields of answers are \`response: { headers: { set: { ${name}: … } } }\``;
  return { path: [name], message, severity: "warning" };
}

class FieldSource implements ValueSource {
  readonly subject: string;
  readonly isSecret: boolean;
  readonly #name: string;

  constructor(written: string) {
    this.#name = written.toLowerCase();
    this.subject = `the field ${this.#name}`;
    this.isSecret = SECRET.test(this.#name);
  }

  read(request: RoutedRequest): string | undefined {
    const value = clientField(request, this.#name);
    return value === null ? undefined : textOfBytes(value);
  }

  /** A preflight names the fields that the request will have, without their values. */
  mayFollow(request: RoutedRequest): boolean {
    return (
      isPreflight(request.request.method, request.fields) &&
      hasToken(request.fields.get("access-control-request-headers"), this.#name)
    );
  }
}

const SECRET = /^(?:(?:proxy-)?authorization|cookie)$|api-?key|secret|token|password/;

function nameProblem(name: string): string | undefined {
  if (name.toLowerCase() === "host" || name === ":authority") {
    return "hosts are matched by `hosts`, in every spelling and whatever the port";
  }
  if (name.toLowerCase() === ":method") return "methods are matched by `methods`";
  return TOKEN.test(name) ? undefined : `\`${name}\` is not the name of a field`;
}
