import { secretCheck } from "../../units/secret.ts";
import type { Clock } from "../../time/clock.ts";
import { type Asker, bearerToken, isForeignTo, onOwnPort } from "./access.ts";
import { ApiProblem, problemAnswer } from "./api/api-problem.ts";
import { Guesses } from "./guesses.ts";
import { localOnly, tokenWanted } from "./refusals.ts";
import { endedCookie, sessionCookie, sessionIdsIn } from "./session-cookie.ts";
import { Sessions } from "./sessions.ts";
import { NO_PORT, type Visitor } from "./visitor.ts";

export interface GateServices {
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether everybody may ask for it: it shows nothing of this gateway. */
  readonly isPublic: (request: Request) => boolean;
}

/**
 * Who may use the operator's port. With a token: who sends it, and browsers that have logged in with it.
 * Without one: programs and pages on this machine.
 */
export class Gate {
  readonly #services: GateServices;
  readonly #sessions: Sessions;
  readonly #guesses: Guesses;
  #token: string | undefined;
  #isToken: (given: string) => boolean = () => false;
  /** Who was let in with other settings has to ask again. */
  #settings = 0;

  constructor(services: GateServices) {
    this.#services = services;
    this.#sessions = new Sessions(services.clock);
    this.#guesses = new Guesses(services.clock, services.random);
  }

  get needsToken(): boolean {
    return this.#token !== undefined;
  }

  /** Takes another token; undefined for none. Sessions that were opened with the one before end. */
  change(token: string | undefined): void {
    if (token === this.#token) return;
    this.#token = token;
    this.#settings += 1;
    this.#isToken = token === undefined ? () => false : secretCheck(token);
    this.#sessions.endAll();
  }

  /** Who has sent the request, or the answer that refuses it. */
  admit(asker: Asker, request: Request): Visitor | Response {
    const { peer, port } = asker;
    const isStillIn = this.sameSettings();
    if (!this.needsToken) {
      return onOwnPort(asker) ? { by: "local", peer, port, isStillIn } : localOnly();
    }
    const given = bearerToken(asker.headers);
    if (given !== undefined) {
      const wrong = this.#wrong(peer, given);
      return wrong === undefined ? { by: "token", peer, port, isStillIn } : refusal(wrong, request);
    }
    const visitor = this.#byCookie(asker);
    if (visitor !== undefined) return visitor;
    if (this.#services.isPublic(request) || isLoginPage(request))
      return { by: "nobody", peer, port };
    return refusal(new ApiProblem(401, WANTED), request);
  }

  /** Whether the token is the one that it is now, as a question for later. */
  sameSettings(): () => boolean {
    const settings = this.#settings;
    return () => settings === this.#settings;
  }

  /** Whether an asker of the main port sends the token; guesses are slowed there as on this port. */
  bearsToken({ headers, client, peer }: Asker): boolean {
    const given = bearerToken(headers);
    return given !== undefined && this.#wrong(client ?? peer, given) === undefined;
  }

  /** Opens a session; answers the fields that set its cookie. Throws an ApiProblem for a wrong token. */
  login(visitor: Visitor, token: string, headers: Headers): string {
    if (!this.needsToken) {
      throw new ApiProblem(
        409,
        "this gateway has no admin.token, so there is nothing to log in to",
      );
    }
    if (visitor.port === NO_PORT) {
      throw new ApiProblem(409, "log in on the operator's own port; here, send the token");
    }
    const wrong = this.#wrong(visitor.peer, token);
    if (wrong !== undefined) throw wrong;
    if (visitor.sessionId !== undefined) this.#sessions.end(visitor.sessionId);
    const { id } = this.#sessions.begin(headers.get("host") ?? "");
    return sessionCookie(id, visitor.port, isSecure(headers));
  }

  /** Ends a visitor's session, if there is one. */
  logout({ sessionId, port }: Visitor, headers: Headers): string {
    if (sessionId !== undefined) this.#sessions.end(sessionId);
    return endedCookie(port, isSecure(headers));
  }

  /** The visitor of a session; undefined without one, and for a page of another origin. */
  #byCookie({ peer, port, host, headers }: Asker): Visitor | undefined {
    if (isForeignTo(host, headers)) return undefined;
    for (const sessionId of sessionIdsIn(headers, port)) {
      const session = this.#sessions.find(sessionId, host);
      if (session === undefined) continue;
      const isStillIn = () => this.#sessions.isOpen(sessionId);
      return { by: "session", peer, port, session, sessionId, isStillIn };
    }
    return undefined;
  }

  /** Why a token does not open the port; undefined if it does. */
  #wrong(peer: string, given: string): ApiProblem | undefined {
    const wait = this.#guesses.secondsToWait(peer);
    if (wait > 0) {
      return new ApiProblem(429, `too many wrong tokens from this address; wait ${wait} s`, wait);
    }
    if (this.#isToken(given)) return undefined;
    this.#guesses.failed(peer);
    return new ApiProblem(
      401,
      "the token is wrong; admin.token in the configuration is the right one",
    );
  }
}

const WANTED = "send admin.token as Authorization: Bearer, or log in at /admin/";

const LOGIN_PAGES: ReadonlySet<string> = new Set([
  "GET /admin/api/session",
  "POST /admin/api/login",
]);

function isLoginPage({ method, url }: Request): boolean {
  return LOGIN_PAGES.has(`${method} ${new URL(url).pathname}`);
}

/** The API's problems for the API; for the other pages what they have always answered. */
function refusal(problem: ApiProblem, { url }: Request): Response {
  const isApi = new URL(url).pathname.startsWith("/admin/api/");
  return isApi || problem.status === 429 ? problemAnswer(problem) : tokenWanted();
}

/** Whether the browser speaks TLS, with a proxy in front of this port. It says so itself, for itself. */
function isSecure(headers: Headers): boolean {
  return /^https:/i.test(headers.get("origin") ?? headers.get("referer") ?? "");
}
