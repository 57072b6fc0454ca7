import type { Page, PageRequest } from "./pages.ts";
import type { QueryContext } from "./query.ts";
import { scanBack } from "./scan.ts";

const DEFAULT_SLICE = 150;

/** The newest rows that meet the filters, before a place in the log. */
export function page(context: QueryContext, request: PageRequest): Page {
  const { filters, limit, before = Number.MAX_SAFE_INTEGER, slice = DEFAULT_SLICE } = request;
  return scanBack({ ...context, time: context.time.slice(slice) }, filters, before, limit);
}
