import type { ContentJudge, Expected } from "../content-judge.ts";
import { type Path } from "../documents/walk.ts";
import { isMapping, type Mapping } from "../../../units/mapping.ts";
import type { Steps } from "../../../time/slices.ts";
import type { Fault } from "../faults.ts";
import { JsonContent } from "../json-content.ts";
import { describedBy, FORM, isJson, isUtf8, mediaTypeOf } from "../media-type.ts";
import type { JsonSchema } from "../schemas/compiler.ts";
import type { Description } from "./description.ts";
import { FormContent } from "./form.ts";
import { Parameter, type Sources } from "./parameter.ts";

interface Media {
  readonly schema: JsonSchema;
  readonly encoding: Mapping;
  readonly path: Path;
}

/** One operation of an API: a method of a path. Its schemas are compiled when they are first needed. */
export class Operation implements Expected {
  readonly isRequired: boolean;
  readonly types: readonly string[];
  readonly #description: Description;
  readonly #parameters: readonly Parameter[];
  readonly #media = new Map<string, Media>();
  readonly #judges = new Map<string, ContentJudge>();
  /** Whether a request body is described at all. */
  readonly #hasBody: boolean;

  /** `path` leads to the operation in its document. Throws a DocumentProblem. */
  constructor(
    description: Description,
    { item, own, path }: { readonly item: Mapping; readonly own: Mapping; readonly path: Path },
  ) {
    this.#description = description;
    this.#parameters = parametersOf(description, { item, own, path });
    const { requestBody } = own;
    const body = requestBody === undefined ? undefined : description.resolve(requestBody);
    if (requestBody !== undefined && body === undefined) {
      throw description.problem([...path, "requestBody"], "there is no such request body");
    }
    this.#hasBody = body !== undefined;
    this.isRequired = body?.["required"] === true;
    const content = isMapping(body?.["content"]) ? body["content"] : {};
    this.types = Object.keys(content);
    for (const [type, written] of Object.entries(content)) {
      const media = description.resolve(written) ?? {};
      const { schema, encoding } = media;
      this.#media.set(type, {
        schema: isMapping(schema) || typeof schema === "boolean" ? schema : true,
        encoding: isMapping(encoding) ? encoding : {},
        path: [...path, "requestBody", "content", type, "schema"],
      });
    }
  }

  /** Whether a name in a query belongs to a parameter. */
  knowsQuery(name: string): boolean {
    return this.#parameters.some((one) => one.place === "query" && one.claims(name));
  }

  /** What is wrong with the parameters of a request. */
  parameterFaults(sources: Sources): Fault[] {
    return this.#parameters.flatMap((parameter) => parameter.faults(sources));
  }

  judgeFor(contentType: string | null): ContentJudge | "any" | undefined {
    // OpenAPI does not say what content means where none is described.
    if (!this.#hasBody) return "any";
    const { type, charset } = mediaTypeOf(contentType);
    const key = describedBy(type, this.types);
    const media = key === undefined ? undefined : this.#media.get(key);
    if (key === undefined || media === undefined) return undefined;
    if (!isJson(type) && type !== FORM) return "any";
    return isUtf8(charset) ? this.#judge(`${key} ${type === FORM}`, media, type) : undefined;
  }

  #judge(key: string, { schema, encoding }: Media, type: string): ContentJudge {
    let judge = this.#judges.get(key);
    if (judge === undefined) {
      const compiled = this.#description.compile(schema);
      judge =
        type === FORM
          ? new FormContent(compiled, { schema, encoding, description: this.#description })
          : new JsonContent(compiled);
      this.#judges.set(key, judge);
    }
    return judge;
  }

  /** Compiles a schema for each step. Throws a DocumentProblem for one that cannot be used. */
  *compile(): Steps<void> {
    for (const parameter of this.#parameters) {
      this.#description.check(parameter.schema, [...parameter.path, "schema"]);
      parameter.compile();
      yield undefined;
    }
    for (const { schema, path } of this.#media.values()) {
      this.#description.check(schema, path);
      this.#description.compile(schema);
      yield undefined;
    }
  }
}

/** An operation's own, and those of its path that it does not replace. */
function parametersOf(
  description: Description,
  { item, own, path }: { readonly item: Mapping; readonly own: Mapping; readonly path: Path },
): Parameter[] {
  const all = new Map<string, Parameter>();
  for (const [list, at] of [
    [item["parameters"], path.slice(0, -1)],
    [own["parameters"], path],
  ] as const) {
    for (const [index, written] of (Array.isArray(list) ? list : []).entries()) {
      const parameter = Parameter.of(written, description, [...at, "parameters", index]);
      if (parameter !== undefined) all.set(`${parameter.place} ${parameter.name}`, parameter);
    }
  }
  return [...all.values()];
}
