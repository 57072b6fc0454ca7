import { type Diagnostic, eachOnce } from "../../documents/text/diagnostics.ts";
import type { ConfigNode, ScalarNode } from "../../documents/text/node.ts";
import { readConfig } from "../load.ts";
import type { Audited, Path, Severity } from "./rule.ts";
import { auditRules } from "./rules/registry.ts";
import { writtenSecrets } from "./rules/secrets.ts";

/** Something risky, with its place in the file. */
export interface Risk {
  readonly rule: string;
  readonly severity: Severity;
  readonly remedy: string;
  readonly diagnostic: Diagnostic;
}

export interface Audit {
  /** Undefined if the configuration is not valid. */
  readonly risks: readonly Risk[] | undefined;
  /** Errors and warnings of the configuration. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Looks for what is risky in a configuration; `ignored` are names of rules that are left out. */
export function auditConfig(
  file: string,
  text: string,
  {
    environment,
    modeOf,
    ignored,
  }: {
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly modeOf: Audited["modeOf"];
    readonly ignored: ReadonlySet<string>;
  },
): Audit {
  const { config, diagnostics, document } = readConfig(file, text, environment);
  if (config === undefined || document?.root === undefined)
    return { risks: undefined, diagnostics };
  const audited: Audited = { config, file, scalars: scalarsIn(document.root.node), modeOf };
  const isScalar = (path: Path) => audited.scalars.some((one) => Bun.deepEquals(one.path, path));
  const risks = auditRules
    .filter(({ name }) => !ignored.has(name))
    .flatMap(({ name, severity: usual, find }) =>
      find(audited).map(({ path, message, remedy, severity = usual }): Risk => ({
        rule: name,
        severity,
        remedy,
        diagnostic: {
          ...document.diagnose(path, `${message} (${name})`, {
            at: isScalar(path) ? "value" : "key",
          }),
          label: severity,
          remedy,
        },
      })),
    );
  const secrets = writtenSecrets(audited).map(({ text }) => text);
  return { risks: eachPlaceOnce(risks).map((risk) => withoutSecrets(risk, secrets)), diagnostics };
}

/** The lines are printed, where logs of pipelines keep them. What is marked stays in its place. */
function withoutSecrets(risk: Risk, secrets: readonly string[]): Risk {
  let { sourceLine } = risk.diagnostic;
  for (const secret of secrets) {
    if (secret.length > 2) sourceLine = sourceLine.replaceAll(secret, "*".repeat(secret.length));
  }
  return { ...risk, diagnostic: { ...risk.diagnostic, sourceLine } };
}

/** What `defaults` has is found once for each route that has it. */
function eachPlaceOnce(risks: readonly Risk[]): Risk[] {
  const kept = new Set(eachOnce(risks.map(({ diagnostic }) => diagnostic)));
  return risks.filter(({ diagnostic }) => kept.has(diagnostic));
}

function scalarsIn(node: ConfigNode, path: Path = []): { path: Path; node: ScalarNode }[] {
  if (node.kind === "scalar") return [{ path, node }];
  const children =
    node.kind === "list"
      ? node.items.map((item, index) => [index, item] as const)
      : [...node.entries].map(([key, entry]) => [key, entry] as const);
  return children.flatMap(([step, { node: child }]) => scalarsIn(child, [...path, step]));
}
