import type { Outcome } from "./run.ts";

/** A line for each case, and one for each section. */
export function asText(outcomes: readonly Outcome[]): string {
  const lines: string[] = [];
  for (const [section, members] of bySection(outcomes)) {
    lines.push(`\n${section}: ${score(members)}`);
    for (const { passed, name, reason } of members) {
      lines.push(
        `  ${passed ? "pass" : "FAIL"}  ${name}${reason === "" ? "" : ` · ${oneLine(reason)}`}`,
      );
    }
  }
  lines.push(`\nall: ${score(outcomes)}\n`);
  return lines.join("\n");
}

/** One table over several proxies: a summary, and each case that not all of them pass. */
export function asMarkdown(runs: ReadonlyMap<string, readonly Outcome[]>): string {
  const proxies = [...runs.keys()];
  const row = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  const [first = []] = runs.values();
  const lines = [row(["section", ...proxies]), row(["---", ...proxies.map(() => "---")])];
  for (const [section] of bySection(first)) {
    lines.push(
      row([
        section,
        ...proxies.map((proxy) => score(bySection(runs.get(proxy) ?? []).get(section) ?? [])),
      ]),
    );
  }
  lines.push(row(["**all**", ...proxies.map((proxy) => `**${score(runs.get(proxy) ?? [])}**`)]));
  lines.push(
    "",
    row(["case", "why", ...proxies]),
    row(["---", "---", ...proxies.map(() => "---")]),
  );
  for (const [index, { section, name, why }] of first.entries()) {
    const outcomes = proxies.map((proxy) => runs.get(proxy)?.[index]);
    if (outcomes.every((outcome) => outcome?.passed === true)) continue;
    lines.push(row([`${section}: ${name}`, why, ...outcomes.map(verdict)]));
  }
  return `${lines.join("\n")}\n`;
}

function verdict(outcome: Outcome | undefined): string {
  if (outcome === undefined) return "";
  return outcome.passed ? "pass" : `**fail**: ${oneLine(outcome.reason)}`;
}

function bySection(outcomes: readonly Outcome[]): Map<string, Outcome[]> {
  return Map.groupBy(outcomes, ({ section }) => section);
}

function score(outcomes: readonly Outcome[]): string {
  return `${outcomes.filter(({ passed }) => passed).length}/${outcomes.length}`;
}

// Tokens and times would make every run of the same behaviour look different.
function oneLine(reason: string): string {
  return reason
    .replace(/k[0-9a-f]{10}k/g, "TOKEN")
    .replace(/\s+/g, " ")
    .slice(0, 110);
}

function cell(text: string): string {
  return text
    .replace(/\p{Cc}/gu, "·")
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;");
}
