import { paths } from "../backend.ts";
import type { Section } from "../gateway.ts";

/** A gateway's configuration, as far as it is not the same for all; `backend` is a URL. */
export interface Setup {
  readonly settings?: (backend: string) => Section;
  readonly routes: (backend: string) => readonly Section[];
}

/** A gateway with the feature, or the one without it. */
export interface Side {
  readonly setup: Setup;
  /** Lua for its requests, which may ask something of the gateway first; see wrk.ts. */
  readonly script: (origin: string) => string | Promise<string>;
}

/** Something that a route or an upstream can do, measured against the same gateway without it. */
export interface Feature {
  readonly key: string;
  readonly name: string;
  readonly path: string;
  readonly without: Side;
  readonly with: Side;
}

export interface FeatureSettings {
  readonly key: string;
  readonly name: string;
  readonly with: Setup;
  /** A plain gateway if absent. */
  readonly without?: Setup;
  /** That of a small answer if absent. */
  readonly path?: string;
  /** The requests are the same on both sides. */
  readonly script?: Side["script"];
}

export function feature({
  key,
  name,
  path = paths.small,
  script = () => "",
  ...setups
}: FeatureSettings): Feature {
  const { with: setup, without = onRoute({}) } = setups;
  return { key, name, path, with: { setup, script }, without: { setup: without, script } };
}

/** A route of one backend with further keys. */
export function onRoute(keys: Section): Setup {
  return { routes: (backend) => [{ path: "/*", backends: [backend], ...keys }] };
}

/** A route of an upstream of two backends, which are at one address, with further keys of that. */
export function onUpstream(keys: Section, routeKeys: Section = {}): Setup {
  return {
    settings: (backend) => ({
      upstreams: { api: { backends: twoBackends(backend), ...keys } },
    }),
    routes: () => [{ path: "/*", upstream: "api", ...routeKeys }],
  };
}

/** A route and two upstreams, `one` and `two`. */
export function onTwoUpstreams(keys: Section): Setup {
  return {
    settings: (backend) => {
      const [one, two] = twoBackends(backend);
      return { upstreams: { one: { backends: [one] }, two: { backends: [two] } } };
    },
    routes: () => [{ path: "/*", ...keys }],
  };
}

// So that what is measured is their number and not that of connections.
const twoBackends = (backend: string): readonly [string, string] => [
  `${backend}${paths.below}one`,
  `${backend}${paths.below}two`,
];
