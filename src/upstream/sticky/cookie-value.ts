/** What the cookie says: `id.id.time`, the ids of backends and when it was set. */
export interface CookieValue {
  /** The latest last. */
  readonly ids: readonly string[];
  /** Unix epoch seconds; undefined without. */
  readonly setAt: number | undefined;
}

/**
 * Several upstreams may use one cookie, each with backends of its own. With more, the ids of those that
 * set theirs longest ago are given up.
 */
const MOST_IDS = 8;

export const ID_LENGTH = 16;
const ID = new RegExp(`^[A-Za-z0-9_-]{${ID_LENGTH}}$`);
/** In base 36, so never as long as an id. */
const TIME = /^[0-9a-z]{1,8}$/;

const NONE: CookieValue = { ids: [], setAt: undefined };

/** Whatever is not well-formed is left out: it comes from the client. */
export function readCookieValue(written: string | null): CookieValue {
  if (written === null) return NONE;
  const parts = written.split(".", MOST_IDS + 1);
  const time = parts.find((part) => TIME.test(part));
  return {
    ids: parts.filter((part) => ID.test(part)),
    setAt: time === undefined ? undefined : Number.parseInt(time, 36),
  };
}

/** What the latest of the ids stands for that is known; undefined if none is. */
export function latestKnown<Thing>(
  ids: readonly string[],
  known: ReadonlyMap<string, Thing>,
): Thing | undefined {
  for (let at = ids.length - 1; at >= 0; at -= 1) {
    const thing = known.get(ids[at] ?? "");
    if (thing !== undefined) return thing;
  }
  return undefined;
}

/** The ids with this one as the latest. */
export function withId(ids: readonly string[], id: string): string[] {
  return [...ids.filter((other) => other !== id), id].slice(-MOST_IDS);
}

export function cookieText({ ids, setAt }: CookieValue): string {
  return (setAt === undefined ? ids : [...ids, setAt.toString(36)]).join(".");
}
