import { expect, test } from "bun:test";
import { RequestFields } from "../../../src/http/request-fields.ts";
import { fieldsFrom } from "../../support/client-request.ts";
import { asksForWebSocket } from "../../../src/http/websocket.ts";

const asks = (method: string, fields: Record<string, string>) =>
  asksForWebSocket(method, new RequestFields(fieldsFrom(fields)));

test.each(["websocket", "WebSocket", "WEBSOCKET"])("GET with Upgrade: %s asks for one", (value) => {
  expect(asks("GET", { upgrade: value })).toBe(true);
});

test.each([
  ["GET", {}],
  ["GET", { upgrade: "h2c" }],
  ["GET", { upgrade: "websocket2" }],
  ["POST", { upgrade: "websocket" }],
  ["GET", { "sec-websocket-key": "x" }],
] as [string, Record<string, string>][])("%s with %p asks for none", (method, fields) => {
  expect(asks(method, fields)).toBe(false);
});
