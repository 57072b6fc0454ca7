import { type PageFile, type PageFiles, pageFiles } from "./files.ts";

const BASE = "/admin/";
const FILES = `${BASE}page/`;

/** The operator's page in a browser: one document, and its files below /admin/page/. */
export class OperatorPage {
  readonly #load: () => Promise<PageFiles>;
  #files: Promise<PageFiles> | undefined;

  constructor(load: () => Promise<PageFiles> = pageFiles) {
    this.#load = load;
  }

  /** The answer to a browser that asks for the page; undefined for every other request. */
  async answer(request: Request): Promise<Response | undefined> {
    if (!isForPage(request)) return undefined;
    const { pathname } = new URL(request.url);
    if (`${pathname}/` === BASE)
      return new Response(null, { status: 308, headers: { location: BASE } });
    // Made once, at the first request: a gateway whose page nobody opens pays nothing for it.
    this.#files ??= this.#load();
    const files = await this.#files;
    if (pathname === BASE) return theDocument(request, files);
    const file = Object.values<PageFile>({ ...files }).find(
      ({ name }) => pathname === FILES + name,
    );
    return file === undefined
      ? new Response("there is no such file; reload the page\n", { status: 404, headers: COMMON })
      : fileAnswer(request, file);
  }
}

/** Whether a request is for what the page is made of, which holds nothing of this gateway. */
export function isForPage({ method, url, headers }: Request): boolean {
  if (method !== "GET" && method !== "HEAD") return false;
  const { pathname } = new URL(url);
  if (pathname.startsWith(FILES)) return true;
  return (
    (pathname === BASE || `${pathname}/` === BASE) &&
    /\btext\/html\b/.test(headers.get("accept") ?? "")
  );
}

/** No code but the page's own, no address but this one, and no page around it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const COMMON = {
  "content-security-policy": POLICY,
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
} as const;

function theDocument(request: Request, files: PageFiles): Response {
  // Known before the first paint, so that nothing flashes.
  const theme = /(?:^|; *)gateway-theme=(dark|light)(?:;|$)/.exec(
    request.headers.get("cookie") ?? "",
  )?.[1];
  const text = documentText(files, theme);
  const etag = `"${Bun.hash(text).toString(36)}"`;
  const headers = { ...COMMON, "cache-control": "no-cache", etag, vary: "accept, cookie" };
  if (request.headers.get("if-none-match") === etag)
    return new Response(null, { status: 304, headers });
  return new Response(text, {
    headers: { ...headers, "content-type": "text/html; charset=utf-8" },
  });
}

function documentText({ script, styles, icon }: PageFiles, theme: string | undefined): string {
  return `<!doctype html>
<html lang="en"${theme === undefined ? "" : ` data-theme="${theme}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${theme ?? "light dark"}">
<title>Gateway</title>
<link rel="icon" href="page/${icon.name}" type="image/svg+xml">
<link rel="stylesheet" href="page/${styles.name}">
<script src="page/${script.name}" defer></script>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript. Its data is JSON below /admin/api/.</noscript>
</body>
</html>
`;
}

function fileAnswer({ headers: asked }: Request, { name, type, content }: PageFile): Response {
  const headers = {
    ...COMMON,
    "cache-control": "public, max-age=31536000, immutable",
    "content-type": type,
    etag: `"${name}"`,
    vary: "accept-encoding",
  };
  if (asked.get("if-none-match") === headers.etag)
    return new Response(null, { status: 304, headers });
  if (/\bgzip\b/.test(asked.get("accept-encoding") ?? "")) {
    return new Response(content, { headers: { ...headers, "content-encoding": "gzip" } });
  }
  return new Response(Bun.gunzipSync(content), { headers });
}
