import type { Log } from "../../../units/log-level.ts";
import type { KnownKey, ReadKeys } from "./jwk-set.ts";
import type { VerificationKey } from "./verification-key.ts";

/** Keys that are read again and again from a place, and what the operator is told of that. */
export class ChangingKeys {
  readonly #place: string;
  readonly #log: Log;
  #known: readonly KnownKey[] = [];
  #keys: readonly VerificationKey[] | undefined;
  /** What was last said of keys that are left out. */
  #warned = "";
  #hasFailed = false;

  /** `place` is what the operator calls it: a URL or a file. */
  constructor(place: string, log: Log) {
    this.#place = place;
    this.#log = log;
  }

  /** Undefined until they have been read for the first time. */
  get keys(): readonly VerificationKey[] | undefined {
    return this.#keys;
  }

  /** Whether they could not be read the last time. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The keys as they were read last, to be found again among the next. */
  get known(): readonly KnownKey[] {
    return this.#known;
  }

  has(id: string): boolean {
    return this.#keys?.some((key) => key.id === id) === true;
  }

  /** Takes keys in place of those before; a key that is not among them is retired. */
  replace({ keys, warnings }: ReadKeys): void {
    const next = keys.map(({ key }) => key);
    for (const key of this.#keys ?? []) if (!next.includes(key)) key.isRetired = true;
    this.#known = keys;
    this.#keys = next;
    if (this.#hasFailed) this.#log("info", `the keys at ${this.#place} can be read again`);
    this.#hasFailed = false;
    const warned = warnings.join("; ");
    if (warned !== "" && warned !== this.#warned) {
      this.#log("warn", `the key set at ${this.#place}: ${warned}`);
    }
    this.#warned = warned;
  }

  /** Nobody looks after the keys any more: what they have verified has to be verified again. */
  retire(): void {
    for (const key of this.#keys ?? []) key.isRetired = true;
  }

  /** Keeps the keys that there are. Said once, until they can be read again. */
  failed(reason: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const place = `the keys at ${this.#place} cannot be read: ${reason}`;
    if (this.#keys === undefined) {
      this.#log("error", `${place}; until they can, requests with tokens get a 503`);
    } else this.#log("warn", `${place}; the last good ones stay in force`);
  }
}
