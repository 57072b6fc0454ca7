import type { PolicyServices } from "../../../pipeline/policy.ts";
import { IdentityLimits } from "../../limits/identity-limits.ts";
import type { Charge } from "../../limits/limit.ts";
import type { Access } from "./access.ts";

/** What requests of a provider's keys or users take from the limits of these. */
export class AccessCharges {
  readonly #limits: IdentityLimits;
  readonly #provider: string;
  /** Made when first needed, and gone with the record. */
  readonly #made = new WeakMap<Access, readonly Charge[]>();

  constructor(services: Pick<PolicyServices, "keep" | "random">, provider: string) {
    this.#limits = new IdentityLimits(services, provider);
    this.#provider = provider;
  }

  /** For the key or user of a name; undefined without a limit. */
  of(name: string, access: Access): readonly Charge[] | undefined {
    if (access.limit === undefined) return undefined;
    const made = this.#made.get(access);
    if (made !== undefined) return made;
    const charges = [this.#limits.charge({ name: this.#provider, key: name, ...access.limit })];
    this.#made.set(access, charges);
    return charges;
  }
}
