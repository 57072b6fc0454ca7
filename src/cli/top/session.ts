import type { Clock } from "../../time/clock.ts";
import { type AdminClient, AdminError } from "../admin-client.ts";
import type { ServerEvent } from "../event-stream.ts";
import { exchangeLines, type ShownRow } from "../logs/show.ts";
import type { Screen } from "../screen.ts";
import type { BackendState, LogRow } from "./columns.ts";
import { drawn, pageOf } from "./draw.ts";
import { keysIn } from "./keys.ts";
import { type LiveSecond, Top } from "./model.ts";

export interface SessionServices {
  readonly clock: Clock;
  readonly color: boolean;
}

/** Milliseconds before a gateway that is away is asked again. */
const AGAIN_MS = 1_000;
const BACKENDS_EVERY_MS = 2_000;
/** Seconds that are shown at once, as far as the gateway knows them. */
const HISTORY = 120;

/** Keeps the screen up to date with what a gateway tells, and with what is typed. */
export class Session {
  readonly #client: AdminClient;
  readonly #screen: Screen;
  readonly #services: SessionServices;
  readonly #top: Top;
  readonly #ended = Promise.withResolvers<void>();
  readonly #decoder = new TextDecoder();
  #isOver = false;
  #rows: Readonly<Record<string, string>> | undefined;
  /** Ends the current stream of events. */
  #turn = new AbortController();
  #hasHistory = false;
  #isDue = false;
  #cancelBackends = (): void => {};

  constructor(client: AdminClient, screen: Screen, services: SessionServices) {
    this.#client = client;
    this.#screen = screen;
    this.#services = services;
    this.#top = new Top({
      quit: () => this.end(),
      rows: (filters) => {
        this.#rows = filters;
        this.#turn.abort();
      },
      open: (row) => void this.#open(row),
    });
  }

  /** Resolves when it is left. */
  async run(): Promise<void> {
    this.#screen.onInput((bytes) => {
      const page = pageOf(this.#screen);
      for (const key of keysIn(this.#decoder.decode(bytes, { stream: true }))) {
        this.#top.press(key, page);
      }
      this.#draw();
    });
    this.#screen.onResize(() => this.#draw());
    this.#draw();
    void this.#follow();
    void this.#watchBackends();
    await this.#ended.promise;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelBackends();
    this.#turn.abort();
    this.#ended.resolve();
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      const turn = new AbortController();
      this.#turn = turn;
      try {
        const events = await this.#client.events(this.#target(), turn.signal);
        for await (const event of events) this.#take(event);
        if (!turn.signal.aborted) this.#top.away = "the gateway has ended the stream";
      } catch (error) {
        // Other filters, or the end of this session.
        if (turn.signal.aborted) continue;
        this.#top.away = error instanceof AdminError ? error.message : String(error);
      }
      if (turn.signal.aborted) continue;
      this.#draw();
      await this.#pause(AGAIN_MS);
    }
  }

  #target(): string {
    const parameters = new URLSearchParams(this.#rows ?? { rows: "off" });
    if (!this.#hasHistory) parameters.set("history", String(HISTORY));
    return `/admin/api/live?${parameters.toString()}`;
  }

  #take({ name, data }: ServerEvent): void {
    if (this.#isOver) return;
    if (name === "second") {
      this.#hasHistory = true;
      this.#top.second(JSON.parse(data) as LiveSecond);
    } else if (name === "rows") {
      const { rows, skipped } = JSON.parse(data) as { rows: LogRow[]; skipped: number };
      this.#top.rows(rows, skipped);
    } else return;
    this.#drawSoon();
  }

  async #watchBackends(): Promise<void> {
    while (!this.#isOver) {
      try {
        const { backends } = (await this.#client.get("/admin/api/backends")) as {
          backends: BackendState[];
        };
        this.#top.backends(backends);
      } catch (error) {
        // The stream says so too.
        if (!(error instanceof AdminError)) throw error;
      }
      await new Promise<void>((resolve) => {
        this.#cancelBackends = this.#services.clock.schedule(BACKENDS_EVERY_MS, resolve);
      });
    }
  }

  async #open(known: LogRow): Promise<void> {
    const { width } = this.#screen;
    // It may not be in the file yet.
    this.#top.show(exchangeLines(known, width));
    this.#draw();
    try {
      const id = encodeURIComponent(String(known["request_id"]));
      const { row } = (await this.#client.get(`/admin/api/exchanges/${id}`)) as {
        row: ShownRow;
      };
      if (this.#top.opened !== undefined) this.#top.show(exchangeLines(row, width));
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      this.#top.message = error.message;
    }
    this.#draw();
  }

  /** Many events come at a time. */
  #drawSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  #draw(): void {
    if (this.#isOver) return;
    const { width, height } = this.#screen;
    const title = `gateway top  ${this.#client.origin}`;
    const lines = drawn(this.#top, { width, height }, title, this.#services.color);
    // Before the text: behind a full line the cursor still stands on its last place.
    const text = lines.map((line) => `\x1b[K${line}`).join("\r\n");
    this.#screen.write(`\x1b[H${text}`);
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#services.clock.schedule(milliseconds, resolve);
    });
  }
}
