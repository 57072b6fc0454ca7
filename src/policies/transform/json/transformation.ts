import type { Exchange } from "../../../pipeline/exchange.ts";
import type { PolicyServices } from "../../../pipeline/policy.ts";
import { RareLog } from "../../rare-log.ts";
import { editJson, type JsonEdits } from "./edit.ts";
import { readPath, type Step } from "./path.ts";
import { planOf } from "./plan.ts";
import { type JsonConfig, newNameOf } from "./schema.ts";
import { isJsonType } from "./type.ts";
import { jsonValue } from "./value.ts";

/** A result may be so many times as large as the largest content: `*` multiplies what is set. */
const MOST_GROWTH = 4;

/** Characters of a client's or backend's own words in a line. */
const LONGEST_QUOTE = 80;

/** Why content passes as it came. */
type Unchanged = "type" | "coding" | "part" | "invalid" | "too large" | "result too large";

/** What is known of content before it is read. */
export interface Announced {
  readonly type: string | null;
  readonly coding: string | null;
  /** Whether it is only a part of a representation. */
  readonly isPart: boolean;
}

/** Changes JSON content as a route's configuration says, and logs what it leaves as it is. */
export class JsonTransformation {
  /** Bytes. */
  readonly maxSize: number;
  /** Whether the result depends on more than the content. */
  readonly dependsOnExchange: boolean;
  readonly #edits: JsonEdits<Exchange>;
  readonly #log: RareLog<Unchanged>;

  /** `subject` is what the log calls the content. */
  constructor(
    config: JsonConfig,
    services: Pick<PolicyServices, "clock" | "log">,
    subject: string,
  ) {
    const { set = {}, remove = [], rename = {}, max_size: maxSize } = config;
    const values = Object.entries(set).map(([path, pieces]) => ({
      path: steps(path),
      value: jsonValue(pieces),
    }));
    this.maxSize = maxSize;
    this.dependsOnExchange = values.some(({ value }) => typeof value === "function");
    this.#log = new RareLog(services, "info", `${subject} passed unchanged, because `);
    this.#edits = {
      shape: planOf([
        ...remove.map((path) => ({ path: steps(path), remove: true })),
        ...Object.entries(rename).map(([path, newName]) => ({
          path: steps(path),
          rename: newNameOf(newName),
        })),
      ]),
      values: planOf(values),
      longest: maxSize * MOST_GROWTH,
    };
  }

  /** Whether content is to be changed, as far as its fields say. */
  accepts({ type, coding, isPart }: Announced): boolean {
    if (!isJsonType(type)) {
      const what = type === null ? "it has no type" : `its type is ${quoted(type)}`;
      this.#log.add("type", `${what}, not JSON`);
    } else if (coding !== null && coding.toLowerCase() !== "identity") {
      this.#log.add("coding", `it is encoded with ${quoted(coding)}`);
    } else if (isPart) this.#log.add("part", "it is only a part");
    else return true;
    return false;
  }

  tooLarge(): void {
    this.#log.add("too large", `it is larger than max_size, ${this.maxSize} bytes`);
  }

  /** Undefined if the content stays as it is. */
  edit(content: Uint8Array, exchange: Exchange): Uint8Array | undefined {
    if (content.length === 0) return undefined;
    const result = editJson(content, this.#edits, exchange);
    if (result === "not JSON") this.#log.add("invalid", "it is not valid JSON");
    else if (result === "too long") {
      const most = this.maxSize * MOST_GROWTH;
      this.#log.add("result too large", `the result would be larger than ${most} bytes`);
    } else return result;
    return undefined;
  }
}

function quoted(text: string): string {
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}…`;
}

function steps(written: string): readonly Step[] {
  const read = readPath(written);
  if (typeof read === "string") throw new Error(read);
  return read;
}
