import { Elysia, ValidationError } from "elysia";
import { type CachePagesSubject, cachePages } from "../cache.ts";
import { type SplitPagesSubject, splitPages } from "../splits.ts";
import { ApiProblem, problemAnswer } from "./api-problem.ts";
import { configurationEndpoints } from "./configurations.ts";
import { explainEndpoints } from "./explain.ts";
import { exchangeEndpoints } from "./exchanges.ts";
import { whatIsInvalid } from "./invalid.ts";
import { liveEndpoints } from "./live.ts";
import { openApiEndpoint } from "./openapi.ts";
import { operationEndpoints } from "./operations.ts";
import { replayEndpoints } from "./replays.ts";
import { sessionEndpoints } from "./session.ts";
import { stateEndpoints } from "./state.ts";
import type { ApiServices } from "./subject.ts";
import { trafficEndpoints } from "./traffic.ts";

export const API = "/admin/api";

/** Everything that the page shows and changes, as JSON. */
export function createApi(services: ApiServices & CachePagesSubject & SplitPagesSubject) {
  const api = new Elysia({ prefix: "/api", normalize: false })
    .use(sessionEndpoints(services))
    .use(trafficEndpoints(services))
    .use(exchangeEndpoints(services))
    .use(replayEndpoints(services))
    .use(stateEndpoints(services))
    .use(configurationEndpoints(services))
    .use(operationEndpoints(services))
    .use(liveEndpoints(services))
    .use(explainEndpoints(services))
    .use(splitPages(services))
    .use(cachePages(services));
  return api.use(openApiEndpoint(api, services.version));
}

export function isForApi({ url }: Request): boolean {
  return new URL(url).pathname.startsWith(`${API}/`);
}

/** The answer to a request that failed. */
export function apiError(error: unknown, code: string | number): Response {
  if (error instanceof ApiProblem) return problemAnswer(error);
  if (error instanceof ValidationError && error.type !== "response") {
    return problemAnswer(new ApiProblem(422, whatIsInvalid(error)));
  }
  if (code === "NOT_FOUND") {
    return problemAnswer(
      new ApiProblem(404, `there is no such endpoint; ${API}/openapi.json lists them`),
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return problemAnswer(new ApiProblem(500, `the gateway failed to answer: ${reason}`));
}

/** The answer, or the same problem as the API tells it if it is one in plain text. */
export async function inApi(answer: Response): Promise<Response> {
  if (answer.status < 400 || isProblem(answer)) return answer;
  return problemAnswer(new ApiProblem(answer.status, (await answer.text()).trim()));
}

function isProblem({ headers }: Response): boolean {
  return headers.get("content-type")?.startsWith("application/problem+json") === true;
}
