import { join } from "node:path";

/** The page's script and styles, each compressed with gzip. */
export interface PageBundle {
  readonly script: Uint8Array<ArrayBuffer>;
  readonly styles: Uint8Array<ArrayBuffer>;
}

/** Makes the page from its source. Throws an Error that names what is wrong in it. */
export async function bundlePage(folder = join(import.meta.dir, "app")): Promise<PageBundle> {
  const { outputs } = await Bun.build({
    entrypoints: [join(folder, "main.tsx")],
    target: "browser",
    format: "iife",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const of = async (extension: string) => {
    const output = outputs.find(({ path }) => path.endsWith(extension));
    if (output === undefined) throw new Error(`the page has no ${extension}`);
    return Bun.gzipSync(await output.arrayBuffer(), { level: 9 });
  };
  return { script: await of(".js"), styles: await of(".css") };
}
