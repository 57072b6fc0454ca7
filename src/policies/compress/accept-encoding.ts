import { Memo } from "../../units/memo.ts";
import type { Coding } from "./codings.ts";

/**
 * The coding for a request's Accept-Encoding field, null without one (RFC 9110 section 12.5.3): of those
 * that are offered, the one that the client prefers; of equals the first. Undefined if the content is to
 * be sent as it is.
 */
export function negotiate(accepted: string | null, offered: readonly Coding[]): Coding | undefined {
  if (accepted === null) return undefined;
  const weights = weightsOf(accepted);
  const others = weights.get("*") ?? 0;
  let best: Coding | undefined;
  let most = 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? others;
    if (weight > most) {
      best = coding;
      most = weight;
    }
  }
  return (weights.get("identity") ?? 0) > most ? undefined : best;
}

/** Elements that are not valid do not count. */
function weightsOf(accepted: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const element of accepted.split(",")) {
    const [, written = "", weight = "1"] = ELEMENT.exec(element.trim()) ?? [];
    const name = written.toLowerCase();
    if (name !== "") weights.set(name === "x-gzip" ? "gzip" : name, Number(weight));
  }
  return weights;
}

const ELEMENT =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*;[ \t]*[Qq]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?$/;

/** Remembers what it has chosen: clients send the same few fields again and again. */
export class Negotiation {
  readonly #known: Memo<Coding | "identity">;

  constructor(offered: readonly Coding[]) {
    const choose = (accepted: string) => negotiate(accepted, offered) ?? "identity";
    this.#known = new Memo(choose, { most: 64, longestKey: 128 });
  }

  choose(accepted: string | null): Coding | undefined {
    const chosen = accepted === null ? "identity" : this.#known.of(accepted);
    return chosen === "identity" ? undefined : chosen;
  }
}
