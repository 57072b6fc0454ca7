import { FileWatch } from "../../time/file-watch.ts";
import { runInSlices, type Steps } from "../../time/slices.ts";
import type { PolicyServices } from "../../pipeline/policy.ts";

/** Something that is made of files. */
export interface MadeOfFiles {
  readonly files: readonly string[];
  /** Does what may still find mistakes; throws an Error for the operator. */
  prove(): Steps<void>;
}

/** Milliseconds for which proving may hold up requests at a time. */
const SLICE_MS = 2;

/** What files say, read again when they change; what cannot be used leaves what was read before in force. */
export class FromFiles<Thing extends MadeOfFiles> {
  readonly #make: () => Thing;
  readonly #services: Pick<PolicyServices, "clock" | "log">;
  readonly #watch: FileWatch;
  /** What messages call it. */
  readonly #name: string;
  #current: Thing;
  #isBroken = false;
  #isClosed = false;

  /** Throws what `make` throws. */
  constructor(name: string, make: () => Thing, services: Pick<PolicyServices, "clock" | "log">) {
    this.#name = name;
    this.#make = make;
    this.#services = services;
    this.#current = make();
    this.#watch = new FileWatch(services.clock, () => void this.#readAgain());
    this.#watch.watch(this.#current.files);
  }

  get current(): Thing {
    return this.#current;
  }

  close(): void {
    this.#isClosed = true;
    this.#watch.stop();
  }

  async #readAgain(): Promise<void> {
    const { clock, log } = this.#services;
    try {
      const next = this.#make();
      await runInSlices(next.prove(), { clock, defer: setImmediate, slice: SLICE_MS });
      if (this.#isClosed) return;
      this.#current = next;
      this.#isBroken = false;
      // Others may be referred to now. A change since it was read is another change.
      this.#watch.watch(next.files);
      log("info", `${this.#name} has been read again`);
    } catch (error) {
      if (this.#isClosed || this.#isBroken) return;
      this.#isBroken = true;
      const reason = error instanceof Error ? error.message : String(error);
      log("error", `${this.#name} cannot be used, what was read before stays in force: ${reason}`);
    }
  }
}
