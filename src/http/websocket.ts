import type { RequestFields } from "./request-fields.ts";

/** Whether a request asks for a WebSocket (RFC 6455 section 4.1). Other upgrades are not passed on. */
export function asksForWebSocket(method: string, fields: RequestFields): boolean {
  return method === "GET" && fields.upgrade?.toLowerCase() === "websocket";
}
