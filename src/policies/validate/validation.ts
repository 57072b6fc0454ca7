import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { IncomingContent } from "../../pipeline/incoming-content.ts";
import type { Policy } from "../../pipeline/policy.ts";
import type { ContentJudge, Expected } from "./content-judge.ts";
import { type Fault, invalid } from "./faults.ts";
import { presentContent, readContent, type ReadOptions } from "./read-content.ts";
import { TooCostly } from "./schemas/budget.ts";

/** What is wrong with a request as far as it is known without its content. */
export interface Findings {
  readonly faults: Fault[];
  /** What its content has to be. */
  readonly expected: readonly Expected[];
}

export interface ValidationOptions extends ReadOptions {
  /** Judges a request by all but its content. A GatewayError refuses it. */
  readonly examine: (exchange: Exchange) => Findings | GatewayError;
  /** In place of refusing requests. */
  readonly report: ((exchange: Exchange, refusal: GatewayError) => void) | undefined;
}

/** Refuses requests that are not as a schema or a description of the API wants them, or only reports them. */
export class Validation implements Policy {
  readonly name = "validate";
  readonly #options: ValidationOptions;

  constructor(options: ValidationOptions) {
    this.#options = options;
  }

  request(exchange: Exchange): undefined | Promise<undefined> {
    const findings = this.#options.examine(exchange);
    if (findings instanceof GatewayError) return this.#refuse(exchange, findings);
    const { faults, expected } = findings;
    const { content } = exchange.request;
    if (content === undefined || content.length === 0) {
      return this.#withoutContent(exchange, faults, expected);
    }
    const judges = judgesFor(exchange, expected);
    if (judges instanceof GatewayError) return this.#refuse(exchange, judges);
    if (judges.length === 0) return this.#decide(exchange, faults);
    const { most } = this.#options;
    if (content.length !== undefined && content.length > most) {
      return this.#refuse(exchange, tooLarge(most));
    }
    const present = presentContent(content);
    if (present === undefined) return this.#later(exchange, content, { faults, expected, judges });
    return this.#judge(exchange, present, { faults, expected, judges });
  }

  /** Backends that answer have usually read the content; streams may go on for hours. */
  response(exchange: Exchange): undefined {
    this.#options.held.giveBack(exchange);
  }

  async #later(exchange: Exchange, content: IncomingContent, found: Judged): Promise<undefined> {
    const whole = await readContent(exchange, content, this.#options);
    if (whole === "too large") return this.#refuse(exchange, tooLarge(this.#options.most));
    if (whole === "no room") return this.#refuse(exchange, noRoom());
    return this.#judge(exchange, whole, found);
  }

  #judge(exchange: Exchange, content: Uint8Array, { faults, expected, judges }: Judged): undefined {
    if (content.length === 0) return this.#withoutContent(exchange, faults, expected);
    const all = [...faults];
    try {
      for (const judge of judges) all.push(...judge.faults(content));
    } catch (error) {
      if (!(error instanceof TooCostly)) throw error;
      all.push({ pointer: "#", detail: error.message });
    }
    if (all.length > 0 && this.#options.report === undefined) exchange.bytesIn = content.length;
    return this.#decide(exchange, all);
  }

  #withoutContent(exchange: Exchange, faults: Fault[], expected: readonly Expected[]): undefined {
    const isMissing = expected.some(({ isRequired }) => isRequired);
    return this.#decide(
      exchange,
      isMissing ? [...faults, { pointer: "#", detail: "is required" }] : faults,
    );
  }

  #decide(exchange: Exchange, faults: readonly Fault[]): undefined {
    return faults.length === 0 ? undefined : this.#refuse(exchange, invalid(faults));
  }

  #refuse(exchange: Exchange, refusal: GatewayError): undefined {
    const { report } = this.#options;
    if (report === undefined) throw refusal;
    report(exchange, refusal);
    return undefined;
  }
}

interface Judged extends Findings {
  readonly judges: readonly ContentJudge[];
}

/** What judges the content of a request; a GatewayError if content of this type is not taken. */
function judgesFor(
  { fields }: Exchange,
  expected: readonly Expected[],
): readonly ContentJudge[] | GatewayError {
  const contentType = fields.get("content-type");
  const judges: ContentJudge[] = [];
  for (const one of expected) {
    const judge = one.judgeFor(contentType);
    if (judge === undefined) return typeNotTaken(one.types);
    if (judge !== "any") judges.push(judge);
  }
  const coding = fields.get("content-encoding");
  if (judges.length > 0 && coding !== null && coding.toLowerCase() !== "identity") {
    return new GatewayError(
      "unsupported_media_type",
      "content that is validated must not be encoded (Content-Encoding)",
      { fields: { "accept-encoding": "identity" } },
    );
  }
  return judges;
}

/** RFC 9110 section 15.5.16: the answer says in Accept what would have been taken. */
function typeNotTaken(types: readonly string[]): GatewayError {
  const accepted = types.join(", ");
  const detail = `the content must be ${types.join(" or ")}, in UTF-8 where it is text`;
  return new GatewayError("unsupported_media_type", detail, { fields: { accept: accepted } });
}

function tooLarge(most: number): GatewayError {
  return new GatewayError("body_too_large", `content that is validated has at most ${most} bytes`);
}

function noRoom(): GatewayError {
  return new GatewayError("overloaded", "too much content is being validated at the moment", {
    fields: { "retry-after": "1" },
  });
}
