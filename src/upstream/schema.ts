import { type TSchema, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";
import { backendSchema, checkBackendUrl } from "./backend-schema.ts";
import { balancerRegistry } from "./balancers/registry.ts";
import { balanceSchema } from "./balancers/schema.ts";
import { discoveryRegistry } from "./discovery/registry.ts";
import { staticList } from "./discovery/static.ts";

/** The sources under `discover`. */
const sources = discoveryRegistry.filter((source) => source !== staticList);

const backends = defineSection({
  schema: Type.Array(backendSchema, {
    description: "The backends that the route's requests go to, each according to its weight.",
    ...(sources.length === 0 ? { minItems: 1 } : { default: [] }),
  }),
  check: checkBackends,
});

const discover = defineSection({
  schema: Type.Optional(
    Type.Object(
      Object.fromEntries(
        sources.map(({ key, schema }): [string, TSchema] => [key, Type.Optional(schema)]),
      ),
      {
        additionalProperties: false,
        description: "Where to discover backends, in addition to those listed.",
      },
    ),
  ),
});

const balance = defineSection({ schema: balanceSchema(balancerRegistry) });

/** The keys of an upstream. `discover` exists only if there are sources for it. */
export const upstreamSections = {
  backends,
  ...((sources.length === 0 ? {} : { discover }) as { readonly discover: typeof discover }),
  balance,
};

function checkBackends(
  written: readonly ({ readonly url?: string; readonly weight?: number } | undefined)[],
): ConfigIssue[] {
  const seen = new Set<string>();
  const issues: ConfigIssue[] = [];
  for (const [index, backend] of written.entries()) {
    if (backend?.url === undefined) continue;
    const { url } = backend;
    const message = seen.has(url)
      ? `\`${url}\` is already a backend of this route; raise its weight instead`
      : checkBackendUrl(url);
    seen.add(url);
    if (message !== undefined) issues.push({ path: [index, "url"], message });
  }
  const [only, ...others] = written;
  if (others.length === 0 && (only?.weight ?? 1) !== 1) {
    const message = "a weight has no effect on the only backend of a route";
    issues.push({ path: [0, "weight"], message, severity: "warning" });
  }
  return issues;
}
