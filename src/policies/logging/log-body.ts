import { type StaticDecode, Type } from "@sinclair/typebox";
import { Answer, isReader } from "../../pipeline/answer.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { definePolicy, type Policy } from "../../pipeline/policy.ts";
import { Size } from "../../units/size.ts";
import { Beginning } from "./beginning.ts";
import { keptContent } from "./kept.ts";
import { SeenContent } from "./seen-content.ts";

/** In bytes. */
const USUAL_LIMIT = 4_096;
const MOST = 1_048_576;

const limitOf = (what: string) =>
  Size({
    description: `How much of ${what} content is kept, from its beginning; 0 keeps none.`,
    default: "4KiB",
    most: MOST,
  });

const settings = Type.Object(
  {
    request: limitOf("a request's"),
    response: limitOf("an answer's"),
    when: Type.Union([Type.Literal("errors"), Type.Literal("all")], {
      description:
        "For which requests: `errors`, those with a status of 400 or more or an error code, or `all`. The beginnings are held in memory until that is known.",
      default: "errors",
    }),
    binary: Type.Boolean({
      description:
        "Whether content that is neither text, JSON, XML nor a form is kept as well, as base64. Nothing can be redacted in it.",
      default: false,
    }),
  },
  { additionalProperties: false },
);

const schema = Type.Union(
  [
    Type.Boolean({ description: "Whether contents are kept." }),
    Size({ description: "Short for this much of both.", most: MOST }),
    settings,
  ],
  {
    description:
      "Keeps the beginnings of contents in the rows of this route, redacted by the names of `logging.redact`. `true` takes all defaults, a size is short for that much of both. Contents can hold personal data and secrets under names that nobody knows. `false`: none, under a default.",
    expected: "true, false, a size like 4KiB, or { request, response, when, binary }",
  },
);

type Config = StaticDecode<typeof schema>;
type Settings = StaticDecode<typeof settings>;

/** Keeps the beginnings of contents in rows. */
export const logBody = definePolicy({
  name: "log_body",
  routeReplacesGlobal: false,
  route: { key: "log_body", schema, create },
});

function create(config: Config): Policy | undefined {
  const wanted = settingsOf(config);
  return wanted && new LogBody(wanted);
}

function settingsOf(config: Config): Settings | undefined {
  if (config === false) return undefined;
  if (typeof config === "object") return config;
  const limit = config === true ? USUAL_LIMIT : config;
  return { request: limit, response: limit, when: "errors", binary: false };
}

class LogBody implements Policy {
  readonly name = "log_body";
  readonly secondPart: Policy;
  readonly #settings: Settings;

  constructor(wanted: Settings) {
    this.#settings = wanted;
    this.secondPart = {
      name: "log_body",
      shownAs: "log_body, the answer",
      response: (exchange, answer) => this.#answered(exchange, answer),
    };
  }

  request(exchange: Exchange): undefined {
    const { content } = exchange.request;
    const { request: limit } = this.#settings;
    if (content === undefined || limit === 0) return;
    const beginning = new Beginning(limit);
    content.showTo(beginning);
    exchange.whenOver(() => {
      if (!this.#isKept(exchange)) return;
      const { fields } = exchange;
      const type = fields.get("content-type");
      const coding = fields.get("content-encoding");
      const kept = keptContent(exchange, { beginning, type, coding, limit }, this.#settings);
      (exchange.details ??= {}).requestBody = kept;
    });
  }

  #answered(exchange: Exchange, answer: Answer): Answer | undefined {
    const { response: limit } = this.#settings;
    const { body, fields } = answer;
    if (body === null || answer.tunnel !== undefined || limit === 0) return undefined;
    const beginning = new Beginning(limit);
    const seen = isReader(body) ? new SeenContent(body, beginning) : undefined;
    if (!isReader(body)) {
      beginning.see(typeof body === "string" ? Buffer.from(body) : body);
      beginning.end();
    }
    // Policies that come later on the way out may change them: they are about what is sent then.
    const type = fields.get("content-type");
    const coding = fields.get("content-encoding");
    const problem = isOwnProblem(answer, type) ? exchange.errorCode : undefined;
    exchange.whenOver(() => {
      seen?.look();
      if (!this.#isKept(exchange) || isUnsent(exchange)) return;
      const about = { beginning, type, coding, limit, problem };
      const kept = keptContent(exchange, about, this.#settings);
      (exchange.details ??= {}).responseBody = kept;
    });
    if (seen === undefined) return undefined;
    answer.takeBody();
    return new Answer(seen, answer);
  }

  #isKept(exchange: Exchange): boolean {
    return exchange.isLogged && (this.#settings.when === "all" || exchange.isError);
  }
}

/** Whether it is an error of the gateway's, with its code, if the exchange has one: what backends send is no string. */
function isOwnProblem({ body }: Answer, type: string | null): boolean {
  return typeof body === "string" && type === "application/problem+json";
}

/** Whether the client left before it got anything. */
function isUnsent({ status, bytesOut }: Exchange): boolean {
  return status === CLIENT_CLOSED && bytesOut === 0;
}

const CLIENT_CLOSED = 499;
