import { dirname } from "node:path";
import { at, providersOf } from "../facts.ts";
import type { Audited, Finding, Path, Rule } from "../rule.ts";

const OTHERS = 0o007;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Files that the configuration names, and who may read them. */
export const files: readonly Rule[] = [
  {
    name: "readable-key",
    severity: "high",
    finds: "private keys, and files of users and API keys, that everybody on the machine can read",
    find(audited) {
      const { config } = audited;
      const certificates = config.server.tls?.certificates ?? [];
      const keys = certificates.map(({ key }, index) => ({
        file: key,
        path: ["server", "tls", "certificates", index, "key"],
      }));
      const ofBackends = [
        ...config.routes.map((route, index) => ({ tls: route.tls, path: ["routes", index] })),
        ...Object.entries(config.upstreams ?? {}).map(([name, { tls }]) => ({
          tls,
          path: ["upstreams", name],
        })),
      ].map(({ tls, path }) => ({ file: at(tls, "key"), path: [...path, "tls", "key"] }));
      const ofProviders = providersOf(config).map(({ settings, path }) => ({
        file: at(settings, "file"),
        path: [...path, "file"],
        severity: "medium" as const,
      }));
      return [...keys, ...ofBackends, ...ofProviders].flatMap((one) =>
        readableByOthers(audited, one),
      );
    },
  },
  {
    name: "log-in-shared-folder",
    severity: "medium",
    finds: "an access log in a folder that others can write to",
    find({ config, modeOf }) {
      const folder = dirname(config.logging.database);
      const mode = modeOf(folder) ?? 0;
      if ((mode & OTHERS_WRITE) === 0) return [];
      const harm =
        (mode & STICKY) === 0 ? "replace or remove it" : "put a file of theirs in its place first";
      return [
        {
          path: ["logging", "database"],
          message: `other users can write to ${folder}, and so ${harm}`,
          remedy: "keep the access log in a folder of the gateway's own, like /var/lib/gateway",
        },
      ];
    },
  },
];

function readableByOthers(
  { modeOf }: Audited,
  { file, path, severity }: { file: unknown; path: Path; severity?: "medium" },
): Finding[] {
  if (typeof file !== "string") return [];
  const mode = modeOf(file) ?? 0;
  if ((mode & OTHERS) === 0) return [];
  return [
    {
      path,
      message: `all users of this machine can read ${file} (mode ${(mode & 0o777).toString(8)})`,
      remedy: `chmod o= ${file}`,
      ...(severity === undefined ? {} : { severity }),
    },
  ];
}
