import { type StaticDecode, Type } from "@sinclair/typebox";
import { changeQuery } from "../../http/query.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { bytesOf } from "../../http/bytes.ts";
import { type ParsedText, PlaceholderText, Template } from "../../pipeline/placeholders.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { inParameter } from "../../pipeline/text-places.ts";

const ParameterText = PlaceholderText({});

/** `query` below `request`. */
export const querySchema = Type.Object(
  {
    set: Type.Optional(
      Type.Record(Type.String(), ParameterText, {
        description:
          "Values by the names of parameters, with placeholders; each takes the place of the first parameter of its name, or stands at the end, and others of its name are removed.",
      }),
    ),
    add: Type.Optional(
      Type.Record(Type.String(), Type.Union([ParameterText, Type.Array(ParameterText)]), {
        description: "Values of further parameters, at the end: a text, or a list.",
      }),
    ),
    remove: Type.Optional(
      Type.Array(Type.String({ isOneItem: true }), {
        description: "The names of parameters that are not passed on.",
      }),
    ),
  },
  {
    additionalProperties: false,
    description:
      "Changes the parameters of the query that backends get: first some are removed, then set, then added. All others keep their bytes. Names and values are written without escapes.",
  },
);

export type QueryConfig = StaticDecode<typeof querySchema>;

/** Names that cannot be meant, and those that are named twice. */
export function checkQuery({ set = {}, add = {}, remove = [] }: QueryConfig): ConfigIssue[] {
  return [
    ...Object.keys(set).map((name) => ({ path: ["set", name], message: nameProblem(name) })),
    ...Object.keys(add).map((name) => ({ path: ["add", name], message: nameProblem(name) })),
    ...remove.map((name, index) => {
      const path = ["remove", index];
      const unneeded = `\`${name}\` is set, which removes others of its name: leave it out here`;
      return Object.hasOwn(set, name)
        ? { path, message: unneeded, severity: "warning" as const }
        : { path, message: nameProblem(name) };
    }),
  ].flatMap(({ message, ...issue }) => (message === undefined ? [] : [{ ...issue, message }]));
}

function nameProblem(name: string): string | undefined {
  if (name === "") return "the name of a parameter is missing";
  return /%[0-9a-f]{2}/i.test(name)
    ? `names are written without escapes: \`${decoded(name)}\``
    : undefined;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name.replaceAll("%", "");
  }
}

/** A parameter to write. */
interface WrittenParameter {
  /** Decoded, each character one byte. */
  readonly name: string;
  /** The encoded name and "=". */
  readonly beginning: string;
  readonly value: Template;
}

function writtenParameter(name: string, text: ParsedText): WrittenParameter {
  return {
    name: bytesOf(name),
    beginning: `${inParameter.literal(name)}=`,
    value: new Template(text, inParameter),
  };
}

/** Changes the parameters of queries as a configuration says. */
export class QueryTransformation {
  readonly #removed: ReadonlySet<string>;
  readonly #set: readonly WrittenParameter[];
  readonly #added: readonly WrittenParameter[];

  constructor({ set = {}, add = {}, remove = [] }: QueryConfig) {
    this.#removed = new Set(remove.map(bytesOf));
    this.#set = Object.entries(set).map(([name, text]) => writtenParameter(name, text));
    this.#added = Object.entries(add).flatMap(([name, texts]) =>
      [texts].flat().map((text) => writtenParameter(name, text)),
    );
  }

  /** Changes what the backend gets. */
  change(exchange: Exchange): void {
    const { outgoing } = exchange;
    const write = ({ beginning, value }: WrittenParameter) => beginning + value.text(exchange);
    outgoing.query = changeQuery(outgoing.query, {
      removed: this.#removed,
      set: new Map(this.#set.map((parameter) => [parameter.name, write(parameter)])),
      added: this.#added.map(write),
    });
  }
}
