import { cookieValue, isRepeatedCookie } from "../../../http/cookies.ts";
import type { Exchange } from "../../../pipeline/exchange.ts";
import { type Path } from "../documents/walk.ts";
import { isMapping, type Mapping } from "../../../units/mapping.ts";
import { type Fault, faultsOf } from "../faults.ts";
import { parsed } from "../json.ts";
import type { JsonSchema, Judge } from "../schemas/compiler.ts";
import type { Description } from "./description.ts";
import { decoded, type Pairs } from "./query-pairs.ts";
import { fromField, fromPairs, fromPath, isOfObject, REPEATED, type Written } from "./styles.ts";
import { itemsOf, meaningOf, meaningsOf, propertiesOf, type Resolve, typesOf } from "./types.ts";

/** What parameters are read from. */
export interface Sources {
  readonly exchange: Exchange;
  readonly query: Pairs;
  /** Of the path's parameters, percent-encoded. */
  readonly path: ReadonlyMap<string, string>;
}

type Place = "path" | "query" | "header" | "cookie";

const USUAL_STYLE: Readonly<Record<Place, string>> = {
  path: "simple",
  query: "form",
  header: "simple",
  cookie: "form",
};

/** Fields that OpenAPI describes elsewhere. */
const NOT_PARAMETERS: ReadonlySet<string> = new Set(["accept", "content-type", "authorization"]);

/** One parameter of an operation. */
export class Parameter {
  readonly name: string;
  readonly place: Place;
  readonly schema: JsonSchema;
  readonly path: Path;
  readonly #description: Description;
  readonly #resolve: Resolve;
  readonly #isRequired: boolean;
  readonly #style: string;
  readonly #explode: boolean;
  /** Whether the value is JSON text. */
  readonly #isJson: boolean;
  readonly #kinds: readonly Written["kind"][];
  readonly #properties: Mapping;
  #judge: Judge | undefined;

  /** Throws a DocumentProblem. Undefined for fields that are not described as parameters. */
  static of(written: unknown, description: Description, path: Path): Parameter | undefined {
    const value = description.resolve(written);
    if (value === undefined) throw description.problem(path, "there is no such parameter");
    const { name, in: place } = value;
    if (typeof name !== "string" || name === "") {
      throw description.problem(path, "a parameter needs a `name`");
    }
    if (!isPlace(place)) {
      throw description.problem(path, "`in` of a parameter is path, query, header or cookie");
    }
    const isElsewhere = place === "header" && NOT_PARAMETERS.has(name.toLowerCase());
    return isElsewhere ? undefined : new Parameter(name, place, value, { description, path });
  }

  private constructor(
    name: string,
    place: Place,
    value: Mapping,
    { description, path }: { readonly description: Description; readonly path: Path },
  ) {
    this.name = name;
    this.place = place;
    this.path = path;
    this.#description = description;
    this.#resolve = (part) => description.resolve(part);
    this.#isRequired = place === "path" || value["required"] === true;
    this.#style = typeof value["style"] === "string" ? value["style"] : USUAL_STYLE[place];
    const { explode, content } = value;
    this.#explode = typeof explode === "boolean" ? explode : this.#style === "form";
    const [media] = isMapping(content) ? Object.values(content) : [];
    const schema = media === undefined ? value["schema"] : description.resolve(media)?.["schema"];
    this.#isJson = media !== undefined;
    this.schema = isMapping(schema) || typeof schema === "boolean" ? schema : true;
    this.#kinds = this.#isJson ? ["text"] : kindsOf(typesOf(this.schema, this.#resolve));
    this.#properties = propertiesOf(this.schema, this.#resolve);
  }

