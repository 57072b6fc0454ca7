import { formatDiagnostics } from "../documents/text/diagnostics.ts";
import { auditConfig, type Risk } from "../config/audit/audit.ts";
import { fileMode } from "../config/audit/file-mode.ts";
import { SEVERITIES, type Severity } from "../config/audit/rule.ts";
import { auditRules } from "../config/audit/rules/registry.ts";
import { suggestion } from "./args.ts";
import { type Command, type Console, UsageError } from "./command.ts";
import { count, findConfigFile, report, textOfConfigFile } from "./config-file.ts";

export const audit: Command = {
  name: "audit",
  summary: "name what is risky in a configuration",
  operands: "[FILE]",
  maxOperands: 1,
  flags: {
    config: { value: "FILE", short: "c", summary: "the configuration file; the same as naming it" },
    "fail-on": {
      value: "SEVERITY",
      summary: "exit with 1 from this severity on: high, medium, low (the default) or none",
    },
    ignore: { value: "RULE", repeatable: true, summary: "leave a rule out" },
    json: { summary: "print a JSON array of findings" },
    rules: { summary: "list the rules, and audit nothing" },
  },
  details: `Without FILE, reads config/gateway.yaml or ./gateway.yaml; - is standard input. Prints each risk with
its position, its severity, the name of its rule and a remedy. Starts nothing and asks nobody. Files that
the configuration names are looked at for who may read them.

Exit codes: 0 nothing of the severity of --fail-on or above; 1 something; 2 the configuration is not
valid or cannot be read, or invalid command line.`,
  examples: [
    ["gateway audit", "audits the file that `gateway serve` would read"],
    ["gateway audit --fail-on high staging.yaml", "for a pipeline that only stops for the worst"],
    ["gateway audit --ignore no-tls --ignore limit-for-all", "without two rules"],
    ["gateway audit --rules", "what is looked for"],
  ],
  async run(input, console) {
    if (input.flags["rules"] !== undefined) {
      console.out(listOfRules());
      return 0;
    }
    const failOn = severityIn(input.flags["fail-on"]);
    const ignored = rulesIn(input.lists["ignore"] ?? []);
    const file = findConfigFile(input);
    const text = await textOfConfigFile(file);
    const { risks, diagnostics } = auditConfig(file, text, {
      environment: console.environment,
      modeOf: fileMode,
      ignored,
    });
    if (risks === undefined) {
      report(diagnostics, console);
      console.err(`${file} is not valid, so it cannot be audited\n`);
      return 2;
    }
    if (input.flags["json"] === undefined) print(file, risks, console);
    else console.out(`${JSON.stringify(risks.map(asJson), undefined, 2)}\n`);
    return risks.some(({ severity }) => isFrom(failOn, severity)) ? 1 : 0;
  },
};

type Threshold = Severity | "none";

function severityIn(written = "low"): Threshold {
  const known: readonly Threshold[] = [...SEVERITIES, "none"];
  const found = known.find((one) => one === written);
  if (found !== undefined) return found;
  throw new UsageError(`--fail-on takes high, medium, low or none, not "${written}"`);
}

function isFrom(threshold: Threshold, severity: Severity): boolean {
  return threshold !== "none" && SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(threshold);
}

function rulesIn(names: readonly string[]): ReadonlySet<string> {
  const known = auditRules.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return new Set(names);
  throw new UsageError(
    `there is no rule ${unknown}${suggestion(unknown, known)}\n\`gateway audit --rules\` lists them`,
  );
}

function print(file: string, risks: readonly Risk[], console: Console): void {
  if (risks.length > 0) {
    const diagnostics = risks.map(({ diagnostic }) => diagnostic);
    console.out(`${formatDiagnostics(diagnostics, { color: console.color.out })}\n`);
  }
  const counts = SEVERITIES.flatMap((severity) => {
    const found = risks.filter((risk) => risk.severity === severity).length;
    return found === 0 ? [] : [`${found} ${severity}`];
  });
  const summary =
    counts.length === 0
      ? "nothing risky was found"
      : `${count(risks.length, "risk")}: ${counts.join(", ")}`;
  console.out(`${file}: ${summary}\n`);
}

function asJson({ rule, severity, remedy, diagnostic }: Risk) {
  const { file, line, column, message } = diagnostic;
  return { rule, severity, file, line, column, message: message.replace(` (${rule})`, ""), remedy };
}

function listOfRules(): string {
  const width = Math.max(...auditRules.map(({ name }) => name.length));
  return auditRules
    .map(({ name, severity, finds }) => `${name.padEnd(width)}  ${severity.padEnd(6)}  ${finds}\n`)
    .join("");
}
