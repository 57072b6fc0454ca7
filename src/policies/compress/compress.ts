import { hasDirective } from "../../http/cache-control.ts";
import type { FieldList } from "../../http/field-list.ts";
import { addToVary } from "../../http/vary.ts";
import { Answer, isReader } from "../../pipeline/answer.ts";
import type { ContentReader } from "../../pipeline/content.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { definePolicy, type Policy, type PolicyServices } from "../../pipeline/policy.ts";
import type { Clock } from "../../time/clock.ts";
import { Negotiation } from "./accept-encoding.ts";
import { describeEncoded } from "./answer-fields.ts";
import { Begun } from "./begun.ts";
import type { Coding } from "./codings.ts";
import { CompressedContent } from "./compressed-content.ts";
import { encodeWhole } from "./encode-whole.ts";
import { MOST_AT_ONCE } from "./encoder.ts";
import { Encoders } from "./encoders.ts";
import { OnePiece } from "./one-piece.ts";
import { RouteTags } from "./route-tags.ts";
import { MediaTypes, USUAL_TYPES } from "./media-types.ts";
import { checkCompress, type CompressSettings, compressSchema, settingsOf } from "./schema.ts";
import { isPersonal, isSuitable, mayBeAboutEncoded, type Suitability } from "./suitable.ts";

/**
 * Compresses answers for clients that accept it. Small ones at once; large ones and those of unknown
 * length as they pass, on other threads.
 */
export const compress = definePolicy({
  name: "compress",
  routeReplacesGlobal: true,
  route: {
    key: "compress",
    schema: compressSchema,
    check: checkCompress,
    create(config, services) {
      const settings = settingsOf(config);
      return settings === undefined ? undefined : new Compress(settings, services);
    },
  },
});

class Compress implements Policy {
  readonly name = "compress";
  readonly #settings: CompressSettings;
  readonly #clock: Clock;
  readonly #negotiation: Negotiation;
  readonly #suitability: Suitability;
  readonly #encoders: Encoders;
  readonly #tags: RouteTags;

  constructor(settings: CompressSettings, services: PolicyServices) {
    const { algorithms, min_size: minSize, types, with_credentials: withCredentials } = settings;
    const { keep, share } = services;
    this.#settings = settings;
    this.#clock = services.clock;
    this.#negotiation = share(`algorithms ${algorithms.join(" ")}`, () => {
      return new Negotiation(algorithms);
    });
    this.#suitability = {
      types: share(`types ${types.join(" ")}`, () => {
        return new MediaTypes(types.length === 0 ? USUAL_TYPES : types);
      }),
      // There is nothing to compress in nothing.
      minSize: Math.max(1, minSize),
      withCredentials,
    };
    this.#encoders = share("encoders", () => new Encoders());
    this.#tags = keep("tags", () => new RouteTags());
  }

  request(exchange: Exchange): undefined {
    this.#tags.restoreIfMatch(exchange);
  }

  response(exchange: Exchange, answer: Answer): Answer | undefined | Promise<Answer | undefined> {
    const { fields } = answer;
    this.#tags.note(fields);
    if (answer.status === 304) {
      this.#revalidated(exchange, answer);
      return undefined;
    }
    const isForHead = exchange.method === "HEAD";
    if (!isSuitable(answer, isForHead, this.#suitability)) return undefined;
    addToVary(fields, "Accept-Encoding");
    const coding = this.#codingFor(exchange, fields);
    if (coding === undefined) return undefined;
    if (isForHead) {
      describeEncoded(fields, coding);
      return undefined;
    }
    return this.#compress(answer, coding);
  }

  #revalidated(exchange: Exchange, answer: Answer): void {
    if (!mayBeAboutEncoded(answer, this.#suitability)) return;
    if (this.#codingFor(exchange, answer.fields) === undefined) return;
    this.#tags.weakenRevalidated(exchange, answer.fields);
  }

  /** What this client gets; undefined if nothing is to be compressed for it. */
  #codingFor(exchange: Exchange, answer: FieldList): Coding | undefined {
    const coding = this.#negotiation.choose(exchange.fields.get("accept-encoding"));
    if (coding === undefined) return undefined;
    if (hasDirective(exchange.fields.get("cache-control"), "no-transform")) return undefined;
    const isAllowed = this.#suitability.withCredentials || !isPersonal(exchange, answer);
    return isAllowed ? coding : undefined;
  }

  #compress(answer: Answer, coding: Coding): Answer | Promise<Answer> {
    const body = answer.takeBody();
    if (!isReader(body)) return this.#whole(answer, asBytes(body), coding);
    if (body.length !== undefined && body.length > MOST_AT_ONCE) {
      return this.#streamed(answer, body, coding);
    }
    // Chunks and several pieces may be all there and small.
    const begun = new Begun(body);
    const gathering = begun.gather(MOST_AT_ONCE);
    return gathering === undefined
      ? this.#begun(answer, begun, coding)
      : gathering.then(() => this.#begun(answer, begun, coding));
  }

  #begun(answer: Answer, begun: Begun, coding: Coding): Answer {
    const { whole } = begun;
    if (whole === undefined) return this.#streamed(answer, begun, coding);
    return whole.length < this.#suitability.minSize
      ? new Answer(whole, answer)
      : this.#whole(answer, whole, coding);
  }

  #whole(answer: Answer, content: Uint8Array, coding: Coding): Answer {
    if (content.length > MOST_AT_ONCE) {
      return this.#streamed(answer, new OnePiece(content), coding);
    }
    const encoded = encodeWhole[coding](content, this.#settings.levels[coding]);
    describeEncoded(answer.fields, coding);
    return new Answer(encoded, answer);
  }

  /** Uncompressed if too many others are being compressed. */
  #streamed(answer: Answer, content: ContentReader, coding: Coding): Answer {
    const encoder = this.#encoders.open(coding, this.#settings.levels[coding]);
    if (encoder === undefined) return new Answer(content, answer);
    describeEncoded(answer.fields, coding);
    return new Answer(new CompressedContent(content, encoder, this.#clock), answer);
  }
}

function asBytes(body: string | Uint8Array | null): Uint8Array {
  return body instanceof Uint8Array ? body : Buffer.from(body ?? "");
}
