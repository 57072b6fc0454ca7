import { type StaticDecode, Type } from "@sinclair/typebox";
import type { Answer } from "../../pipeline/answer.ts";
import type { Handler } from "../../pipeline/chain.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { ownAnswer } from "../../pipeline/own-answer.ts";
import { PlaceholderText } from "../../pipeline/placeholders.ts";
import { defineSection } from "../../pipeline/section.ts";
import { RedirectTarget, targetProblem } from "./redirect-target.ts";

const DEFAULT_STATUS = 308;

const to = {
  description:
    "Where clients are sent, with placeholders: a URL, like https://{request.host}/v2/users/{path.id}, or a path on the same host. The query stays unless the text has one: `?` at its end drops it.",
  expected: "a URL or a path, like https://example.com{request.path}",
  check: targetProblem,
};

const schema = Type.Union(
  [
    PlaceholderText(to),
    Type.Object(
      {
        to: PlaceholderText(to),
        status: Type.Union(
          [
            Type.Literal(301),
            Type.Literal(302),
            Type.Literal(303),
            Type.Literal(307),
            Type.Literal(308),
          ],
          {
            default: DEFAULT_STATUS,
            description:
              "The status of the redirect. 307 and 308 keep the method and the content of the request, 303 makes a GET of it, and so do most clients of a POST at 301 and 302. Default: 308, so that no content is lost; redirects are not cached unless a field says so, so a mistake does not stay.",
            expected: "301, 302, 303, 307 or 308",
            advice: statusAdvice,
          },
        ),
      },
      { additionalProperties: false },
    ),
  ],
  {
    description:
      "Sends clients elsewhere, in place of asking a backend: a target, or {to, status}.",
    expected: "a URL or a path, like https://example.com{request.path}, or {to, status}",
  },
);

function statusAdvice(written: string): string | undefined {
  if (/^(?:permanent|moved|true)$/i.test(written)) return "write `308`";
  return /^(?:temporary|found|false)$/i.test(written) ? "write `307`" : undefined;
}

/** `redirect` of a route. */
export const redirect = defineSection({ schema: Type.Optional(schema) });

type RedirectConfig = StaticDecode<typeof schema>;

/** The end of a route that sends its clients elsewhere. */
export class Redirect implements Handler {
  readonly #target: RedirectTarget;
  readonly #status: number;

  constructor(config: RedirectConfig) {
    const { to, status } = "to" in config ? config : { to: config, status: DEFAULT_STATUS };
    this.#target = new RedirectTarget(to);
    this.#status = status;
  }

  handle(exchange: Exchange): Answer {
    const location = this.#target.location(exchange, this.#status === 303);
    const answer = ownAnswer(exchange, "text/plain;charset=utf-8", `${location}\n`, this.#status);
    answer.fields.set("Location", location);
    return answer;
  }
}