  /** Throws a DocumentProblem. */
  compile(): Judge {
    return (this.#judge ??= this.#description.compile(this.schema));
  }

  /** Whether a name in a query belongs to it. */
  claims(name: string): boolean {
    if (name === this.name) return true;
    if (!this.#kinds.includes("members")) return false;
    if (this.#style === "deepObject") return isOfObject(name, this.name);
    return this.#explode && Object.hasOwn(this.#properties, name);
  }

  /** What is wrong with it in a request. */
  faults(sources: Sources): Fault[] {
    let faults: Fault[] | undefined;
    for (const kind of this.#kinds) {
      const written = this.#read(sources, kind);
      if (written === undefined) continue;
      if (written === REPEATED) return [this.#fault("must not be sent more than once")];
      for (const value of this.#values(written)) {
        const found = value === NOT_JSON ? [this.#fault("must be JSON")] : this.#judged(value);
        if (found.length === 0) return [];
        faults ??= found;
      }
    }
    return faults ?? (this.#isRequired ? [this.#fault("is required")] : []);
  }

  #judged(value: unknown): Fault[] {
    return faultsOf(this.compile()(value)).map(({ pointer, detail }) =>
      pointer === undefined || pointer === "#"
        ? this.#fault(detail)
        : { pointer, ...this.#fault(detail) },
    );
  }

  #read(
    { exchange, query, path }: Sources,
    kind: Written["kind"],
  ): Written | typeof REPEATED | undefined {
    const { name } = this;
    const style = { style: this.#style, explode: this.#explode };
    switch (this.place) {
      case "path": {
        const written = path.get(name);
        return written === undefined ? undefined : fromPath(name, written, kind, style);
      }
      case "query":
        return fromPairs(name, kind, style, {
          pairs: query,
          properties: Object.keys(this.#properties),
        });
      case "header": {
        const written = exchange.fields.get(name.toLowerCase());
        return written === null ? undefined : fromField(written, kind, style.explode);
      }
      case "cookie":
      default: {
        const { all } = exchange.fields;
        if (isRepeatedCookie(all, name)) return REPEATED;
        const written = cookieValue(all, name);
        return written === null ? undefined : fromField(decoded(written), kind, false);
      }
    }
  }

  /** What it may mean, the likeliest first. */
  #values(written: Written): readonly unknown[] {
    const { schema } = this;
    switch (written.kind) {
      case "text":
        if (this.#isJson) {
          const value = parsed(written.text);
          return [value === undefined ? NOT_JSON : value];
        }
        return meaningsOf(written.text, typesOf(schema, this.#resolve));
      case "list": {
        const items = itemsOf(schema, this.#resolve);
        return [written.items.map((item) => meaningOf(item, items, this.#resolve))];
      }
      case "members":
      default:
        return [objectOf(written.members, this.#properties, this.#resolve)];
    }
  }

  #fault(detail: string): Fault {
    return { in: this.place, parameter: this.name, detail };
  }
}

const NOT_JSON = Symbol("not JSON");

function isPlace(value: unknown): value is Place {
  return typeof value === "string" && Object.hasOwn(USUAL_STYLE, value);
}

/** How a parameter may be written by the types of its schema. */
function kindsOf(types: ReadonlySet<string>): Written["kind"][] {
  const kinds: Written["kind"][] = [];
  if (types.has("object")) kinds.push("members");
  if (types.has("array")) kinds.push("list");
  const isText = [...types].some((type) => type !== "object" && type !== "array");
  return isText || kinds.length === 0 ? [...kinds, "text"] : kinds;
}

/** An object of members, some of which may be objects or lists themselves. */
export function objectOf(
  members: Extract<Written, { kind: "members" }>["members"],
  properties: Mapping,
  resolve: Resolve,
): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [[name = "", ...rest], text] of members) {
    const schema = properties[name];
    if (rest.length > 0) {
      const inner = propertiesOf(schema, resolve);
      const before = result[name];
      const made = objectOf([[rest, text]], inner, resolve);
      result[name] = isMapping(before) ? Object.assign(before, made) : made;
    } else if (typesOf(schema, resolve).has("array")) {
      const value = meaningOf(text, itemsOf(schema, resolve), resolve);
      const before = result[name];
      if (Array.isArray(before)) before.push(value);
      else result[name] = [value];
    } else {
      const value = meaningOf(text, schema, resolve);
      // One that is there twice is a list, so that no server takes one and this the other.
      result[name] = Object.hasOwn(result, name) ? [result[name], value] : value;
    }
  }
  return result;
}
