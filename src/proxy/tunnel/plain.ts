import type { GatewayError } from "../../pipeline/errors.ts";
import type { TunnelEnd } from "./end.ts";
import { Tunnel } from "./tunnel.ts";

/** A tunnel for a protocol that the gateway does not know: bytes pass as they are. */
export class PlainTunnel extends Tunnel {
  /** Nothing can be said to either end, which both have until the time for that is up. */
  stop(): void {}

  protected pass({ who, other }: TunnelEnd, bytes: Buffer): void {
    if (who === "client") this.record.bytesIn += bytes.length;
    else this.record.bytesOut += bytes.length;
    this.moved();
    other.write(bytes);
  }

  protected endedBy({ other }: TunnelEnd): void {
    other.end();
    if (other.hasEnded) this.linger();
  }

  protected closedBy(end: TunnelEnd): void {
    // A connection that ends in both directions is closed by that.
    if (end.hasEnded && end.other.hasEnded) end.other.end();
    else this.lost(end);
  }

  protected fellSilent(): void {
    const { idleTimeout } = this.options;
    this.record.fail(
      "upgrade_idle",
      `nothing has passed in either direction for ${idleTimeout} ms`,
    );
    this.finish();
  }

  protected breakOff({ code, message }: GatewayError): void {
    this.record.fail(code, message);
    this.finish();
  }

  protected giveUp(): void {
    this.finish();
  }
}
