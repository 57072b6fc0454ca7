import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { applyDiff, type Block, type Guide } from "./guide.ts";

const ROOT = join(import.meta.dir, "../../..");
const COPIED = [
  "src",
  "mock",
  "config",
  "test/unit",
  "test/support",
  "test/wire",
  "build.ts",
  "package.json",
  "tsconfig.json",
  "bunfig.toml",
  ".oxlintrc.json",
  ".oxfmtrc.json",
];

/** A copy of this project in a folder, with everything in it that the guides say to write. */
export class Tree {
  readonly folder: string;
  /** The source files that were written or changed, from the tree's root. */
  readonly sources = new Set<string>();

  constructor(folder: string, guides: readonly Guide[]) {
    this.folder = folder;
    for (const path of COPIED) {
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const { blocks } of guides) for (const block of blocks) this.#write(block);
  }

  /** Runs one of the project's tools, or the gateway itself, to its end. */
  async run(program: string, ...args: string[]): Promise<{ code: number; output: string }> {
    const child = Bun.spawn([...this.command(program), ...args], {
      cwd: this.folder,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { PATH: `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"] ?? ""}` },
    });
    const [code, out, err] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { code, output: out + err };
  }

  command(program: string): string[] {
    if (program === "gateway") return [process.execPath, join(this.folder, "src/main.ts")];
    if (program === "bun") return [process.execPath];
    return [join(ROOT, "node_modules/.bin", program)];
  }

  #write({ language, file, content }: Block): void {
    const path = join(this.folder, file);
    if (language === "diff") {
      writeFileSync(path, applyDiff(readFileSync(path, "utf8"), content));
    } else {
      mkdirSync(dirname(path), { recursive: true });
      // A guide adds files; it never replaces one.
      writeFileSync(path, content, { flag: "wx" });
    }
    if (file.endsWith(".ts")) this.sources.add(file);
  }
}
