import { Store } from "./store.ts";

export const VIEWS = [
  "overview",
  "requests",
  "routes",
  "backends",
  "limits",
  "configuration",
  "operations",
] as const;
export type View = (typeof VIEWS)[number];

/** What the address bar says: the view, and everything that narrows what it shows. */
export interface Place {
  readonly view: View;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Parameters to set; those that are undefined or empty are removed. */
export type Parameters = Readonly<Record<string, string | undefined>>;

export const place = new Store<Place>(readPlace(location.search));

addEventListener("popstate", () => place.set(readPlace(location.search)));

function readPlace(search: string): Place {
  const { view, ...parameters } = Object.fromEntries(new URLSearchParams(search));
  return { view: VIEWS.find((name) => name === view) ?? "overview", parameters };
}

/** The address of a view with parameters. */
export function addressOf(view: View, parameters: Parameters = {}): string {
  const all: Parameters = { view: view === "overview" ? undefined : view, ...parameters };
  const given = Object.entries(all).flatMap(([name, value = ""]) =>
    value === "" ? [] : [[name, value]],
  );
  // Colons, slashes and asterisks may stand in a query; filters are easier to read with them.
  const text = new URLSearchParams(given)
    .toString()
    .replace(/%3A/g, ":")
    .replace(/%2F/g, "/")
    .replace(/%2C/g, ",");
  return text === "" ? location.pathname : `?${text}`;
}

/** Goes to an address of the page: as a step that the browser's back button undoes, or in place of this one. */
export function goTo(address: string, how: "push" | "replace" = "push"): void {
  if (how === "push") history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  place.set(readPlace(location.search));
}

/** Changes parameters of the present view and keeps the others. */
export function narrow(changes: Parameters, how: "push" | "replace" = "push"): void {
  const { view, parameters } = place.value;
  goTo(addressOf(view, { ...parameters, ...changes }), how);
}
