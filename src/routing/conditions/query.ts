import { Type } from "@sinclair/typebox";
import { queryParameter } from "../../http/query.ts";
import { bytesOf, textOfBytes } from "../../http/bytes.ts";
import { defineCondition, type RoutedRequest } from "./condition.ts";
import { ValueCondition, type ValueSource } from "./value-condition.ts";
import { checkValueTests, ValueTest, valueTestSchema } from "./value-test.ts";

/** Parameters of the query, each of which must pass its test. */
export const query = defineCondition({
  key: "query",
  schema: Type.Record(Type.String(), valueTestSchema, {
    description:
      "Query parameters that a request must have, with their values, decoded and written as those of `headers`. Names are case-sensitive; of a repeated parameter the first counts.",
    expected: 'a mapping of parameters to values, like { v: "2" }',
  }),
  check: checkValueTests,
  create: (written) =>
    Object.entries(written).map(
      ([name, test]) => new ValueCondition(new ParameterSource(name), new ValueTest(test)),
    ),
});

class ParameterSource implements ValueSource {
  readonly subject: string;
  readonly isSecret: boolean;
  readonly #name: string;

  constructor(name: string) {
    this.#name = bytesOf(name);
    this.subject = `the query parameter ${name}`;
    this.isSecret = SECRET.test(name);
  }

  read({ target }: RoutedRequest): string | undefined {
    const value = target.query === "" ? null : queryParameter(target.query, this.#name);
    return value === null ? undefined : textOfBytes(value);
  }
}

const SECRET = /api-?_?key|secret|token|password/i;
