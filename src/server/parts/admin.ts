import { splitAddress } from "../../config/admin-schema.ts";
import type { Config } from "../../config/schema.ts";
import type { Handler } from "../../pipeline/chain.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { OwnPages } from "../../runtime/gateway.ts";
import type { Snapshot } from "../../runtime/snapshot.ts";
import { localOrToken, type OperatorCheck, tokenOrElseLocal } from "../admin/access.ts";
import { createAdminApp } from "../admin/app.ts";
import { listenForAdmin } from "../admin/listen.ts";
import { ownPages } from "../own-pages.ts";
import { openPort } from "./open-port.ts";

type Settings = Config["admin"];

/** What the operator's interface shows. */
interface AdminSubject {
  readonly version: string;
  readonly snapshot: () => Snapshot;
  readonly accessLogCounts: () => { written: number; queued: number; dropped: number };
}

/** The operator's interface: its port, where it has one, and the gateway's pages on the main port. */
export class Admin {
  readonly #subject: AdminSubject;
  readonly #handle: (request: Request) => Promise<Response>;
  #settings: Settings;
  #pages: OwnPages;
  #isOperator: OperatorCheck;
  #listener: ReturnType<typeof listenForAdmin> | undefined;

  /** Opens nothing yet. */
  constructor(subject: AdminSubject, settings: Settings) {
    const app = createAdminApp(subject);
    this.#subject = subject;
    this.#handle = (request) => app.handle(request);
    this.#settings = settings;
    this.#pages = this.#choosePages(settings);
    this.#isOperator = tokenOrElseLocal(settings?.token);
  }

  /** The handler of a request for one of the gateway's own pages; undefined for any other. */
  page(exchange: Exchange): Handler | undefined {
    return this.#pages(exchange);
  }

  /** The address of the operator's own port; undefined where there is none. */
  get url(): URL | undefined {
    return this.#listener?.url;
  }

  /** Opens the operator's port, where there is one. Throws a ListenError. */
  open(): void {
    this.#listener = this.#listen(this.#settings?.listen);
  }

  /**
   * Puts other settings in force. Throws a ListenError where another port cannot be had, and then
   * changes nothing.
   */
  change(settings: Settings): void {
    const before = this.#listener;
    const moves = settings?.listen !== this.#settings?.listen;
    if (moves) this.#listener = this.#listen(settings?.listen);
    this.#settings = settings;
    this.#pages = this.#choosePages(settings);
    this.#isOperator = tokenOrElseLocal(settings?.token);
    if (moves) void before?.stop();
  }

  async close(): Promise<void> {
    await this.#listener?.stop(true);
  }

  #listen(listen: string | undefined) {
    if (listen === undefined) return undefined;
    return openPort(listen, "admin.listen", () =>
      listenForAdmin({
        ...splitAddress(listen),
        isOperator: (asker) => this.#isOperator(asker),
        handle: this.#handle,
      }),
    );
  }

  #choosePages(settings: Settings): OwnPages {
    const { snapshot, version } = this.#subject;
    const admin =
      settings?.listen === undefined
        ? { isOperator: localOrToken(settings?.token), handle: this.#handle }
        : undefined;
    return ownPages({ snapshot, version, admin });
  }
}
