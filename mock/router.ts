import { type Call, answerEmpty, answerError, answerJson } from "./call.ts";

/** `parameter` is the part of the path that matched `:name` or `*`, as sent. */
export type Handler = (call: Call, parameter: string) => void | Promise<void>;

/** A path of the mock. Its last segment may be `:name` (one segment) or `*` (anything below). */
export interface Route {
  readonly path: string;
  /** Its purpose in one sentence, for the list at `GET /`. */
  readonly about: string;
  /** Handlers by method; ANY stands for every method, GET for HEAD too. */
  readonly on: Readonly<Record<string, Handler>>;
}

/** Finds the route for a path; a slash at the end makes no difference where none was expected. */
export class Router {
  readonly #routes: readonly Route[];
  readonly #exact = new Map<string, Route>();
  /** By the part before the last slash. */
  readonly #parametric = new Map<string, Route>();
  /** By the beginning of the path. */
  readonly #trees: (readonly [prefix: string, route: Route])[] = [];

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
    for (const route of routes) {
      const cut = route.path.lastIndexOf("/");
      if (route.path.endsWith("/*")) this.#trees.push([route.path.slice(0, -1), route]);
      else if (route.path[cut + 1] === ":") this.#parametric.set(route.path.slice(0, cut), route);
      else this.#exact.set(route.path, route);
    }
  }

  /** Answers the call, or has its route do so. Throws what the handler throws. */
  dispatch(call: Call): void | Promise<void> {
    const { path, method } = call;
    const found =
      this.#find(path) ?? (path.endsWith("/") ? this.#find(path.slice(0, -1)) : undefined);
    if (found === undefined) {
      const paths = this.#routes.map((route) => route.path);
      const error = `There is nothing at ${path}; GET / lists the paths`;
      answerJson(call, 404, { server: call.server, error, paths });
      return;
    }
    const { route, parameter } = found;
    const handler = route.on[method] ?? route.on["ANY"] ?? (method === "HEAD" && route.on["GET"]);
    if (handler) return handler(call, parameter);
    const allow = ["Allow", allowedMethods(route).join(", ")];
    if (method === "OPTIONS") answerEmpty(call, 204, allow);
    else answerError(call, 405, `${method} is not allowed for ${route.path}`, allow);
  }

  #find(path: string): { route: Route; parameter: string } | undefined {
    const cut = path.lastIndexOf("/") + 1;
    const parameter = path.slice(cut);
    const route =
      this.#exact.get(path) ??
      (parameter === "" ? undefined : this.#parametric.get(path.slice(0, cut - 1))) ??
      this.#trees.find(([prefix]) => path.startsWith(prefix))?.[1];
    return route && { route, parameter };
  }
}

function allowedMethods(route: Route): string[] {
  const methods = Object.keys(route.on);
  return [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"];
}

/** The route at `/`, which lists the others. */
export function listing(notes: readonly string[], routes: readonly Route[]): Route {
  const paths = routes.map((route) => ({
    path: route.path,
    methods: Object.keys(route.on).map((method) => (method === "ANY" ? "any method" : method)),
    about: route.about,
  }));
  return {
    path: "/",
    about: "This list.",
    on: {
      GET(call) {
        answerJson(call, 200, { server: call.server, notes, paths });
      },
    },
  };
}
