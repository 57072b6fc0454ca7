import { createHash } from "node:crypto";
import type { Diagnostic } from "../../documents/text/diagnostics.ts";
import { risksIn } from "../audit/audit.ts";
import { fileMode } from "../audit/file-mode.ts";
import { type Loaded, readConfig } from "../load.ts";
import type { ConfigRemark, ConfigSource } from "./config-source.ts";
import { redactedText } from "./redacted-text.ts";

/** The page shows them; a file with more of them has other worries. */
const MOST_REMARKS = 200;

/** Reads a configuration, and what is kept of its text if it is valid. */
export function loadWithSource(...given: Parameters<typeof readConfig>): Loaded {
  const read = readConfig(...given);
  const [file, text] = given;
  const { config, diagnostics } = read;
  if (config === undefined) return { config, diagnostics };
  const redacted = redactedText(file, text);
  const source: ConfigSource = {
    id: digestOf(redacted).slice(0, 12),
    digest: digestOf(text),
    text: redacted,
    findings: risksIn(read, file, { modeOf: fileMode })
      .slice(0, MOST_REMARKS)
      .map(({ rule, severity, remedy, diagnostic: { message, line } }) => ({
        rule,
        severity,
        title: message.replace(` (${rule})`, ""),
        remedy,
        line,
      })),
    remarks: remarksOf(diagnostics),
  };
  return { config, diagnostics, source };
}

export function remarksOf(diagnostics: readonly Diagnostic[]): ConfigRemark[] {
  return diagnostics
    .slice(0, MOST_REMARKS)
    .map(({ severity, message, line, column }) => ({ severity, message, line, column }));
}

export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
