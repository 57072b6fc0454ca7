import { isAddress, splitAddress } from "../../config/admin-schema.ts";
import type { Config } from "../../config/schema.ts";
import type { Handler } from "../../pipeline/chain.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import type { OwnPages } from "../../runtime/gateway.ts";
import { onMainPort, type OperatorCheck } from "../admin/access.ts";
import { type AdminPages, type AdminSubject, createAdminPages } from "../admin/app.ts";
import { Gate } from "../admin/gate.ts";
import { type AdminListenOptions, listenForAdmin } from "../admin/listen.ts";
import { userOfPeer } from "../admin/peer-user.ts";
import { isForPage } from "../admin/page/page.ts";
import { NO_PORT } from "../admin/visitor.ts";
import { type MainPortPages, ownPages } from "../own-pages.ts";
import { Listening } from "./listening.ts";
import { ListenError, openPort } from "./open-port.ts";

type Settings = Config["admin"];

/** What the operator's interface shows. */
interface Subject extends Omit<AdminSubject, "clock" | "gate"> {
  /** The port that clients talk to. */
  readonly mainPort: () => number;
  /** See `OwnPagesOptions`. */
  readonly redirectPort: () => number | undefined;
}

/** What the operator's port needs. */
type AdminServices = Pick<AdminListenOptions, "clock" | "onError"> & {
  readonly random: () => number;
};

/** The default address of the operator's pages. */
const DEFAULT_LISTEN = "127.0.0.1:9090";
const ANY_FREE_PORT = "127.0.0.1:0";

/** The operator's interface: its port, and the gateway's own pages on the main port. */
export class Admin {
  readonly #subject: Subject;
  readonly #adminPages: AdminPages;
  readonly #services: AdminServices;
  #settings: Settings;
  #pages: OwnPages;
  readonly #gate: Gate;
  readonly #listening = new Listening<ReturnType<typeof listenForAdmin>>();

  /** Opens nothing yet. */
  constructor(subject: Subject, settings: Settings, services: AdminServices) {
    const { clock, random } = services;
    this.#subject = subject;
    this.#services = services;
    // Everybody gets the page, and nothing of the gateway in it: it is where the token is entered.
    this.#gate = new Gate({ clock, random, isPublic: isForPage });
    this.#gate.change(settings?.token);
    this.#adminPages = createAdminPages({ ...subject, clock, gate: this.#gate });
    this.#settings = settings;
    this.#pages = this.#choosePages(settings);
  }

  /** The handler of a request for one of the gateway's own pages; undefined for any other. */
  page(exchange: Exchange): Handler | undefined {
    return this.#pages(exchange);
  }

  /** The address of the operator's own port; undefined if it has none. */
  get url(): URL | undefined {
    return this.#listening.url;
  }

  /** Opens the operator's port, if it has one. Throws a ListenError. */
  open(): void {
    const listen = this.#settings?.listen;
    if (listen !== "off") this.#listening.open(() => this.#listen(listen));
  }

  /**
   * Applies other settings. Throws a ListenError if a new port cannot be opened; then everything but
   * the port has changed.
   */
  change(settings: Settings): void {
    const before = this.#settings?.listen;
    this.#settings = settings;
    // Before the port: from here on the old settings admit nobody.
    this.#gate.change(settings?.token);
    this.#pages = this.#choosePages(settings);
    if (settings?.listen === before) return;
    try {
      this.#move(before, settings?.listen);
    } catch (error) {
      const { listen: _, ...kept } = settings ?? {};
      this.#settings = before === undefined ? kept : { ...kept, listen: before };
      this.#pages = this.#choosePages(this.#settings);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#listening.close();
  }

  #move(before: string | undefined, listen: string | undefined): void {
    if (listen === "off") {
      this.#listening.leave();
      return;
    }
    this.#listening.move(
      splitAddress(isAddress(listen) ? listen : DEFAULT_LISTEN).port,
      () => this.#listen(listen),
      () => this.#listen(before),
    );
  }

  #listen(listen: string | undefined) {
    if (isAddress(listen)) return this.#listenAt(listen);
    try {
      return this.#listenAt(DEFAULT_LISTEN);
    } catch (error) {
      // This port was not configured, so another one will do; another gateway may have it.
      if (!(error instanceof ListenError)) throw error;
      return this.#listenAt(ANY_FREE_PORT);
    }
  }

  #listenAt(listen: string) {
    return openPort(listen, "admin.listen", () =>
      listenForAdmin({
        ...splitAddress(listen),
        ...this.#services,
        admit: (asker, request) => this.#gate.admit(asker, request),
        handle: (request, visitor) => this.#adminPages.handle(request, visitor),
      }),
    );
  }

  #choosePages(settings: Settings): OwnPages {
    const { snapshot, version, mainPort, redirectPort } = this.#subject;
    return ownPages({
      snapshot,
      version,
      mainPort,
      redirectPort,
      admin: mainPortPages(settings, this.#adminPages, this.#gate),
    });
  }
}

/** The pages that are safe to show on the clients' port: they change nothing and reveal little. */
const LOCAL_PAGES: ReadonlySet<string> = new Set(["/admin/backends", "/admin/log"]);

/** The operator's pages on the main port; undefined for none. */
function mainPortPages(
  settings: Settings,
  pages: AdminPages,
  gate: Gate,
): MainPortPages | undefined {
  const { token, listen } = settings ?? {};
  const byDefault = isAddress(listen) ? "off" : token === undefined ? "local" : "token";
  const shown = settings?.main_port ?? byDefault;
  const { has } = pages;
  const by = token === undefined ? "local" : "token";
  // No logins here: pages of applications on this port would share them.
  const isStillIn = gate.sameSettings();
  const handle = (request: Request, peer: string) =>
    pages.handle(request, { by, peer, port: NO_PORT, isStillIn });
  const bearsToken: OperatorCheck = (asker) => gate.bearsToken(asker);
  if (shown === "off") return undefined;
  if (shown === "token") {
    if (token === undefined) return undefined;
    return { isOperator: bearsToken, has, handle };
  }
  const isLocal = onMainPort(process.geteuid?.(), userOfPeer);
  return {
    isOperator: token === undefined ? isLocal : both(isLocal, bearsToken),
    has: (method, path) => method === "GET" && LOCAL_PAGES.has(path),
    handle,
  };
}

function both(one: OperatorCheck, other: OperatorCheck): OperatorCheck {
  return (asker) => one(asker) && other(asker);
}
