import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hasOpenssl, issue, makeAuthority } from "../support/certificates.ts";
import { type GatewayProcess, noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { contentOf, fileOf, startOrigin } from "../support/http-origin.ts";
import { requires, requiresProgram } from "../support/requires.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const CONTENT = Buffer.alloc(3 * 2 ** 20 + 7, "0123456789abcdef\n");
const LENGTH = String(CONTENT.length);
const CLIENTS = join(import.meta.dir, "clients");

const hasCurl = requiresProgram("curl", "curl");
const hasWget = requiresProgram("wget", "wget");
const hasNode = requires(Bun.which("node") !== null, "node");
const hasChromium = requiresProgram("chromium", "chromium");

let gateway: GatewayProcess;
let slow = Promise.withResolvers<void>();
/** Of the pages that browsers have open, by the address that they came from. */
const visits = new Map<string, { go: Deferred<void>; report: Deferred<unknown> }>();

type Deferred<Value> = ReturnType<typeof Promise.withResolvers<Value>>;

function visit(host = "") {
  const known = visits.get(host) ?? {
    go: Promise.withResolvers<void>(),
    report: Promise.withResolvers<unknown>(),
  };
  visits.set(host, known);
  return known;
}

beforeAll(async () => {
  const origin = await startOrigin(stage, {
    "/file": fileOf(CONTENT),
    "/echo": ({ url = "" }, response) => void response.end(url.slice(url.indexOf("?") + 1)),
    "/fields": (_, response) => {
      response.writeHead(200, [
        "Set-Cookie",
        "a=1",
        "Set-Cookie",
        "b=2; Expires=Thu, 01 Jan 2026 00:00:00 GMT",
        "WWW-Authenticate",
        'Basic realm="a, b"',
        "WWW-Authenticate",
        "Negotiate",
        "Content-Length",
        "0",
      ]);
      response.end();
    },
    "/slow": async (_, response) => {
      response.writeHead(200, { "content-length": 5 });
      response.flushHeaders();
      await slow.promise;
      response.end("later");
    },
    "/hints": (_, response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
      response.end("hinted");
    },
    "/trailers": (_, response) => {
      response.writeHead(200, { trailer: "x-checksum" });
      response.write("content");
      response.addTrailers({ "x-checksum": "c0ffee" });
      response.end();
    },
    "/upload": async (request, response) => {
      response.end(`${(await contentOf(request)).length} bytes`);
    },
    "/events": async ({ headers }, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      await visit(headers.host).go.promise;
      response.write("data: first\n\n");
    },
    "/go": ({ headers }, response) => {
      visit(headers.host).go.resolve();
      response.end();
    },
    "/page": (_, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end(readFileSync(join(CLIENTS, "browser.html")));
    },
    "/report": async (request, response) => {
      const content = (await contentOf(request)).toString();
      visit(request.headers.host).report.resolve(JSON.parse(content));
      response.end();
    },
  });
  const files = stage.folder();
  if (hasOpenssl) {
    await makeAuthority(files, "ca");
    await issue(files, "own", "DNS:localhost,IP:127.0.0.1");
  }
  const certificates = [{ certificate: join(files, "own.pem"), key: join(files, "own.key") }];
  gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    server: {
      max_body_size: "2MiB",
      ...(hasOpenssl ? { tls: { port: 0, certificates } } : {}),
    },
    routes: [{ path: "/*", backends: [origin] }],
  });
});

