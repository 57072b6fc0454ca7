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

interface AuditServices {
  readonly modeOf: Audited["modeOf"];
  /** Names of rules that are left out. */
  readonly ignored?: ReadonlySet<string>;
}

/** Looks for what is risky in a configuration. */
export function auditConfig(
  file: string,
  text: string,
  {
    environment,
    ...services
  }: AuditServices & { readonly environment: Readonly<Record<string, string | undefined>> },
): Audit {
  const read = readConfig(file, text, environment);
  const { config, diagnostics } = read;
  return { risks: config === undefined ? undefined : risksIn(read, file, services), diagnostics };
}

/** The same in one that has been read; nothing if it is not valid. */
export function risksIn(
  { config, document }: ReturnType<typeof readConfig>,
  file: string,
  { modeOf, ignored = new Set() }: AuditServices,
): readonly Risk[] {
  if (config === undefined || document?.root === undefined) return [];
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
  return kept.map((risk, at) => ({ ...risk, diagnostic: shown[at] ?? risk.diagnostic }));
}

/** What `defaults` has is found once for each route that has it. */
function eachPlaceOnce(risks: readonly Risk[]): Risk[] {
  const kept = new Set(eachOnce(risks.map(({ diagnostic }) => diagnostic)));
  return risks.filter(({ diagnostic }) => kept.has(diagnostic));
}
