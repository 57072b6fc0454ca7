import { isMapping, type Mapping } from "../../../units/mapping.ts";

/** A document may describe many servers; more base paths than these are not expected. */
const MOST_PATHS = 100;

/** The paths of server URLs, without a "/" at the end: "" and "/v1". Variables take all their values. */
export function basePaths(servers: unknown): string[] {
  const list = Array.isArray(servers) ? servers.filter(isMapping) : [];
  const urls = list.flatMap(urlsOf).slice(0, MOST_PATHS);
  const paths = urls.map((url) => URL.parse(url, "http://gateway/")?.pathname ?? "/");
  return paths.length === 0 ? [""] : [...new Set(paths.map((path) => path.replace(/\/+$/, "")))];
}

function urlsOf({ url, variables }: Mapping): string[] {
  if (typeof url !== "string") return [];
  let urls = [url];
  for (const [name, variable] of Object.entries(isMapping(variables) ? variables : {})) {
    if (!isMapping(variable) || !url.includes(`{${name}}`)) continue;
    const { enum: values, default: usual } = variable;
    const all = Array.isArray(values) && values.length > 0 ? values : [usual];
    urls = urls
      .flatMap((one) => all.map((value) => one.replaceAll(`{${name}}`, String(value))))
      .slice(0, MOST_PATHS);
  }
  return urls;
}
