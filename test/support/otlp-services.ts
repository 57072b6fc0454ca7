import type { SinkServices } from "../../src/telemetry/sinks/sink.ts";

/** What sinks need that send records to others: a receiver that accepts everything. */
export const acceptingOtlp: SinkServices["otlp"] = {
  random: () => 0.5,
  fetch: () => Promise.resolve(new Response("{}")),
  version: "1.2.3",
  instance: "1a2b3c4d",
};

/** The same with a receiver that never answers. */
export const silentOtlp: SinkServices["otlp"] = {
  ...acceptingOtlp,
  fetch: () => Promise.withResolvers<Response>().promise,
};
