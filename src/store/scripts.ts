import { createHash } from "node:crypto";
import type { StoreReply, StoreScript } from "../pipeline/shared-store.ts";
import type { StoreLink } from "./link.ts";

/** A script with its keys and parameters. */
export interface ScriptCall {
  readonly script: StoreScript;
  readonly keys: readonly string[];
  readonly parameters: readonly (string | number)[];
  /** Whether nobody waits for its reply any more. */
  readonly isOver: boolean;
}

/** Runs scripts by their digests. */
export class Scripts {
  readonly #digests = new WeakMap<StoreScript, string>();

  /**
   * The text is sent only if the server does not know the digest: at first, after a restart, SCRIPT
   * FLUSH or a failover.
   */
  async run(link: StoreLink, call: ScriptCall): Promise<StoreReply> {
    const { script, keys, parameters } = call;
    const rest = [`${keys.length}`, ...keys, ...parameters.map(String)];
    try {
      return await link.send("EVALSHA", [this.#digestOf(script), ...rest]);
    } catch (error) {
      // It has not run, so it may be sent again; but not for a request that has gone on without it.
      if (!isUnknownScript(error) || call.isOver) throw error;
      return await link.send("EVAL", [script.source, ...rest]);
    }
  }

  #digestOf(script: StoreScript): string {
    let digest = this.#digests.get(script);
    if (digest === undefined) {
      digest = createHash("sha1").update(script.source).digest("hex");
      this.#digests.set(script, digest);
    }
    return digest;
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
