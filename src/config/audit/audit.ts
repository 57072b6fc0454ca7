import { type Diagnostic, eachOnce } from "../../documents/text/diagnostics.ts";
import { readConfig } from "../load.ts";
import { scalarsIn, withoutSecrets } from "../written-secrets.ts";
import type { Audited, Path, Severity } from "./rule.ts";
import { auditRules } from "./rules/registry.ts";

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
  const kept = eachPlaceOnce(risks);
  const shown = withoutSecrets(
    kept.map(({ diagnostic }) => diagnostic),
    document.root.node,
  );
  return {
    risks: kept.map((risk, at) => ({ ...risk, diagnostic: shown[at] ?? risk.diagnostic })),
    diagnostics,
  };
}

/** What `defaults` has is found once for each route that has it. */
function eachPlaceOnce(risks: readonly Risk[]): Risk[] {
  const kept = new Set(eachOnce(risks.map(({ diagnostic }) => diagnostic)));
  return risks.filter(({ diagnostic }) => kept.has(diagnostic));
}
