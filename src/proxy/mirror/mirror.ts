import { findField } from "../../http/fields.ts";
import { isReader } from "../../pipeline/answer.ts";
import { Cancellation } from "../../pipeline/cancellation.ts";
import type { ContentReader } from "../../pipeline/content.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { Clock } from "../../time/clock.ts";
import type { Timeout } from "../../time/timeout.ts";
import { Attempt, type Transport } from "../../transport/attempt.ts";
import { nextTurn } from "../../time/next-turn.ts";
import type { Backend } from "../../upstream/backend.ts";
import type { Outcome } from "../../upstream/outcome.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import { answered, backendFailure } from "../failure.ts";
import { pickFirst } from "../pick.ts";
import type { Content } from "../request.ts";
import { discard } from "../retry/discard.ts";
import { trialAt } from "../trial.ts";
import { CopiedContent } from "./copying.ts";

/** Copies in flight per mirror; beyond that, requests are not copied. Bounds their memory. */
const MOST_IN_FLIGHT = 256;

/** What has become of the requests that were chosen to be copied. */
export interface MirrorCounts {
  /** Copies that a backend answered. */
  answered: number;
  /** Copies that failed, or got no answer in time. */
  failed: number;
  /** Requests with more content than `max_body`. */
  too_large: number;
  /** Requests for which there was no backend, or that came while too many copies were in flight. */
  dropped: number;
}

export function noCopies(): MirrorCounts {
  return { answered: 0, failed: 0, too_large: 0, dropped: 0 };
}

export interface MirrorSettings {
  /** Of the upstream that gets the copies. */
  readonly name: string;
  readonly upstream: Upstream;
  /** Whether its backends get the client's Host, or their own. */
  readonly preserveHost: boolean;
  /** The share of the requests that is copied, 0 to 1. */
  readonly share: number;
  /** Bytes. */
  readonly maxBody: number;
  readonly timeout: Timeout<Attempt>;
}

export interface MirrorServices {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Evenly spread over [0, 1). */
  readonly random: () => number;
}

/** Copies a route's requests to another upstream. No exchange waits for it or learns of it. */
export class Mirror {
  readonly counts: MirrorCounts;
  readonly #settings: MirrorSettings;
  readonly #services: MirrorServices;
  #inFlight = 0;

  /** `counts` outlives the mirror. */
  constructor(settings: MirrorSettings, counts: MirrorCounts, services: MirrorServices) {
    this.#settings = settings;
    this.counts = counts;
    this.#services = services;
  }

  get name(): string {
    return this.#settings.name;
  }

  get upstream(): Upstream {
    return this.#settings.upstream;
  }

  /**
   * Copies the request of an exchange, whose content it returns: what is not there yet is copied as it
   * passes. To be called when nothing more changes the request.
   */
  copy(exchange: Exchange, content: Content): Content {
    const { share, maxBody } = this.#settings;
    if (share < 1 && this.#services.random() >= share) return content;
    const { body } = content;
    const known = body === null ? 0 : body.length;
    if (known !== undefined && known > maxBody) {
      this.counts.too_large += 1;
      return content;
    }
    const request = this.#requestOf(exchange);
    if (!isReader(body)) {
      this.#send(exchange, request, body);
      return content;
    }
    const copied = (source: ContentReader) =>
      new CopiedContent(source, maxBody, (copy) => {
        if (copy === undefined) this.counts.too_large += 1;
        else this.#send(exchange, request, copy);
      });
    const { repeatable } = content;
    if (repeatable === undefined) return { ...content, body: copied(body) };
    repeatable.readThrough(copied);
    return content;
  }

  #requestOf({ outgoing, trace }: Exchange): MirroredRequest {
    const { method, path, query } = outgoing;
    // A copy has no span: in a trace, what is sent to it is sent by the exchange.
    const fields = trace?.fieldsFor(outgoing.fields, trace.spanId) ?? [...outgoing.fields];
    // A trusted proxy may have made a copy already.
    if (findField(fields, "x-mirrored") === -1) fields.push("x-mirrored", "true");
    if (!this.#settings.preserveHost && !outgoing.isHostSet) remove(fields, "host");
    return { method, target: path + query, fields };
  }

  #send(exchange: Exchange, request: MirroredRequest, body: Uint8Array | null): void {
    const hasRoom = this.#inFlight < MOST_IN_FLIGHT;
    const backend = hasRoom ? pickFirst(this.#settings.upstream, exchange, false) : undefined;
    if (backend === undefined) {
      this.counts.dropped += 1;
      return;
    }
    this.#inFlight += 1;
    backend.inFlight += 1;
    void this.#attempt(request, body, backend).finally(() => {
      this.#inFlight -= 1;
      backend.inFlight -= 1;
    });
  }

  async #attempt(
    { method, target, fields }: MirroredRequest,
    body: Uint8Array | null,
    backend: Backend,
  ): Promise<void> {
    const { timeout } = this.#settings;
    const { clock, transport } = this.#services;
    const isFramed = body === null || findField(fields, "content-length") !== -1;
    const attempt = new Attempt(
      {
        backend: backend.url,
        to: backend.to,
        method,
        target: backend.basePath + target,
        fields: isFramed ? fields : [...fields, "content-length", `${body.length}`],
        upgrade: undefined,
        body,
        bodySent: undefined,
        timeout,
        cancellation: new Cancellation(),
        from: NOBODY,
      },
      clock.monotonic(),
    );
    attempt.trial = trialAt(backend);
    // The exchange's own attempt goes first.
    await nextTurn();
    try {
      const answer = await attempt.sendBy(transport);
      this.counts.answered += 1;
      backend.health.reached();
      this.#tell(attempt, backend, answered(answer, clock.monotonic() - attempt.startedAt));
      if (answer.content !== undefined) await discard(answer.content, clock);
    } catch (error) {
      this.counts.failed += 1;
      const failure = backendFailure(error);
      const detail = error instanceof Error ? error.message : "";
      if (failure?.reached === "nothing") backend.health.unreached(detail);
      const milliseconds = clock.monotonic() - attempt.startedAt;
      this.#tell(
        attempt,
        backend,
        failure && { failure: failure.kind, status: 0, milliseconds, detail },
      );
    }
  }

  /** Without an outcome, the backend is not to blame. */
  #tell({ trial }: Attempt, backend: Backend, outcome: Outcome | undefined): void {
    trial?.ended(outcome);
    if (outcome !== undefined) this.#settings.upstream.observer?.attempted(backend, outcome);
  }
}

interface MirroredRequest {
  readonly method: string;
  /** Without the backend's base path. */
  readonly target: string;
  /** Names in lower case, each followed by its value. */
  readonly fields: readonly string[];
}

/** Nobody gets interim answers to copies, and their connections are shared. */
const NOBODY = { clientConnection: undefined };

function remove(fields: string[], name: string): void {
  const at = findField(fields, name);
  if (at !== -1) fields.splice(at, 2);
}
