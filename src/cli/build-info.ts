import packageJson from "../../package.json" with { type: "json" };

/** The version, as package.json has it. */
export const VERSION: string = packageJson.version;

declare module "bun" {
  interface Env {
    /** build.ts replaces this expression; undefined when run from source. */
    readonly GATEWAY_COMMIT?: string;
  }
}

/** The versions in this executable; the commit is empty when run from source. */
export function buildInfo() {
  return {
    version: VERSION,
    commit: process.env.GATEWAY_COMMIT ?? "",
    bun: Bun.version,
    platform: `${process.platform}-${process.arch}`,
  };
}

/** "gateway 1.2.3 (commit 0123abc, Bun 1.4.5, linux-x64)". */
export function versionLine(): string {
  const { version, commit, bun, platform } = buildInfo();
  const origin = commit === "" ? "from source" : `commit ${commit}`;
  return `gateway ${version} (${origin}, Bun ${bun}, ${platform})`;
}
