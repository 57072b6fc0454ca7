import type { Session } from "./session.ts";

/** A connection on which no request can be under way yet, so that it may be closed at any time. */
export abstract class BeforeRequests implements Session {
  readonly isIdle = true;
  abstract readonly client: string | undefined;

  abstract received(bytes: Buffer): void;
  abstract ended(): void;
  abstract closed(cause: Error | undefined): void;
  abstract destroy(): void;

  // oxlint-disable-next-line class-methods-use-this -- nothing is waiting to be written
  drained(): void {}

  drain(): void {
    this.destroy();
  }

  cut(): void {
    this.destroy();
  }
}
