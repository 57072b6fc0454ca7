import { withoutBlanksAround } from "../http/blanks.ts";
import { hasToken, TOKEN } from "../http/fields.ts";
import { allowedUpgrades, asksForWebSocket, namesWebSocket } from "../http/upgrade.ts";
import { Answer } from "../pipeline/answer.ts";
import type { Channel } from "../pipeline/channel.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { markAnswer, prepareAnswer, type Relay } from "./response.ts";
import { PlainTunnel } from "./tunnel/plain.ts";
import type { Tunnel, Tunnels } from "./tunnel/tunnel.ts";
import { WebSocketTunnel } from "./tunnel/websocket.ts";

/**
 * The protocols to which a backend may upgrade the connection, as a list; undefined for an ordinary
 * request. Throws a GatewayError for a WebSocket's handshake that is not valid.
 */
export function requestedUpgrades(
  { method, fields, request }: Exchange,
  allowed: ReadonlySet<string> | undefined,
): string | undefined {
  const { upgrade } = fields;
  if (upgrade === null || request.protocol !== "HTTP/1.1") return undefined;
  if (!hasToken(fields.connection, "upgrade")) return undefined;
  const asked = allowedUpgrades(upgrade, allowed);
  if (!namesWebSocket(asked)) return asked;
  // Any other method asks for none (RFC 6455 section 4.1).
  if (!asksForWebSocket(method, upgrade)) return undefined;
  checkHandshake(fields);
  return asked;
}

/** Throws if no backend could accept a WebSocket's handshake (RFC 6455 section 4.2). */
export function checkHandshake(fields: { get(name: string): string | null }): void {
  if (fields.get("sec-websocket-version") !== "13") {
    throw new GatewayError("websocket_version", "only version 13 of WebSocket is supported", {
      fields: { upgrade: "websocket", "sec-websocket-version": "13" },
    });
  }
  if (!/^[A-Za-z0-9+/]{22}==$/.test(fields.get("sec-websocket-key") ?? "")) {
    throw new GatewayError("bad_request", "the WebSocket handshake is not complete");
  }
  const offered = offeredProtocols(fields.get("sec-websocket-protocol") ?? "");
  if (!offered.every((name) => TOKEN.test(name)) || new Set(offered).size < offered.length) {
    throw new GatewayError(
      "bad_request",
      "the Sec-WebSocket-Protocol field is not a list of different names",
    );
  }
}

/** Subprotocols, without the empty elements that a list may have (RFC 9110 section 5.6.1.2). */
function offeredProtocols(list: string): string[] {
  return list
    .split(",")
    .map(withoutBlanksAround)
    .filter((name) => name !== "");
}

/** A backend's answer to a request for an upgrade. */
export interface UpgradeRelay extends Relay {
  /** What was asked for. */
  readonly asked: string;
  readonly tunnels: Tunnels;
}

/** Turns it into the client's: a 101 has a tunnel, and a refusal is an answer like any other. */
export function answerUpgrade(exchange: Exchange, relay: UpgradeRelay): Answer {
  const { backendAnswer, asked } = relay;
  const { channel, status, upgrade } = backendAnswer;
  if (channel === undefined) {
    if (status >= 300 && namesWebSocket(asked)) {
      exchange.fail("websocket_refused", `the backend refused with status ${status}`);
    }
    return prepareAnswer(exchange, relay);
  }
  const { cancellation, held } = exchange;
  const tunnel = tunnelOver(channel, exchange, relay);
  exchange.held = {
    end() {
      held?.end();
      tunnel.end();
    },
  };
  if (cancellation.reason !== undefined) throw cancellation.reason;
  cancellation.interrupts(tunnel);
  const { fields } = backendAnswer;
  fields.delete(WITHOUT_MEANING);
  markAnswer(exchange, fields);
  fields.set("Upgrade", upgrade ?? asked);
  return new Answer(null, {
    status,
    statusText: backendAnswer.statusText,
    fields,
    tunnel: (client) => tunnel.open(client),
  });
}

function tunnelOver(
  channel: Channel,
  exchange: Exchange,
  { backendAnswer, settings, clock, tunnels }: UpgradeRelay,
): Tunnel {
  const options = { idleTimeout: settings.timeouts.idle, clock, tunnels };
  if (!namesWebSocket(backendAnswer.upgrade)) return new PlainTunnel(exchange, channel, options);
  const { maxMessageSize } = settings;
  return new WebSocketTunnel(exchange, channel, { ...options, maxMessageSize });
}

/** A 101 has no content (RFC 9110 section 8.6). */
const WITHOUT_MEANING: ReadonlySet<string> = new Set(["content-length"]);
