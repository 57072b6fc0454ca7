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

/** What answers does not run the scripts that it is sent, or mixes up its replies. */
export class WrongReply extends Error {
  override readonly name = "WrongReply";

  constructor({ name }: StoreScript) {
    super(`its reply to the script "${name}" is not one of that script's; is it a Redis server?`);
  }
}

/** Runs scripts by their digests. */
export class Scripts {
  readonly #digests = new WeakMap<StoreScript, string>();

  /**
   * The text is sent only if the server does not know the digest: at first, after a restart, SCRIPT
   * FLUSH or a failover. Rejects with a WrongReply if what comes is no reply of the script.
   */
  async run(link: StoreLink, call: ScriptCall): Promise<StoreReply> {
    const { script, keys, parameters } = call;
    const rest = [`${keys.length}`, ...keys, ...parameters.map(String)];
    let reply: StoreReply;
    try {
      reply = await link.send("EVALSHA", [this.#digestOf(script), ...rest]);
    } catch (error) {
      // It has not run, so it may be sent again; but not for a request that has gone on without it.
      if (!isUnknownScript(error) || call.isOver) throw error;
      reply = await link.send("EVAL", [script.source, ...rest]);
    }
    // The replies after it on this connection may be those to other calls.
    if (!script.gives(reply, keys.length)) throw new WrongReply(script);
    return reply;
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
