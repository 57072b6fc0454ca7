import { describe, expect, test } from "bun:test";
import { type PageFile, type PageFiles, pageFiles } from "../../../src/server/admin/page/files.ts";
import { isForPage, OperatorPage } from "../../../src/server/admin/page/page.ts";

const file = (name: string, type: string): PageFile => ({
  name,
  type,
  content: Bun.gzipSync(`content of ${name}`),
});

const FILES: PageFiles = {
  script: file("app-1.js", "text/javascript"),
  styles: file("app-2.css", "text/css"),
  icon: file("icon-3.svg", "image/svg+xml"),
};

const page = new OperatorPage(async () => FILES);
const HTML = { accept: "text/html,*/*;q=0.8" };

function ask(path: string, headers: Record<string, string> = HTML, method = "GET") {
  return page.answer(new Request(`http://localhost:9090${path}`, { method, headers }));
}

describe("the operator's page", () => {
  test("is for browsers, and leaves the list to programs", async () => {
    expect((await ask("/admin/"))?.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await ask("/admin/", { accept: "application/json" })).toBeUndefined();
    expect(await ask("/admin/", {})).toBeUndefined();
    expect(await ask("/admin/backends")).toBeUndefined();
    expect(await ask("/admin/", HTML, "POST")).toBeUndefined();
  });

  test("has its address with a slash at the end", async () => {
    const answer = await ask("/admin");
    expect(answer?.status).toBe(308);
    expect(answer?.headers.get("location")).toBe("/admin/");
  });

  test("allows no code, no address and no frame but its own", async () => {
    const policy = (await ask("/admin/"))?.headers.get("content-security-policy") ?? "";
    expect(policy).toStartWith("default-src 'none'; script-src 'self'; style-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(policy).not.toContain("http");
  });

  test("has no inline code or style", async () => {
    const text = (await (await ask("/admin/"))?.text()) ?? "";
    expect(text).not.toMatch(/<script>|<style|style=| on[a-z]+=/);
    expect(text).toContain('src="page/app-1.js"');
    expect(text).toContain('href="page/app-2.css"');
  });

  test.each(["dark", "light"])("comes in the chosen theme: %s", async (theme) => {
    const answer = await ask("/admin/", { ...HTML, cookie: `a=1; gateway-theme=${theme}` });
    expect(await answer?.text()).toContain(`<html lang="en" data-theme="${theme}">`);
  });

  test("takes no other text from the cookie", async () => {
    const answer = await ask("/admin/", { ...HTML, cookie: 'gateway-theme="><b>' });
    expect(await answer?.text()).toContain('<html lang="en">\n');
  });

  test("is not sent again to a browser that has it", async () => {
    const etag = (await ask("/admin/"))?.headers.get("etag") ?? "";
    expect((await ask("/admin/", { ...HTML, "if-none-match": etag }))?.status).toBe(304);
    const other = { ...HTML, cookie: "gateway-theme=dark", "if-none-match": etag };
    expect((await ask("/admin/", other))?.status).toBe(200);
  });
});

describe("the page's files", () => {
  test("stay in the browser for ever, compressed", async () => {
    const answer = await ask("/admin/page/app-1.js", { "accept-encoding": "gzip, br" });
    expect(answer?.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(answer?.headers.get("content-encoding")).toBe("gzip");
    expect(answer?.headers.get("content-type")).toBe("text/javascript");
    const bytes = (await answer?.arrayBuffer()) ?? new ArrayBuffer();
    expect(new TextDecoder().decode(Bun.gunzipSync(bytes))).toBe("content of app-1.js");
  });

  test("are plain for a client that does not take gzip", async () => {
    const answer = await ask("/admin/page/app-2.css", {});
    expect(answer?.headers.get("content-encoding")).toBeNull();
    expect(await answer?.text()).toBe("content of app-2.css");
  });

  test("are not sent again to a browser that has them", async () => {
    const answer = await ask("/admin/page/icon-3.svg", { "if-none-match": '"icon-3.svg"' });
    expect(answer?.status).toBe(304);
  });

  test("of another version are missing, and say what to do", async () => {
    const answer = await ask("/admin/page/app-0.js");
    expect(answer?.status).toBe(404);
    expect(await answer?.text()).toBe("there is no such file; reload the page\n");
  });

  test("are made from their source where they are not built in, with a hash in each name", async () => {
    const { script, styles, icon } = await pageFiles();
    expect(script.name).toMatch(/^app-[0-9a-f]{12}\.js$/);
    expect(styles.name).toMatch(/^app-[0-9a-f]{12}\.css$/);
    expect(icon.name).toMatch(/^icon-[0-9a-f]{12}\.svg$/);
    // A page that an operator opens over a slow line.
    expect(script.content.length + styles.content.length).toBeLessThan(75_000);
  });
});

test("only the page itself may be had without the token", () => {
  const is = (path: string, init: RequestInit = { headers: HTML }) =>
    isForPage(new Request(`http://localhost:9090${path}`, init));
  expect(is("/admin/")).toBe(true);
  expect(is("/admin/page/app-1.js")).toBe(true);
  expect(is("/admin/api/overview")).toBe(false);
  expect(is("/admin/backends")).toBe(false);
  expect(is("/admin/page/app-1.js", { method: "POST" })).toBe(false);
  expect(is("/admin/page/../backends")).toBe(false);
});
