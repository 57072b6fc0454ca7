import { join } from "node:path";
import { COMPILE_FLAGS } from "../../build.ts";
import type { CertificateFiles } from "./certificate.ts";
import type { Contestant, Ports } from "./contestant.ts";
import { databaseOf } from "./gateway.ts";

const SCRIPTS = join(import.meta.dir, "scripts");
/** A worker is found in an executable only if it is an entry point. */
const WORKER = "../../../src/telemetry/access-log/access-log-worker.ts";

/** Proxies of a few lines on Bun and Node, for the libraries that people would use instead. */
export function scriptedContestants(): Contestant[] {
  return [
    compiled({
      key: "floor",
      name: "the floor: Bun.serve returns fetch's Response",
      packages: [],
      speaks: ["websocket", "https"],
    }),
    compiled({
      key: "duties",
      name: "the floor with a gateway's duties",
      packages: [],
      speaks: [],
    }),
    compiled({
      key: "rows",
      name: "the floor with the gateway's access log",
      packages: [],
      speaks: [],
      entries: [WORKER],
    }),
    compiled({
      key: "stack",
      name: "the floor with that log, in Elysia, yaml, typebox",
      packages: [],
      speaks: [],
      entries: [WORKER],
    }),
    compiled({ key: "hono", name: "Hono's proxy on Bun", packages: ["hono"], speaks: [] }),
    onNode({
      key: "fastify",
      name: "@fastify/http-proxy on Node",
      packages: ["fastify", "@fastify/http-proxy"],
      speaks: ["websocket"],
    }),
  ];
}

interface Script {
  readonly key: string;
  readonly name: string;
  readonly packages: readonly string[];
  readonly speaks: Contestant["speaks"];
  /** Further modules of the executable, from the scripts' folder. */
  readonly entries?: readonly string[];
}

/** Built with the flags that the gateway is built with. */
function compiled({ key, name, packages, speaks, entries = [] }: Script): Contestant {
  return {
    key,
    name,
    speaks,
    general: true,
    missing: fromNpm(packages),
    async prepare({ stage, ports, certificate, backend }) {
      const outfile = stage.path(key);
      bunBuild([
        ...COMPILE_FLAGS,
        `--outfile=${outfile}`,
        ...[`${key}.ts`, ...entries].map((file) => join(SCRIPTS, file)),
      ]);
      return {
        command: [outfile],
        // Or fetch sends 256 requests at a time.
        env: {
          ...addresses(ports, certificate, backend.port),
          DATABASE: databaseOf(stage.folder, key),
          BUN_CONFIG_MAX_HTTP_REQUESTS: "65535",
        },
      };
    },
  };
}

function onNode({ key, name, packages, speaks }: Script): Contestant {
  const node = Bun.which("node");
  return {
    key,
    name,
    speaks,
    general: true,
    missing: node === null ? "apt-get install nodejs" : fromNpm(packages),
    async prepare({ stage, ports, certificate, backend }) {
      const outfile = stage.path(`${key}.cjs`);
      bunBuild([
        "--target=node",
        "--format=cjs",
        `--outfile=${outfile}`,
        join(SCRIPTS, `${key}.ts`),
      ]);
      return {
        command: [node ?? "node", outfile],
        env: { ...addresses(ports, certificate, backend.port), NODE_ENV: "production" },
      };
    },
  };
}

function addresses(
  { http, tls }: Ports,
  { certificate, key }: CertificateFiles,
  backendPort: number,
): Record<string, string> {
  return {
    PORT: `${http}`,
    TLS_PORT: `${tls}`,
    CERTIFICATE: certificate,
    KEY: key,
    BACKEND: `http://127.0.0.1:${backendPort}`,
  };
}

function bunBuild(flags: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "build", ...flags], {
    stdout: "ignore",
    stderr: "pipe",
  });
  if (exitCode !== 0) throw new Error(`bun build failed:\n${stderr.toString()}`);
}

function fromNpm(packages: readonly string[]): string | undefined {
  const absent = packages.filter((name) => !isInstalled(name));
  return absent.length === 0 ? undefined : `npm install --no-save ${absent.join(" ")}`;
}

function isInstalled(name: string): boolean {
  try {
    Bun.resolveSync(name, SCRIPTS);
    return true;
  } catch {
    return false;
  }
}
