import type { Diagnostic } from "./diagnostics.ts";
import type { ConfigDocument } from "./document.ts";

const REFERENCE = /(\$?)\$\{([^}]*)\}/g;
const CONTENT = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Puts environment variables where values say `${NAME}` or `${NAME:-default}`; `$${` stands for
 * itself. Works on values that have been read, so that no variable can change the file's structure.
 */
export function substituteEnvironment(
  document: ConfigDocument,
  environment: Readonly<Record<string, string | undefined>>,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  document.replaceText((text, diagnose) =>
    text.replace(REFERENCE, (reference: string, escape: string, content: string) => {
      if (escape !== "") return reference.slice(1);
      const [, name = "", fallback] = CONTENT.exec(content) ?? [];
      if (name === "") {
        diagnostics.push(
          diagnose(
            `\`${reference}\` is not an environment variable, like \${NAME} or \${NAME:-default}`,
          ),
        );
        return reference;
      }
      const value = environment[name] ?? fallback;
      if (value === undefined) {
        diagnostics.push(
          diagnose(
            `environment variable ${name} is not set; set it, or write \${${name}:-default}`,
          ),
        );
      }
      return value ?? reference;
    }),
  );
  return diagnostics;
}
