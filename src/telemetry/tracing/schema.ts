import { type StaticDecode, Type } from "@sinclair/typebox";
import { defineSection, under } from "../../pipeline/section.ts";
import { Percent } from "../../units/percent.ts";
import {
  checkOtlp,
  DEFAULT_SERVICE,
  DEFAULT_TIMEOUT_MS,
  type OtlpConfig,
  otlpKeys,
  urlIssues,
} from "../otlp/schema.ts";
import type { TracerSettings } from "./tracer.ts";

export const TRACES_PATH = "/v1/traces";

const DEFAULT_SAMPLE = 0.1;
const { otlp, ...rest } = otlpKeys(TRACES_PATH);

const schema = Type.Union(
  [
    otlp,
    Type.Object(
      {
        otlp,
        sample: Percent({
          description:
            "The share of traces to record, of those that begin here. A trace that is continued is recorded if its sender records it.",
          default: `${DEFAULT_SAMPLE * 100}%`,
        }),
        trust: Type.Union(
          [Type.Literal("never"), Type.Literal("proxies"), Type.Literal("always")],
          {
            description:
              "Whose traces are continued. `proxies`: those of `server.trusted_proxies`. `never`: nobody's. `always`: everybody's; then any client can choose trace ids, and have all its requests recorded. Backends never get the traceparent or tracestate of a client that is not trusted.",
            default: "proxies",
          },
        ),
        ...rest,
      },
      { additionalProperties: false },
    ),
  ],
  {
    description:
      "Traces: a span for each request and for each attempt at a backend, sent to a receiver of OTLP over HTTP; backends get a traceparent field (W3C Trace Context). Without it, clients' traceparent fields are passed on as they are. A URL stands for `otlp` alone.",
    expected: "a URL, like http://127.0.0.1:4318, or { otlp, sample, trust, service, headers }",
  },
);

/** What is written by those who want none. */
const OFF: ReadonlySet<string> = new Set(["off", "no", "none", "false", "disabled"]);

/** `tracing` at the top of the configuration. */
export const tracing = defineSection({
  schema: Type.Optional(schema),
  check(written) {
    if (typeof written !== "string") return checkOtlp(written);
    if (!OFF.has(written)) return under([], urlIssues(written));
    return [{ path: [], message: "leave `tracing` out: without it there are no traces" }];
  },
});

export interface TracingSettings extends TracerSettings, OtlpConfig {}

/** The settings with their defaults; undefined without tracing. */
export function tracingSettings(
  written: StaticDecode<typeof schema> | undefined,
): TracingSettings | undefined {
  return typeof written === "string" ? { ...DEFAULTS, otlp: written } : written;
}

const DEFAULTS: Omit<TracingSettings, "otlp"> = {
  sample: DEFAULT_SAMPLE,
  trust: "proxies",
  service: DEFAULT_SERVICE,
  headers: {},
  timeout: DEFAULT_TIMEOUT_MS,
};
