/** The filters of the log, as in the URL, in `gateway logs` and in the API. */
export const FILTERS = {
  status: "404, 5xx, >=400",
  method: "GET, POST",
  path: "/api/*",
  host: "api.example.com",
  duration: ">200ms",
  route: "a route's id",
  backend: "a backend's URL",
  upstream: "an upstream's name",
  client: "an address",
  subject: "who the client is",
  provider: "an auth provider",
  error: "a code, or any",
  refused_by: "a policy",
  request_id: "an id",
  trace_id: "an id",
  configuration: "an id",
  model: "a language model",
  since: "10m, or a time",
  until: "a time",
} as const;
export type FilterName = keyof typeof FILTERS;

export type FilterTexts = Readonly<Partial<Record<FilterName, string>>>;

const NAMES = Object.keys(FILTERS) as FilterName[];

/** The filters among the parameters of an address. */
export function filtersIn(parameters: Readonly<Record<string, string>>): FilterTexts {
  const given = NAMES.flatMap((name) => {
    const value = parameters[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return Object.fromEntries(given);
}

/** `status:5xx path:/api/*`; values with spaces in quotes. */
export function filterText(filters: FilterTexts): string {
  return NAMES.flatMap((name) => {
    const value = filters[name];
    if (value === undefined) return [];
    return [`${name}:${/\s|"/.test(value) ? `"${value.replaceAll('"', '\\"')}"` : value}`];
  }).join(" ");
}

export interface ReadFilters {
  readonly filters: FilterTexts;
  /** What cannot be read, for people; undefined if all can. */
  readonly problem: string | undefined;
}

/**
 * Reads `name:value` words. A word without a name is taken for what it looks like: a status, a method, a
 * path, and otherwise a part of the path.
 */
export function readFilters(text: string): ReadFilters {
  const filters: Partial<Record<FilterName, string>> = {};
  let problem: string | undefined;
  for (const [word] of text.matchAll(/(?:[^\s"]|"(?:\\.|[^"\\])*"?)+/g)) {
    const [, name = "", written = ""] = /^([a-z_-]+):(.*)$/i.exec(word) ?? [];
    if (name === "") {
      const [guess, value] = guessed(unquoted(word));
      filters[guess] = value;
      continue;
    }
    const known = NAMES.find((one) => one === name.toLowerCase().replaceAll("-", "_"));
    if (known === undefined) problem ??= `There is no filter “${name}”.`;
    else if (written === "") problem ??= `${known}: needs a value, like ${FILTERS[known]}.`;
    else filters[known] = unquoted(written);
  }
  return { filters, problem };
}

function unquoted(text: string): string {
  return /^"(.*?)"?$/s.exec(text)?.[1]?.replaceAll('\\"', '"') ?? text;
}

function guessed(word: string): [FilterName, string] {
  if (/^(?:[<>]=?)?[1-5](?:xx|[0-9]{2})(?:,|$)/i.test(word)) return ["status", word];
  if (/^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/i.test(word)) {
    return ["method", word.toUpperCase()];
  }
  if (/^[<>]=?[0-9.]+(?:ms|s|m)$/.test(word)) return ["duration", word];
  if (word.startsWith("/") || word.includes("*")) return ["path", word];
  return ["path", `*${word}*`];
}
