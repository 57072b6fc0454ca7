/** Whether a request asks for a WebSocket (RFC 6455 section 4.1). Other upgrades are not passed on. */
export function asksForWebSocket({ method, headers }: Request): boolean {
  return method === "GET" && headers.get("upgrade")?.toLowerCase() === "websocket";
}
