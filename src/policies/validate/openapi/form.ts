import type { ContentJudge } from "../content-judge.ts";
import { isMapping, type Mapping } from "../../../units/mapping.ts";
import { type Fault, faultsOf } from "../faults.ts";
import { parsed } from "../json.ts";
import type { JsonSchema, Judge } from "../schemas/compiler.ts";
import type { Description } from "./description.ts";
import { objectOf } from "./parameter.ts";
import { decoded, Pairs } from "./query-pairs.ts";
import { propertiesOf, type Resolve, typesOf } from "./types.ts";

/** More than these are not a form that somebody has filled in. */
const MOST_FIELDS = 10_000;

/** Content of an HTML form, judged as the object that it stands for. */
export class FormContent implements ContentJudge {
  readonly #judge: Judge;
  readonly #properties: Mapping;
  readonly #encoding: Mapping;
  readonly #resolve: Resolve;

  constructor(
    judge: Judge,
    given: {
      readonly schema: JsonSchema;
      readonly encoding: Mapping;
      readonly description: Description;
    },
  ) {
    this.#judge = judge;
    this.#resolve = (value) => given.description.resolve(value);
    this.#properties = propertiesOf(given.schema, this.#resolve);
    this.#encoding = given.encoding;
  }

  faults(content: Uint8Array): Fault[] {
    const pairs = new Pairs(Buffer.from(content).toString("latin1"));
    const members: (readonly [readonly string[], string])[] = [];
    const objects: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const name of pairs.names) {
      if (members.length > MOST_FIELDS) return [{ pointer: "#", detail: "has too many fields" }];
      const types = typesOf(this.#properties[name], this.#resolve);
      for (const value of pairs.all(name)) {
        const text = decoded(value);
        // An object in a form is JSON, if nothing else is said.
        if (types.has("object")) objects[name] = parsed(text) ?? text;
        else if (types.has("array") && this.#isInOne(name)) {
          for (const item of text.split(",")) members.push([[name], item]);
        } else members.push([[name], text]);
      }
    }
    const value = objectOf(members, this.#properties, this.#resolve);
    return faultsOf(this.#judge(Object.assign(value, objects)));
  }

  /** Whether a list is one field: `a=1,2`. */
  #isInOne(name: string): boolean {
    const encoding = this.#resolve(this.#encoding[name]);
    return isMapping(encoding) && encoding["explode"] === false;
  }
}
