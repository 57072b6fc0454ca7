import { Type } from "@sinclair/typebox";
import { cookieValue } from "../../http/cookies.ts";
import { TOKEN } from "../../http/fields.ts";
import { defineCondition, type RoutedRequest } from "./condition.ts";
import { ValueCondition, type ValueSource } from "./value-condition.ts";
import { checkValueTests, ValueTest, valueTestSchema } from "./value-test.ts";

/** Cookies of the request, each of which must pass its test. */
export const cookies = defineCondition({
  key: "cookie",
  schema: Type.Record(Type.String(), valueTestSchema, {
    description: "Cookies that a request must have, with their values as those of fields.",
    expected: 'a mapping of cookies to values, like { beta: "1" }',
  }),
  check: (written, isWhole) => [
    ...Object.keys(written)
      .filter((name) => !TOKEN.test(name))
      .map((name) => ({ path: [name], message: `\`${name}\` is not the name of a cookie` })),
    ...checkValueTests(written, isWhole),
  ],
  create: (written) =>
    Object.entries(written).map(
      ([name, test]) => new ValueCondition(new CookieSource(name), new ValueTest(test)),
    ),
});

class CookieSource implements ValueSource {
  readonly subject: string;
  readonly isSecret = true;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.subject = `the cookie ${name}`;
  }

  read({ request }: RoutedRequest): string | undefined {
    return cookieValue(request.fields, this.#name) ?? undefined;
  }
}
