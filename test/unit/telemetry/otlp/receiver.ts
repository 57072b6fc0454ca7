import type { Fetch } from "../../../../src/http/fetch.ts";
import { OtlpExporter } from "../../../../src/telemetry/otlp/exporter.ts";
import type { OtlpConfig } from "../../../../src/telemetry/otlp/schema.ts";
import { SPANS } from "../../../../src/telemetry/otlp/signals.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

/** A request to the receiver. */
export interface Received {
  readonly url: string;
  readonly headers: Headers;
  readonly content: string;
  readonly signal: AbortSignal;
}

export type Act = (received: Received) => Response | Promise<Response>;

export const SETTINGS: OtlpConfig = {
  otlp: "http://otlp.test:4318",
  service: "gateway",
  headers: {},
  timeout: 10_000,
};

/** A receiver of OTLP that acts as the test says, in the order of requests; the last act is repeated. */
export function receiver(...acts: readonly Act[]) {
  const requests: Received[] = [];
  const fetch: Fetch = async (url, { headers, body, signal }) => {
    const received = {
      url,
      headers: new Headers(headers),
      content: typeof body === "string" ? body : "",
      signal: signal as AbortSignal,
    };
    requests.push(received);
    return (acts[Math.min(requests.length, acts.length) - 1] ?? accepts)(received);
  };
  return { requests, fetch };
}

export const accepts: Act = () => new Response("{}");

/** What fetch does when nobody listens. */
export const refusesConnections: Act = () => {
  throw Object.assign(new Error("Unable to connect"), { code: "ConnectionRefused" });
};

/** Answers nothing until it is aborted. */
export const staysSilent: Act = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(new DOMException("aborted", "AbortError"));
    });
  });

/** An exporter of spans to such a receiver, on a clock of the test. */
export function exporting(...acts: readonly Act[]) {
  const clock = new FakeClock();
  const { requests, fetch } = receiver(...acts);
  const reports: string[] = [];
  const exporter = new OtlpExporter(SPANS, SETTINGS, {
    clock,
    random: () => 0.5,
    fetch,
    report: (level, message) => reports.push(`${level}: ${message}`),
    version: "1.2.3",
    instance: "1a2b3c4d",
  });
  return {
    clock,
    requests,
    reports,
    exporter,
    /** The names of the spans of each request. */
    names: () => requests.map(({ content }) => namesIn(content)),
    add: (...names: readonly string[]) => {
      for (const name of names) exporter.add(`{"name":"${name}"}`, 1);
    },
    /** Lets time pass, and what that has begun happen. */
    pass: async (milliseconds: number) => {
      clock.advance(milliseconds);
      await Bun.sleep(0);
    },
  };
}

function namesIn(content: string): string[] {
  const message = JSON.parse(content) as {
    resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
  };
  return message.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)),
  );
}
