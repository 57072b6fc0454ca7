import { type StaticDecode, type TSchema, Type } from "@sinclair/typebox";
import type { Answer } from "../../pipeline/answer.ts";
import type { Exchange, LoggedExchanges } from "../../pipeline/exchange.ts";
import { definePolicy, type Policy } from "../../pipeline/policy.ts";
import { askForPlain, readUsage } from "./usage/model-usage.ts";

const KINDS: readonly LoggedExchanges[] = ["all", "errors", "off"];

const rows = Type.Unsafe<LoggedExchanges>(
  Type.Union(
    KINDS.map((kind): TSchema => Type.Literal(kind)),
    {
      description:
        "Which requests of this route get a row in the access log and a line on standard output: `all`; `errors`, those with a status of 400 or more or an error code; or `off`, none. Metrics and `gateway stats` count the others all the same.",
      default: "all",
      expected: "all, errors or off",
    },
  ),
);

const schema = Type.Union(
  [
    rows,
    Type.Object(
      {
        rows,
        usage: Type.Optional(
          Type.Literal("llm", {
            description:
              "`llm`: for answers of language models in the forms of OpenAI and Anthropic, streams too, rows tell the model and the tokens in and out. They are read as the answer passes, unchanged. The backend is asked not to compress its answers.",
          }),
        ),
      },
      { additionalProperties: false },
    ),
    Type.Literal(false),
  ],
  {
    description:
      "What is logged of this route's requests: all, errors or off, which is short for `rows`. `false` is `off`.",
    expected: "all, errors, off, or { rows, usage }",
    advice: rowsAdvice,
  },
);

function rowsAdvice(written: string): string | undefined {
  if (/^(?:no|none|never|disabled)$/i.test(written)) return "write `off`";
  if (/^(?:true|yes|on|enabled)$/i.test(written)) return "write `all`";
  return /^(?:error|5xx|failures?)$/i.test(written) ? "did you mean `errors`?" : undefined;
}

type Config = StaticDecode<typeof schema>;

/** Decides what is logged of a route's exchanges. */
export const log = definePolicy({
  name: "log",
  routeReplacesGlobal: false,
  route: { key: "log", schema, create },
});

function create(config: Config): Policy | undefined {
  const { rows: logged, usage } = settingsOf(config);
  if (logged === "all" && usage === undefined) return undefined;
  return {
    name: "log",

    request(exchange) {
      exchange.logged = logged;
      return undefined;
    },

    secondPart: usage === undefined ? undefined : USAGE,
  };
}

type Settings = Exclude<Config, string | false>;

function settingsOf(config: Config): Settings {
  if (config === false) return { rows: "off" };
  return typeof config === "string" ? { rows: config } : config;
}

const USAGE: Policy = {
  name: "log",
  shownAs: "log, the usage",

  request(exchange: Exchange): undefined {
    askForPlain(exchange);
  },

  response: (exchange: Exchange, answer: Answer): Answer | undefined =>
    answer.tunnel === undefined ? readUsage(exchange, answer) : undefined,
};
