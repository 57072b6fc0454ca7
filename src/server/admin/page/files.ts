import { bundlePage, type PageBundle } from "./bundle.ts";

/** What the files are called that the build puts into the executable. */
export const EMBEDDED = { script: "admin-page.js.gz", styles: "admin-page.css.gz" } as const;

/** One of the page's files. */
export interface PageFile {
  /** Changes with the content, so that a browser may keep it for ever. */
  readonly name: string;
  readonly type: string;
  /** Compressed with gzip. */
  readonly content: Uint8Array<ArrayBuffer>;
}

export interface PageFiles {
  readonly script: PageFile;
  readonly styles: PageFile;
  readonly icon: PageFile;
}

/** The page's files: from the executable, or made from their source where they are not built in. */
export async function pageFiles(): Promise<PageFiles> {
  const { script, styles } = (await embeddedPage()) ?? (await bundlePage());
  return {
    script: named("app", "js", "text/javascript; charset=utf-8", script),
    styles: named("app", "css", "text/css; charset=utf-8", styles),
    icon: named("icon", "svg", "image/svg+xml", Bun.gzipSync(ICON)),
  };
}

async function embeddedPage(): Promise<PageBundle | undefined> {
  const find = (wanted: string) =>
    Bun.embeddedFiles.find((file) => "name" in file && file.name === wanted)?.bytes();
  const [script, styles] = await Promise.all([find(EMBEDDED.script), find(EMBEDDED.styles)]);
  return script && styles && { script, styles };
}

function named(
  name: string,
  extension: string,
  type: string,
  content: Uint8Array<ArrayBuffer>,
): PageFile {
  const hash = new Bun.CryptoHasher("sha256").update(content).digest("hex").slice(0, 12);
  return { name: `${name}-${hash}.${extension}`, type, content };
}

// Two ways in and one way out, on the accent colour.
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3d5afe"/><path d="M7 10h5c4 0 4 6 8 6h5M7 22h5c4 0 4-6 8-6" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>`;
