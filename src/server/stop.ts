import { GatewayError } from "../pipeline/errors.ts";
import type { Parts } from "./parts/parts.ts";

/** Time for exchanges that were cut to end. */
const SETTLE_MS = 2_000;
/** Time to write the log and other files out, in a graceful stop and in a hurry. */
const CLOSE_MS = 5_000;
const CLOSE_IN_A_HURRY_MS = 1_000;

export interface Stopped {
  /** Exchanges that were cut because the time was up. */
  readonly cut: number;
  /** Rows that the access log lost, from the start on. */
  readonly lostRows: number;
}

/**
 * Stops accepting, lets exchanges in flight end within server.shutdown_timeout, cuts the rest, and
 * closes every part, telemetry last: each exchange has its row. When `hurry` aborts, it waits only for
 * that.
 *
 *   accept no more ─▶ WebSockets 1001 ─▶ wait ─▶ cut ─▶ settle ─▶ close sockets ─▶ settle ─▶ close
 */
export async function stopGateway(parts: Parts, hurry: AbortSignal): Promise<Stopped> {
  const { monitor, traffic, gateway, snapshots, connections, admin, telemetry } = parts;
  monitor.stop();
  parts.descriptors.stop();
  parts.live.close();
  parts.metrics.stop();
  parts.logLevel.forget();
  const certificatesStopped = parts.certificates.stop();
  void traffic.drain();
  endTunnels(parts);
  await idleWithin(parts, parts.server.shutdown_timeout, hurry);
  const cut = gateway.inFlight;
  if (cut > 0) {
    traffic.cut(stopping());
    await idleWithin(parts, SETTLE_MS);
  }
  await traffic.close();
  // Exchanges of clients that accept nothing stay open until their connections are closed.
  await idleWithin(parts, SETTLE_MS);
  await snapshots.retire(gateway.snapshot);
  connections.close();
  await admin.close();
  parts.queries.close();
  await certificatesStopped;
  const closed = closeTelemetry(parts, CLOSE_MS);
  onAbort(hurry, () => void closeTelemetry(parts, CLOSE_IN_A_HURRY_MS));
  await stateSaved(parts, hurry);
  await closed;
  return { cut, lostRows: telemetry.counts("access_log").dropped };
}

async function closeTelemetry(parts: Parts, deadline: number): Promise<void> {
  const { telemetry, tracing, metricExporter } = parts;
  await Promise.all([
    telemetry.close(deadline),
    tracing.close(deadline),
    metricExporter.close(deadline),
  ]);
}

function endTunnels({ tunnels }: Parts): void {
  for (const tunnel of tunnels) tunnel.stop(stopping());
}

function stopping(): GatewayError {
  return new GatewayError("gateway_stopping", "the gateway is stopping");
}

/** Resolves when no exchange is in flight, time is up, or there is a hurry. */
async function idleWithin(parts: Parts, milliseconds: number, hurry?: AbortSignal): Promise<void> {
  await within(parts, parts.gateway.whenIdle(), milliseconds, hurry);
}

/** Resolves when what policies keep in files has been written, or time is up. */
async function stateSaved(parts: Parts, hurry: AbortSignal): Promise<void> {
  const ended = parts.snapshots.ended();
  await within(parts, ended, CLOSE_MS, hurry);
  if (hurry.aborted) await within(parts, ended, CLOSE_IN_A_HURRY_MS);
}

/** Resolves when it has happened, time is up, or there is a hurry. */
async function within(
  { clock }: Parts,
  happened: Promise<void>,
  milliseconds: number,
  hurry?: AbortSignal,
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancelTimer = clock.schedule(milliseconds, resolve);
  if (hurry !== undefined) onAbort(hurry, resolve);
  await Promise.race([happened, late]);
  cancelTimer();
}

function onAbort(signal: AbortSignal, callback: () => void): void {
  if (signal.aborted) callback();
  else signal.addEventListener("abort", callback, { once: true });
}
