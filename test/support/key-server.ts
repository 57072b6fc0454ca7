import type { Stage } from "./stage.ts";
import type { SigningKey } from "./token-issuer.ts";

/** Where an issuer publishes its keys. */
export class KeyServer {
  /** The keys that it has now. */
  keys: readonly SigningKey[];
  /** Of its answers. */
  headers: Readonly<Record<string, string>> = {};
  /** How often it was asked. */
  asked = 0;
  #server: ReturnType<typeof Bun.serve> | undefined;
  readonly #port: number;

  constructor(stage: Stage, ...keys: readonly SigningKey[]) {
    this.keys = keys;
    this.#port = this.#open(0);
    stage.defer(() => this.close());
  }

  /** The URL of the key set; the same whether or not anything answers there. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/jwks.json`;
  }

  /** Ends it, and all connections to it. */
  async close(): Promise<void> {
    await this.#server?.stop(true);
    this.#server = undefined;
  }

  /** Opens it again, at the same address. */
  open(): void {
    this.#open(this.#port);
  }

  #open(port: number): number {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: () => {
        this.asked += 1;
        const keys = this.keys.map((key) => key.jwk());
        return Response.json({ keys }, { headers: this.headers });
      },
    });
    return this.#server.port ?? 0;
  }
}
