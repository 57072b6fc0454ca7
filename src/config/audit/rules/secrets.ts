import { writtenSecrets } from "../../written-secrets.ts";
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
];

/** `admin.token` is ADMIN_TOKEN. */
function variableFor(path: Path): string {
  const words = path.filter((step) => typeof step === "string").slice(-2);
  return words
    .join("_")
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, "_");
}
