import { Elysia, type ElysiaAdapter } from "elysia";
import { WebStandardAdapter } from "elysia/adapter/web-standard";
import type { ClientRequest } from "../pipeline/client-request.ts";
import type { Delivery } from "../pipeline/delivery.ts";
import type { Handle } from "./listener/session.ts";

/** The gateway, as far as the app needs it. */
interface Answering {
  handle: Handle;
}

/**
 * The app that clients' ports serve: one catch-all route, content unread, that uses only the request of
 * Elysia's context. Everything else is decided in the gateway, on validated input.
 *
 * The listener hands it requests, and the adapter lets the gateway's own answers through, so neither
 * Web objects nor Elysia's own parsing cost anything. Nor do promises: Elysia reads its handlers, and one
 * that calls nothing and asks for no parsing is called synchronously, its result handed through.
 */
export function trafficApp(gateway: Answering): Handle {
  const app = new Elysia({ adapter: throughAdapter }).all(
    "/*",
    ({ request }) => (request as unknown as AskedOfApp).delivery,
  );
  // Elysia's types know neither another object than a Request nor another result than a Response.
  return (client) =>
    app.fetch(new AskedOfApp(gateway, client) as unknown as Request) as unknown as
      | Delivery
      | Promise<Delivery>;
}

/** What Elysia sees of a client's request: enough to find the only route, whatever the client wrote. */
class AskedOfApp {
  readonly url = "http://gateway/";
  readonly method = "ALL";
  readonly #gateway: Answering;
  readonly #client: ClientRequest;

  constructor(gateway: Answering, client: ClientRequest) {
    this.#gateway = gateway;
    this.#client = client;
  }

  /** Takes the request through the gateway. */
  get delivery(): Delivery | Promise<Delivery> {
    return this.#gateway.handle(this.#client);
  }
}

/** What a handler returns is not made into a Response. */
const through = (answer: unknown) => answer;

const throughAdapter: ElysiaAdapter = {
  ...WebStandardAdapter,
  name: "gateway",
  handler: {
    ...WebStandardAdapter.handler,
    mapResponse: through,
    mapEarlyResponse: through,
    mapCompactResponse: through,
  },
};
