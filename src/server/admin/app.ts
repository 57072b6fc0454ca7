import { Elysia, ValidationError } from "elysia";
import { apiError, createApi, inApi, isForApi } from "./api/api.ts";
import type { ApiSubject } from "./api/subject.ts";
import { auditNote } from "./audit-note.ts";
import { type BackendPagesSubject, backendPages } from "./backends.ts";
import { type CachePagesSubject, cachePages } from "./cache.ts";
import { type LogPagesSubject, logPages } from "./log.ts";
import { mirrorPages } from "./mirrors.ts";
import { MetricsPage, type MetricsPageSubject } from "../metrics/page.ts";
import { OperatorPage } from "./page/page.ts";
import { type QuotaPagesSubject, quotaPages } from "./quotas.ts";
import { type SplitPagesSubject, splitPages } from "./splits.ts";
import type { Visitor } from "./visitor.ts";
import { checkedWrite, isWrite } from "./writes.ts";

/** What the operator's pages show. */
export interface AdminSubject
  extends
    ApiSubject,
    BackendPagesSubject,
    CachePagesSubject,
    LogPagesSubject,
    MetricsPageSubject,
    QuotaPagesSubject,
    SplitPagesSubject {}

/** The operator's pages. Access is checked before a request gets here. */
export interface AdminPages {
  /** Whether there is such a page. */
  readonly has: (method: string, path: string) => boolean;
  readonly handle: (request: Request, visitor: Visitor) => Promise<Response>;
}

/** Composes the pages of each group. */
export function createAdminPages(subject: AdminSubject): AdminPages {
  const visitors = new WeakMap<Request, Visitor>();
  const visitorOf = (request: Request): Visitor => visitors.get(request) ?? STRANGER;
  // Without normalizing: a key that is not known is an error, and not left out.
  const app = new Elysia({ prefix: "/admin", normalize: false })
    .onError({ as: "global" }, ({ code, error, request }) => {
      if (isForApi(request)) return apiError(error, code);
      if (code === "NOT_FOUND") return noSuchPage(pages);
      if (error instanceof ValidationError) return invalid(error);
      return undefined;
    })
    .use(backendPages(subject))
    .use(cachePages(subject))
    .use(logPages(subject))
    .use(quotaPages(subject))
    .use(splitPages(subject))
    .use(mirrorPages(subject))
    .use(createApi({ ...subject, visitorOf }));
  // On the operator's port only: the log names /admin, and the answer to a wrong path lists the right
  // ones.
  const pages = new Set(app.routes.map(({ method, path }) => `${method} ${path}`));
  const paths = [...new Set(app.routes.map(({ path }) => path))];
  const patterns = [...pages].filter((page) => page.includes(":")).map(patternOf);
  app.get("/", () => ({ pages: paths }));
  const page = new OperatorPage();
  const metrics = new MetricsPage(subject);
  async function shown(request: Request, visitor: Visitor): Promise<Response> {
    const exposition = metrics.answer(request);
    if (exposition !== undefined) return exposition;
    visitors.set(request, visitor);
    return (await page.answer(request)) ?? app.handle(request);
  }
  // Read once by the page, and once for the audit.
  function written(request: Request, visitor: Visitor): Promise<Response> {
    // The types of clone() are those of another fetch.
    const own = request.clone() as unknown as Request;
    visitors.set(own, visitor);
    return app.handle(own);
  }
  return {
    has(method, path) {
      const asked = `${method} ${path}`;
      return (
        pages.has(asked) ||
        metrics.has(method, path) ||
        patterns.some((pattern) => pattern.test(asked))
      );
    },
    async handle(request, visitor) {
      const isApi = isForApi(request);
      if (!isWrite(request.method)) {
        const answer =
          request.method === "HEAD"
            ? await withoutContent(shown(asGet(request), visitor))
            : await shown(request, visitor);
        return isApi ? inApi(answer) : answer;
      }
      const checked = await checkedWrite(request, subject.clock, visitor);
      const answer = checked instanceof Response ? checked : await written(checked, visitor);
      const told = isApi ? await inApi(answer) : answer;
      const note = await auditNote(checked instanceof Response ? request : checked, told, visitor);
      if (note !== undefined) subject.note({ ...note, at: subject.clock.wall() });
      return told;
    },
  };
}

/** Has no rights: only for a request that did not come by `handle`. */
const STRANGER: Visitor = { by: "nobody", peer: "", port: 0 };

/** The framework reads the content of what it answers HEAD with to its end, which live events do not have. */
function asGet({ url, headers }: Request): Request {
  return new Request(url, { headers });
}

async function withoutContent(answered: Promise<Response>): Promise<Response> {
  const { status, headers, body } = await answered;
  await body?.cancel();
  return new Response(null, { status, headers });
}

/** Of "GET /admin/api/exchanges/:id". */
function patternOf(page: string): RegExp {
  return new RegExp(`^${page.replaceAll(/:[a-z]+/g, "[^/]+")}$`);
}

function noSuchPage(pages: ReadonlySet<string>): Response {
  return new Response(`no such page; ${[...pages].join(" or ")}\n`, { status: 404 });
}

/** Says what is wrong with a request's content, by the first thing found. */
function invalid({ all }: ValidationError): Response {
  const [first] = all;
  const key =
    first !== undefined && "path" in first ? first.path.slice(1).replaceAll("/", ".") : "";
  const what = first !== undefined && "message" in first ? first.message : "not what is expected";
  return new Response(`${key === "" ? "the content" : key}: ${what}\n`, { status: 422 });
}
