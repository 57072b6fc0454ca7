import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/** From left to right; each folder may import itself and folders in earlier columns. */
const COLUMNS: readonly (readonly string[])[] = [
  ["units", "time", "http"],
  ["wire", "sqlite"],
  ["pipeline"],
  ["documents"],
  ["routing", "policies", "upstream", "telemetry", "store"],
  ["transport", "proxy", "config"],
  ["runtime"],
  ["server"],
  ["cli"],
  ["main.ts"],
];

/** The one import between folders of one column: the proxy sends by way of the transport. */
const ALLOWED_SIDEWAYS = { from: "proxy", to: "transport" };

interface SourceFile {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

function filesBelow(folder: string): SourceFile[] {
  return [...new Bun.Glob("**/*.{ts,tsx,js,mjs}").scanSync(join(ROOT, folder))].map((file) => ({
    path: `${folder}/${file.split(sep).join("/")}`,
    text: readFileSync(join(ROOT, folder, file), "utf8"),
  }));
}

/** What a file refers to: imports of values and of types, re-exports, import() and worker URLs. */
function references({ text }: SourceFile): string[] {
  const patterns = [
    /(?:^|[\s;}])(?:import|export)\s[^;"']*?\sfrom\s*["']([^"']+)["']/g,
    /(?:^|[\s;}])import\s*\(?\s*["']([^"']+)["']/g,
    /new\s+(?:URL|Worker)\(\s*["'](\.[^"']+)["']/g,
  ];
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, specifier = ""]) => specifier),
  );
}

/** Files of the project that a file refers to, from the repository's root. */
function projectReferences(file: SourceFile): string[] {
  return references(file)
    .filter((specifier) => specifier.startsWith("."))
    .map((specifier) =>
      relative(ROOT, join(ROOT, dirname(file.path), specifier))
        .split(sep)
        .join("/"),
    );
}

/** The folder of src/ that a path lies in; for src/main.ts its name. */
function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function columnOf(folder: string): number {
  return COLUMNS.findIndex((folders) => folders.includes(folder));
}

const source = filesBelow("src");
const mock = filesBelow("mock");

describe("the search for imports", () => {
  test("finds values, types, re-exports, side effects, import() and workers", () => {
    const text = [
      'import { a } from "./a.ts";',
      'import type { B } from "./b.ts";',
      'import {\n  c,\n  type D,\n} from "./c.ts";',
      'export { e } from "./e.ts";',
      'export * from "./f.ts";',
      'import "./g.ts";',
      'const h = await import("./h.ts");',
      'new Worker(new URL("./i.ts", import.meta.url));',
    ].join("\n");
    expect(references({ path: "src/x.ts", text }).toSorted()).toEqual(
      ["a", "b", "c", "e", "f", "g", "h", "i"].map((name) => `./${name}.ts`),
    );
  });

  test("finds files and what they import", () => {
    expect(source.length).toBeGreaterThan(50);
    expect(mock.length).toBeGreaterThan(5);
    expect(source.flatMap(projectReferences).length).toBeGreaterThan(100);
  });
});

describe("the directions of imports", () => {
  test("every folder below src/ has its place in the order", () => {
    const unplaced = source.filter(({ path }) => columnOf(folderOf(path)) === -1);
    expect(unplaced.map(({ path }) => path)).toEqual([]);
  });

  test("a file imports from its own folder and from those to its left alone", () => {
    const wrong = source.flatMap((file) =>
      projectReferences(file)
        .filter((target) => target.startsWith("src/") && !isAllowed(file.path, target))
        .map((target) => `${file.path} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("siblings may not import each other, and nothing may import to its right", () => {
    expect(isAllowed("src/proxy/a.ts", "src/upstream/b.ts")).toBe(true);
    expect(isAllowed("src/policies/a.ts", "src/telemetry/b.ts")).toBe(false);
    expect(isAllowed("src/http/a.ts", "src/units/b.ts")).toBe(false);
    expect(isAllowed("src/proxy/a.ts", "src/config/b.ts")).toBe(false);
    expect(isAllowed("src/proxy/a.ts", "src/transport/b.ts")).toBe(true);
    expect(isAllowed("src/transport/a.ts", "src/proxy/b.ts")).toBe(false);
    expect(isAllowed("src/routing/a.ts", "src/runtime/b.ts")).toBe(false);
  });

  test("only the command line reaches for the mock, and nothing in src/ for tests or the build", () => {
    const outside = source.flatMap((file) =>
      projectReferences(file)
        .filter((target) => !target.startsWith("src/"))
        .filter((target) => !(target.startsWith("mock/") && folderOf(file.path) === "cli"))
        .filter((target) => target !== "package.json" && !target.startsWith("config/"))
        .map((target) => `${file.path} → ${target}`),
    );
    expect(outside).toEqual([]);
  });

  test("the mock imports nothing but itself and what the runtime brings", () => {
    const wrong = mock.flatMap((file) => [
      ...projectReferences(file).filter((target) => !target.startsWith("mock/")),
      ...references(file).filter((specifier) => !/^(?:\.|node:|bun)/.test(specifier)),
    ]);
    expect(wrong).toEqual([]);
  });
});

function isAllowed(from: string, to: string): boolean {
  const [own, other] = [folderOf(from), folderOf(to)];
  if (own === ALLOWED_SIDEWAYS.from && other === ALLOWED_SIDEWAYS.to) return true;
  return own === other || columnOf(other) < columnOf(own);
}

describe("the form of the house", () => {
  test("only src/main.ts exits the process", () => {
    const exiting = [...source, ...mock].filter(({ text }) =>
      /process\s*\.\s*(?:exit|abort|kill)\s*\(/.test(text),
    );
    expect(exiting.map(({ path }) => path)).toEqual(["src/main.ts"]);
  });

  test("no file of src/ or mock/ has over 400 lines", () => {
    const long = [...source, ...mock].filter(({ text }) => text.split("\n").length > 401);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test("there are no barrels", () => {
    const barrels = [...source, ...mock].filter(
      ({ path, text }) => basename(path).startsWith("index.") || /^export \* from/m.test(text),
    );
    expect(barrels.map(({ path }) => path)).toEqual([]);
  });

  test("there are no default exports", () => {
    const found = [...source, ...mock].filter(({ text }) => /^export default/m.test(text));
    expect(found.map(({ path }) => path)).toEqual([]);
  });
});
