import packageJson from "../../package.json" with { type: "json" };

/** The version, as package.json has it. */
export const VERSION: string = packageJson.version;

declare module "bun" {
  interface Env {
    /** Put in place of this expression by build.ts; absent when run from source. */
    readonly GATEWAY_COMMIT?: string;
  }
}

/** "gateway 1.2.3 (commit 0123abc, Bun 1.4.5, linux-x64)". */
export function versionLine(): string {
  const commit = process.env.GATEWAY_COMMIT ?? "";
  const origin = commit === "" ? "from source" : `commit ${commit}`;
  return `gateway ${VERSION} (${origin}, Bun ${Bun.version}, ${process.platform}-${process.arch})`;
}