/** Runs a client to its end, with the gateway's URL put in for "%", and that with TLS for "%s". */
async function run(...command: readonly string[]) {
  const child = Bun.spawn(
    command.map((word) =>
      word.replace(/^%(s?)(?=\/|$)/, (_, tls) => (tls === "" ? gateway.url : gateway.tlsUrl)),
    ),
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const [out, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, errors, code };
}

describe.skipIf(!hasCurl).each([
  ["HTTP/1.1", false, "--http1.1"],
  ["HTTP/2", false, "--http2-prior-knowledge"],
  ...(hasOpenssl
    ? ([
        ["HTTP/1.1", true, "--http1.1"],
        ["HTTP/2", true, "--http2"],
      ] as const)
    : []),
] as const)("curl by %s, with TLS: %p", (protocol, secure, flag) => {
  const curl = (...rest: readonly string[]) =>
    run(
      "curl",
      "--silent",
      "--insecure",
      flag,
      ...rest.map((word) => word.replace(/^%\//, secure ? "%s/" : "%/")),
    );

  test("speaks it", async () => {
    const { out } = await curl("--include", "%/echo?n=1");
    expect(out).toStartWith(`${protocol} 200`);
    expect(out).toEndWith("\r\n\r\nn=1");
  });

  test("sees the length of a long answer before its content", async () => {
    const { out } = await curl("--dump-header", "-", "--output", "/dev/null", "%/file");
    expect(out).toMatch(new RegExp(`^content-length: ${LENGTH}\\r$`, "im"));
    expect(out).not.toMatch(/^transfer-encoding:/im);
  });

  test("sees the head of an answer before there is any content", async () => {
    slow = Promise.withResolvers();
    const child = Bun.spawn(
      [
        "curl",
        flag,
        "--insecure",
        "--silent",
        "--dump-header",
        "-",
        "--no-buffer",
        `${secure ? gateway.tlsUrl : gateway.url}/slow`,
      ],
      { stdin: "ignore", stdout: "pipe", stderr: "ignore" },
    );
    let text = "";
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (text.includes("\r\n\r\n")) slow.resolve();
    }
    expect(text).toStartWith(`${protocol} 200`);
    expect(text).toEndWith("\r\n\r\nlater");
  });

  test("sees each field by itself", async () => {
    const { out } = await curl("--include", "%/fields");
    const fields = out.split("\r\n").filter((line) => /^(?:set-cookie|www-auth)/i.test(line));
    expect(fields.map((line) => line.replace(/^[^:]*: /, ""))).toEqual([
      "a=1",
      "b=2; Expires=Thu, 01 Jan 2026 00:00:00 GMT",
      'Basic realm="a, b"',
      "Negotiate",
    ]);
  });

  test("keeps its connection for further requests", async () => {
    const nowhere = ["--output", "/dev/null", "--output", "/dev/null"];
    const { out } = await curl("--write-out", "%{num_connects} ", ...nowhere, "%/file", "%/file");
    expect(out).toBe("1 0 ");
  });

  test("resumes a download, and gets parts at a time", async () => {
    const file = join(stage.folder(), "file");
    writeFileSync(file, CONTENT.subarray(0, 1_000));
    expect((await curl("--continue-at", "-", "--output", file, "%/file")).code).toBe(0);
    expect(readFileSync(file).equals(CONTENT)).toBe(true);
    const parts = ["0-999999", "1000000-1999999", "2000000-2999999", "3000000-"].map((range) =>
      curl("--range", range, "--output", `${file}.${range}`, "%/file"),
    );
    await Promise.all(parts);
    const joined = ["0-999999", "1000000-1999999", "2000000-2999999", "3000000-"].map((range) =>
      readFileSync(`${file}.${range}`),
    );
    expect(Buffer.concat(joined).equals(CONTENT)).toBe(true);
  });
});

test.skipIf(!hasCurl)(
  "curl asks before it sends much, and sends nothing that is refused",
  async () => {
    const file = join(stage.folder(), "upload");
    writeFileSync(file, Buffer.alloc(1.5 * 2 ** 20));
    const upload = ["--write-out", " %{http_code} %{size_upload}", "--data-binary", `@${file}`];
    const accepted = await run("curl", "--silent", ...upload, `${gateway.url}/upload`);
    expect(accepted.out).toBe(`${1.5 * 2 ** 20} bytes 200 ${1.5 * 2 ** 20}`);
    writeFileSync(file, Buffer.alloc(4 * 2 ** 20));
    const refused = await run("curl", "--silent", ...upload, `${gateway.url}/upload`);
    expect(refused.out).toEndWith(" 413 0");
  },
);

test.skipIf(!hasCurl)("curl by HTTP/2 gets an answer that comes during its upload", async () => {
  const file = join(stage.folder(), "upload");
  writeFileSync(file, Buffer.alloc(4 * 2 ** 20));
  const upload = ["--write-out", " %{http_code}", "--data-binary", `@${file}`];
  const curl = ["curl", "--silent", "--http2-prior-knowledge"];
  const { out, code } = await run(...curl, ...upload, `${gateway.url}/upload`);
  expect(out).toEndWith(" 413");
  expect(out).toInclude("body_too_large");
  expect(code).toBe(0);
});

test.skipIf(!hasCurl)("curl by HTTP/1.0 gets content that ends with the connection", async () => {
  const { out } = await run("curl", "--silent", "--http1.0", "--include", "%/echo?n=1");
  expect(out).toEndWith("\r\n\r\nn=1");
  expect(out).not.toMatch(/^transfer-encoding:/im);
});

describe.skipIf(!hasWget)("wget", () => {
  test("shows the size of a download", async () => {
    const { errors } = await run("wget", "--output-document=/dev/null", "%/file");
    expect(errors).toContain(`Length: ${LENGTH} `);
  });

  test("continues a download where it ended", async () => {
    const folder = stage.folder();
    writeFileSync(join(folder, "file"), CONTENT.subarray(0, 2_000_000));
    const { errors } = await run("wget", "--continue", `--directory-prefix=${folder}`, "%/file");
    expect(errors).toContain("206 Partial Content");
    expect(statSync(join(folder, "file")).size).toBe(CONTENT.length);
  });
});

describe.skipIf(!hasNode)("undici", () => {
  const undici = async (): Promise<Record<string, unknown>> => {
    const { out, errors } = await run("node", join(CLIENTS, "undici.mjs"), "%");
    expect(errors).toBe("");
    return JSON.parse(out) as Record<string, unknown>;
  };

  test("gets pipelined answers in order, lengths and trailers", async () => {
    expect(await undici()).toMatchObject({
      pipelined: ["0", "1", "2", "3", "4", "5", "6", "7"],
      hinted: [200, "hinted"],
      length: LENGTH,
      bytes: CONTENT.length,
      trailers: { "x-checksum": "c0ffee" },
      uploaded: `${2 ** 20} bytes`,
    });
  });

  test("gets early hints", async () => {
    expect((await undici())["hints"]).toEqual([[103, "</style.css>; rel=preload; as=style"]]);
  });
});

test.skipIf(!hasChromium).each(hasOpenssl ? [false, true] : [false])(
  "a browser's EventSource opens before the first event, and a download shows its size; with TLS: %p",
  async (secure) => {
    const url = secure ? gateway.tlsUrl : gateway.url;
    const browser = Bun.spawn(
      [
        "chromium",
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        `--user-data-dir=${stage.folder()}`,
        "--remote-debugging-port=0",
        "--ignore-certificate-errors",
        `${url}/page`,
      ],
      { stdin: "ignore", stdout: "ignore", stderr: "ignore" },
    );
    stage.defer(async () => {
      browser.kill("SIGKILL");
      await browser.exited;
    });
    const seen = (await visit(new URL(url).host).report.promise) as {
      events: string[];
      status: number;
      progress: { lengthComputable: boolean; loaded: number; total: number }[];
    };
    expect(seen.events).toEqual(["open", "first"]);
    expect(seen.status).toBe(200);
    expect(seen.progress.every((one) => one.lengthComputable)).toBe(true);
    expect(seen.progress.at(-1)).toEqual({
      lengthComputable: true,
      loaded: CONTENT.length,
      total: CONTENT.length,
    });
  },
);
