import { type StaticDecode, Type } from "@sinclair/typebox";
import type { FieldList } from "../../http/field-list.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { type ParsedText, PlaceholderText } from "../../pipeline/placeholders.ts";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { TextProblem } from "../../pipeline/section.ts";
import { WrittenField } from "../written-field.ts";
import { nameProblem, type RefusedNames } from "../field-names.ts";

// oxlint-disable-next-line no-control-regex -- these are what it is about
const CONTROL = /[\0-\x08\x0A-\x1F\x7F]/;

const FieldText = PlaceholderText({ check: valueProblem });

function valueProblem({ parts }: ParsedText): TextProblem | undefined {
  if (parts.length === 0) {
    return new TextProblem("the value is empty; to send no such field, write it into `remove`", 0);
  }
  const hasControl = parts.some((part) => typeof part === "string" && CONTROL.test(part));
  return hasControl
    ? new TextProblem("a field's value is one line without control characters", 0)
    : undefined;
}

/** `headers` below `request` and `response`; `whose` fields they change. */
export const fieldsSchema = (whose: string) =>
  Type.Object(
    {
      set: Type.Optional(
        Type.Record(Type.String(), FieldText, {
          description:
            "Values by the names of fields, with placeholders; they replace all fields of these names. One that comes out empty is not sent.",
        }),
      ),
      add: Type.Optional(
        Type.Record(Type.String(), Type.Union([FieldText, Type.Array(FieldText)]), {
          description: "Values that are sent in addition to what is there: a text, or a list.",
        }),
      ),
      remove: Type.Optional(
        Type.Array(Type.String(), { description: "The names of fields that are not passed on." }),
      ),
    },
    {
      additionalProperties: false,
      description: `Changes the fields of ${whose}: first some are removed, then set, then added.`,
    },
  );

export type FieldsConfig = StaticDecode<ReturnType<typeof fieldsSchema>>;

/** Names that cannot be changed, and those that are named twice. */
export function checkFields(
  { set = {}, add = {}, remove = [] }: FieldsConfig,
  refused: RefusedNames,
): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const known = new Map<string, string>();
  for (const name of Object.keys(set)) {
    const other = known.get(name.toLowerCase());
    const message =
      nameProblem(name, refused.set) ??
      (other === undefined ? undefined : `this is the same field as \`${other}\``);
    if (message !== undefined) issues.push({ path: ["set", name], message });
    known.set(name.toLowerCase(), name);
  }
  for (const name of Object.keys(add)) {
    const message = nameProblem(name, refused.set);
    if (message !== undefined) issues.push({ path: ["add", name], message });
  }
  for (const [index, name] of remove.entries()) {
    const message = nameProblem(name, refused.remove);
    if (message !== undefined) issues.push({ path: ["remove", index], message });
    else if (known.has(name.toLowerCase())) {
      const unneeded = `\`${name}\` is set, which removes others of its name: leave it out here`;
      issues.push({ path: ["remove", index], message: unneeded, severity: "warning" });
    }
  }
  return issues;
}

/** Changes the fields of messages as a configuration says. */
export class FieldChanges {
  /** Whether what is written depends on more than the configuration. */
  readonly dependsOnExchange: boolean;
  readonly #removed: ReadonlySet<string>;
  readonly #set: readonly WrittenField[];
  readonly #added: readonly WrittenField[];

  constructor({ set = {}, add = {}, remove = [] }: FieldsConfig) {
    this.#removed = new Set(remove.map((name) => name.toLowerCase()));
    this.#set = Object.entries(set).map(([name, text]) => new WrittenField(name, text));
    this.#added = Object.entries(add).flatMap(([name, texts]) =>
      [texts].flat().map((text) => new WrittenField(name, text)),
    );
    this.dependsOnExchange = [...this.#set, ...this.#added].some((field) => !field.isConstant);
  }

  /** Changes what the backend gets. */
  changeRequest(exchange: Exchange): void {
    const { outgoing } = exchange;
    for (const name of this.#removed) outgoing.remove(name);
    for (const written of this.#set) {
      const { name, value } = written.of(exchange);
      if (value === "") outgoing.remove(name);
      else outgoing.set(name, value);
    }
    for (const written of this.#added) {
      const { name, value } = written.of(exchange);
      if (value !== "") outgoing.append(name, value);
    }
  }

  /** Changes what the client gets. */
  changeAnswer(exchange: Exchange, fields: FieldList): void {
    if (this.#removed.size > 0) fields.delete(this.#removed);
    for (const written of this.#set) {
      const field = written.of(exchange);
      if (field.value === "") fields.delete(new Set([field.name]));
      else fields.put(field);
    }
    for (const written of this.#added) {
      const field = written.of(exchange);
      if (field.value !== "") fields.list.push(field);
    }
  }
}
