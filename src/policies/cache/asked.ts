import { type CacheDirectives, parseCacheControl } from "../../http/cache-control.ts";
import type { Field } from "../../http/field.ts";
import { joined } from "../../http/fields.ts";

/** What a request says that a cache has to know, read in one pass. */
export class Asked {
  cacheControl: string | null = null;
  pragma: string | null = null;
  range: string | null = null;
  ifRange: string | null = null;
  ifNoneMatch: string | null = null;
  ifModifiedSince: string | null = null;
  /**
   * Whether it is for the origin alone: it has conditions that only that can decide (RFC 9111 section
   * 4.3.2), or may mean another method to it.
   */
  isForOrigin = false;
  #directives: CacheDirectives | undefined;

  constructor(fields: readonly Field[]) {
    for (const { name, value } of fields) {
      switch (name) {
        case "cache-control":
          this.cacheControl = joined(this.cacheControl, value);
          break;
        case "pragma":
          this.pragma = joined(this.pragma, value);
          break;
        case "range":
          this.range = joined(this.range, value);
          break;
        case "if-range":
          this.ifRange = joined(this.ifRange, value);
          break;
        case "if-none-match":
          this.ifNoneMatch = joined(this.ifNoneMatch, value);
          break;
        case "if-modified-since":
          this.ifModifiedSince = joined(this.ifModifiedSince, value);
          break;
        case "if-match":
        case "if-unmodified-since":
        case "x-http-method":
        case "x-http-method-override":
        case "x-method-override":
          this.isForOrigin = true;
          break;
        default:
          break;
      }
    }
  }

  /** Whether it leaves to the cache when a stored answer will do. */
  get leavesItToTheCache(): boolean {
    return this.cacheControl === null && this.pragma === null && !this.isForOrigin;
  }

  get isConditional(): boolean {
    return this.ifNoneMatch !== null || this.ifModifiedSince !== null;
  }

  /** Pragma counts only without Cache-Control (RFC 9111 section 5.4). */
  get directives(): CacheDirectives {
    this.#directives ??=
      this.cacheControl === null && /(?:^|,)[ \t]*no-cache[ \t]*(?:,|$)/i.test(this.pragma ?? "")
        ? NO_CACHE
        : parseCacheControl(this.cacheControl);
    return this.#directives;
  }

  /** Whether an answer that others have asked for a moment ago will not do. */
  get wantsOwn(): boolean {
    const { directives } = this;
    return OWN.some((name) => directives.has(name));
  }
}

/** What a request of the cache's own says. */
export const NOTHING_ASKED = new Asked([]);

const NO_CACHE: CacheDirectives = new Map([["no-cache", ""]]);
const OWN = ["no-cache", "no-store", "max-age", "min-fresh"] as const;
