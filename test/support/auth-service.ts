import type { Stage } from "./stage.ts";

/** A request that a service was asked about. */
export interface Question {
  readonly method: string;
  readonly path: string;
  readonly fields: Headers;
  readonly signal: AbortSignal;
}

type Decide = (question: Question) => Response | Promise<Response>;

export interface AuthServiceProcess {
  readonly url: string;
  /** All that it was asked, oldest first. */
  readonly questions: Question[];
  /** What it decides from now on. */
  decide: Decide;
  /** Refuses connections until `start`. */
  stop(): Promise<void>;
  start(): void;
}

/**
 * A small service for forward auth. Sessions are cookies, `session=NAME`; without one it sends browsers to
 * a login page, and answers 401 to programs.
 */
export function startAuthService(
  stage: Stage,
  tls?: { readonly cert: string; readonly key: string },
): AuthServiceProcess {
  const questions: Question[] = [];
  let server = listen(0);
  const { port } = server;
  const service: AuthServiceProcess = {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/verify`,
    questions,
    decide: bySession,
    stop: () => server.stop(true),
    start() {
      server = listen(port ?? 0);
    },
  };
  stage.defer(() => server.stop(true));
  return service;

  function listen(at: number) {
    return Bun.serve({
      hostname: "127.0.0.1",
      port: at,
      ...(tls !== undefined && { tls }),
      fetch(request) {
        const question = {
          method: request.method,
          path: new URL(request.url).pathname,
          fields: request.headers,
          signal: request.signal,
        };
        questions.push(question);
        return service.decide(question);
      },
    });
  }
}

function bySession({ fields }: Question): Response {
  const name = /(?:^|; )session=([a-z]+)/.exec(fields.get("cookie") ?? "")?.[1];
  if (name === "mallory") return new Response("not you", { status: 403 });
  if (name !== undefined) {
    const groups = name === "ada" ? "admins,staff" : "staff";
    return new Response(null, { headers: { "x-user": name, "x-groups": groups } });
  }
  if (fields.get("accept")?.includes("text/html") !== true) {
    return Response.json({ login: "/login" }, { status: 401 });
  }
  const back = `${fields.get("x-forwarded-proto")}://${fields.get("x-forwarded-host")}${fields.get("x-forwarded-uri")}`;
  return new Response("<a>log in</a>", {
    status: 302,
    headers: {
      location: `https://login.test/?rd=${encodeURIComponent(back)}`,
      "set-cookie": "state=1; HttpOnly",
      "content-type": "text/html",
    },
  });
}
