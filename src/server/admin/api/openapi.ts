import { toOpenAPISchema } from "@elysiajs/openapi/openapi";
import { type AnyElysia, Elysia } from "elysia";
import { problem } from "./schemas/common.ts";

const DESCRIPTION = `What the operator's page shows and changes. Reads need what the operator's pages need: the token as
Authorization: Bearer, the cookie of a login, or, without a token, a program on the gateway's machine. Writes that a
browser sends by a cookie need x-csrf-token besides, with the csrf value of GET session.`;

/** GET openapi.json: the description of an API, generated from its routes when it is first asked for. */
export function openApiEndpoint(api: AnyElysia, version: string) {
  let made: object | undefined;
  return new Elysia({ normalize: false }).get(
    "/openapi.json",
    () => (made ??= describe(api, version)),
    { detail: { summary: "This description" } },
  );
}

function describe(api: AnyElysia, version: string): object {
  // The page with a browser for it is left out: it loads code from another origin.
  const { paths, components } = toOpenAPISchema(api, undefined, undefined, undefined, "3.1.0");
  // Of an app that is part of another one, the other one's routes are described too.
  const own = Object.entries(paths).filter(([path]) => path.startsWith("/admin/api/"));
  const described = own.map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods ?? {}).map(([method, operation]) => [method, refined(operation)]),
    ),
  ]);
  return {
    openapi: "3.1.0",
    info: { title: "The gateway's admin API", version, description: DESCRIPTION },
    paths: Object.fromEntries(described) as object,
    components: {
      ...components,
      schemas: { ...components.schemas, Problem: problem },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
    security: [{ token: [] }],
  };
}

interface Operation {
  readonly requestBody?: { readonly content?: Readonly<Record<string, unknown>> };
  readonly responses?: Readonly<Record<string, unknown>>;
}

/** Contents are JSON alone, and every operation may answer with a problem. */
function refined(operation: unknown): object {
  const { requestBody, responses, ...rest } = operation as Operation;
  const json = requestBody?.content?.["application/json"];
  return {
    ...rest,
    ...(json !== undefined && {
      requestBody: { ...requestBody, content: { "application/json": json } },
    }),
    responses: {
      ...responses,
      default: {
        description: "what is wrong",
        content: {
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        },
      },
    },
  };
}
