import type { FieldList } from "../../http/field-list.ts";
import { addToVary } from "../../http/vary.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { listsTag, strengthened, weakened } from "../../http/entity-tag.ts";

/**
 * Entity tags between a route's clients, whose compressed answers have weak ones, and its backends,
 * which do not know that.
 */
export class RouteTags {
  #hasStrong = false;
  #hasWeak = false;

  /** Takes a backend's answer, before anything is changed. */
  note(fields: FieldList): void {
    const tag = fields.get("etag");
    if (tag === null) return;
    if (tag.startsWith("W/")) this.#hasWeak = true;
    else if (weakened(tag) !== undefined) this.#hasStrong = true;
  }

  /**
   * A weak tag never matches in If-Match (RFC 9110 section 13.1.1). One that a backend has given as a
   * strong one is sent to it as that, so that clients can go on to make changes depend on it. Where
   * backends give weak ones themselves, some of them compare those all the same.
   */
  restoreIfMatch(exchange: Exchange): void {
    if (!this.#hasStrong || this.#hasWeak) return;
    const asked = exchange.fields.get("if-match");
    if (asked?.includes("W/") === true) exchange.outgoing.set("If-Match", strengthened(asked));
  }

  /**
   * Makes the tag of a 304 that of the compressed answer. A 304 does not say what it is about, but a
   * client that knows the strong tag has the content as it was. For others a weak one is right in any
   * case, because stored answers with the strong one match it as well (RFC 9111 section 4.3.4).
   */
  weakenRevalidated({ fields: asked }: Exchange, fields: FieldList): void {
    const tag = fields.get("etag");
    const weak = tag === null ? undefined : weakened(tag);
    if (tag === null || weak === undefined) return;
    const known = asked.get("if-none-match");
    if (known !== null && listsTag(known, tag) && !listsTag(known, weak)) return;
    fields.set("ETag", weak);
    addToVary(fields, "Accept-Encoding");
  }
}
