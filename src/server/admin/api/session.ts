import { Elysia } from "elysia";
import { done, login, session } from "./schemas/session.ts";
import { nothing } from "./schemas/writes.ts";
import type { ApiServices } from "./subject.ts";

type Services = Pick<ApiServices, "gate" | "visitorOf" | "version" | "startedAt" | "mainPort">;

/** GET session, POST login, POST logout. */
export function sessionEndpoints({ gate, visitorOf, version, startedAt, mainPort }: Services) {
  return new Elysia({ normalize: false })
    .get(
      "/session",
      ({ request }) => {
        const visitor = visitorOf(request);
        const authenticated = visitor.by !== "nobody";
        return {
          authenticated,
          token_required: gate.needsToken,
          csrf: visitor.session?.csrf ?? null,
          version: authenticated ? version : null,
          started_at: authenticated ? new Date(startedAt).toISOString() : null,
          main_port: authenticated ? mainPort() : null,
        };
      },
      { response: session, detail: { summary: "Who the gateway takes the asker for" } },
    )
    .post(
      "/login",
      ({ body, request, set }) => {
        set.headers["set-cookie"] = gate.login(visitorOf(request), body.token, request.headers);
        return { done: true as const };
      },
      { body: login, response: done, detail: { summary: "Open a session, kept in a cookie" } },
    )
    .post(
      "/logout",
      ({ request, set }) => {
        set.headers["set-cookie"] = gate.logout(visitorOf(request), request.headers);
        return { done: true as const };
      },
      { body: nothing, response: done, detail: { summary: "End the session" } },
    );
}
