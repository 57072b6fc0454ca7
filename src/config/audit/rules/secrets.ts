import { writtenSecrets } from "../../written-secrets.ts";
import { at } from "../facts.ts";
import type { Path, Rule } from "../rule.ts";

/** Secrets that stand in the file. */
export const secrets: readonly Rule[] = [
  {
    name: "secret-in-file",
    severity: "medium",
    finds:
      "secrets that are written into the configuration and not taken from the environment or a file; high if everybody on the machine can read it",
    find(audited) {
      const { file, modeOf } = audited;
      const isPublic = ((modeOf(file) ?? 0) & 0o004) !== 0;
      return writtenSecrets(audited.scalars).map(({ path, name, isFallback }) => ({
        path,
        message: isFallback
          ? `if the variable is not set, ${name} is what stands here, known to everybody who has read the file`
          : `${name} stands in the file, and with it in repositories, backups and chats`,
        remedy: `write "\${${variableFor(path)}}", or "\${file:/run/secrets/${variableFor(path).toLowerCase()}}"`,
        ...(isPublic && !isFallback ? { severity: "high" as const } : {}),
      }));
    },
  },
  {
    name: "contents-kept",
    severity: "low",
    finds:
      "contents of requests and answers that are kept in the access log; medium if they are of all requests, and not of errors only",
    find: ({ config }) =>
      config.routes.flatMap((route, index) => {
        const written = at(route, "log_body");
        if (!keepsContents(written)) return [];
        const isOfAll = at(written, "when") === "all";
        return [
          {
            path: ["routes", index, "log_body"],
            message:
              "contents can hold personal data, and secrets under names that nobody knows; they stand in the access log's file, and in its copies",
            remedy: isOfAll
              ? "write `when: errors`, keep rows for a short time only (logging.retention.max_age), and add the names of secrets to logging.redact"
              : "keep rows for a short time only (logging.retention.max_age), and add the names of secrets to logging.redact",
            ...(isOfAll ? { severity: "medium" as const } : {}),
          },
        ];
      }),
  },
];

/** Whether a route has `log_body`, and keeps more than nothing. */
function keepsContents(written: unknown): boolean {
  if (typeof written !== "object" || written === null)
    return written === true || (typeof written === "number" && written > 0);
  return at(written, "request") !== 0 || at(written, "response") !== 0;
}

/** `admin.token` is ADMIN_TOKEN. */
function variableFor(path: Path): string {
  const words = path.filter((step) => typeof step === "string").slice(-2);
  return words
    .join("_")
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, "_");
}
