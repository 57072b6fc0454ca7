import type { Answer } from "../../pipeline/answer.ts";
import type { ClientRequest, RequestRefusal } from "../../pipeline/client-request.ts";
import type { Delivery } from "../../pipeline/delivery.ts";
import type { Clock } from "../../time/clock.ts";
import type { ListenerLimits } from "../listener/limits.ts";
import { Listener } from "../listener/listener.ts";
import { portOf } from "../parts/listening.ts";
import { answerOf, webRequest } from "../web.ts";
import type { Asker } from "./access.ts";
import { guarded } from "./guarded.ts";
import type { Visitor } from "./visitor.ts";

export interface AdminListenOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** Who has sent a request, or the answer that refuses it. */
  readonly admit: (asker: Asker, request: Request) => Visitor | Response;
  readonly handle: (request: Request, visitor: Visitor) => Promise<Response>;
  /** Called for an error of the app. */
  readonly onError: (error: unknown) => void;
}

/** The limits of the operator's port; the same for everybody, so that no setting locks the operator out. */
const LIMITS: ListenerLimits = {
  maxHeaderSize: 65_536,
  headerTimeout: 10_000,
  keepAliveTimeout: 75_000,
  http2: false,
};

const TIMED_OUT = 408;

/** Opens the operator's port. Throws when it cannot be opened. */
export function listenForAdmin(options: AdminListenOptions): Listener {
  const { host, port, clock, onError } = options;
  const listener: Listener = new Listener({
    host,
    port,
    limits: LIMITS,
    clock,
    handle: async (request) => new Page(await answer(request)),
    onError,
  });
  async function answer(request: ClientRequest): Promise<Answer> {
    const { refusal } = request;
    if (refusal !== undefined) return answerOf(refused(refusal));
    try {
      const asked = webRequest(request);
      const { peer, peerPort } = request.connection;
      const { headers } = asked;
      const host = headers.get("host") ?? "";
      const asker = { peer, peerPort, port: portOf(listener.url), host, headers };
      const visitor = options.admit(asker, asked);
      const told = answerOf(
        guarded(visitor instanceof Response ? visitor : await options.handle(asked, visitor)),
      );
      // The rest of the content is not waited for.
      if (told.status === TIMED_OUT) told.fields.set("Connection", "close");
      return told;
    } catch (error) {
      onError(error);
      return answerOf(new Response("the request cannot be answered\n", { status: 400 }));
    }
  }
  return listener;
}

function refused({ status, detail }: RequestRefusal): Response {
  return new Response(`${detail}\n`, { status });
}

/** An answer that nobody follows. */
class Page implements Delivery {
  readonly answer: Answer;

  constructor(answer: Answer) {
    this.answer = answer;
  }

  sent(): void {}

  ended(): void {}
}
