/**
 * Runs the cases against nginx, HAProxy and Caddy, where they are installed, and this gateway, and
 * writes the comparison into README.md, between its markers.
 *
 * Without the section about HTTP/2, which the others do not speak on a plain port as well.
 *
 *   npm run wire:peers -- [--only REGEX] [--peer NAME] [--no-write]
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { RecordingBackend } from "./backend.ts";
import { cases } from "./cases.ts";
import { gatewayConfig } from "./gateway-config.ts";
import { type Peer, peers } from "./peer-configs.ts";
import { asMarkdown, asText } from "./report.ts";
import { type Outcome, runCases } from "./run.ts";

const README = join(import.meta.dir, "README.md");
const MARKERS = ["<!-- comparison: begins -->", "<!-- comparison: ends -->"] as const;

const gateway: Peer = {
  name: "this gateway",
  programs: [join(import.meta.dir, "../../dist/gateway")],
  file: "gateway.yaml",
  version: ["version"],
  args: (file) => ["serve", "--config", file],
  config: (port, backend, folder) => {
    const config = gatewayConfig(backend);
    return stringify({
      ...config,
      server: { ...config.server, host: "127.0.0.1", port },
      logging: { database: join(folder, "gateway.db"), level: "error" },
    });
  },
};

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    peer: { type: "string", default: "" },
    "no-write": { type: "boolean", default: false },
  },
});
const only = new RegExp(values.only, "i");
const chosen = cases.filter(
  ({ section, name }) => section !== "http2" && only.test(`${section}: ${name}`),
);
const runs = new Map<string, readonly Outcome[]>();
for (const peer of [gateway, ...peers]) {
  if (!peer.name.toLowerCase().includes(values.peer.toLowerCase())) continue;
  const program = peer.programs.find(existsSync);
  if (program === undefined) {
    await Bun.write(Bun.stderr, `${peer.name} is not installed\n`);
    continue;
  }
  const outcomes = await runAgainst(peer, program);
  const title = `${peer.name} ${versionOf(peer, program)}`;
  runs.set(title, outcomes);
  await Bun.write(Bun.stdout, `\n## ${title}\n${asText(outcomes)}`);
}
if (!values["no-write"] && values.only === "" && values.peer === "") await writeReadme();

async function runAgainst(peer: Peer, program: string): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), "gateway-wire-"));
  const backend = await RecordingBackend.listen(0);
  const port = await freePort();
  const file = join(folder, peer.file);
  await Bun.write(file, peer.config(port, backend.port, folder));
  const child = Bun.spawn([program, ...peer.args(file, folder)], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder },
    stdin: "ignore",
    stdout: "ignore",
    stderr: Bun.file(join(folder, "stderr")),
  });
  try {
    await listening(port, () => child.exitCode === null);
    return await runCases(chosen, { host: "127.0.0.1", port }, backend);
  } catch (error) {
    const said = await Bun.file(join(folder, "stderr")).text();
    throw new Error(`${peer.name}: ${said.slice(0, 2000)}`, { cause: error });
  } finally {
    child.kill();
    // Some wait for open connections to end, however long that takes.
    const impatience = setTimeout(() => child.kill("SIGKILL"), 2000);
    await child.exited;
    clearTimeout(impatience);
    backend.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A port that is currently free: these programs cannot report which one they picked. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        resolve(typeof address === "object" && address !== null ? address.port : 0),
      );
    });
  });
}

async function listening(port: number, alive: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200 && alive(); turn += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true));
      socket.on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return;
    await Bun.sleep(50);
  }
  throw new Error("it does not listen");
}

function versionOf(peer: Peer, program: string): string {
  const { stdout, stderr } = Bun.spawnSync([program, ...peer.version]);
  return /[0-9]+\.[0-9]+(?:\.[0-9]+)?/.exec(`${stdout.toString()}${stderr.toString()}`)?.[0] ?? "";
}

async function writeReadme(): Promise<void> {
  const text = await Bun.file(README).text();
  const [start, end] = MARKERS.map((marker) => text.indexOf(marker));
  if (start === undefined || end === undefined || start < 0 || end < start) {
    throw new Error("README.md has lost its markers");
  }
  const before = text.slice(0, start + MARKERS[0].length);
  await Bun.write(README, `${before}\n\n${asMarkdown(runs)}\n${text.slice(end)}`);
}
