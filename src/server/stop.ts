import type { Parts } from "./parts/parts.ts";

/** How long cut exchanges may take to notice. */
const SETTLE_MS = 500;
/** How long a graceful stop may spend on writing the access log out. */
const CLOSE_LOG_MS = 5_000;

export interface Stopped {
  /** Exchanges that were cut because time had run out. */
  readonly cut: number;
  /** Rows that the access log lost, from the start on. */
  readonly lostRows: number;
}

/** Stops accepting, lets what is in flight finish within server.shutdown_timeout, closes every part. */
export async function stopGateway(parts: Parts): Promise<Stopped> {
  const { monitor, traffic, tunnels, gateway, snapshots, connections, admin, telemetry } = parts;
  monitor.stop();
  const drained = traffic.drain();
  for (const tunnel of tunnels) tunnel.shut(1001, "the gateway is stopping");
  await idleWithin(parts, parts.server.shutdown_timeout);
  const cut = gateway.inFlight;
  await traffic.close();
  await drained;
  // What was cut ends a little later, and is to be in the log as well.
  await idleWithin(parts, SETTLE_MS);
  await snapshots.retire(gateway.snapshot);
  connections.close();
  await admin.close();
  await telemetry.close(CLOSE_LOG_MS);
  return { cut, lostRows: telemetry.counts("access_log").dropped };
}

async function idleWithin({ clock, gateway }: Parts, milliseconds: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancelTimer = clock.schedule(milliseconds, resolve);
  await Promise.race([gateway.whenIdle(), late]);
  cancelTimer();
}
