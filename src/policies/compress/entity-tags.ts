const STRONG = /^"[!#-~\x80-\xFF]*"$/;

/** A strong entity tag as a weak one (RFC 9110 section 8.8.3); undefined for any other text. */
export function weakened(tag: string): string | undefined {
  return STRONG.test(tag) ? `W/${tag}` : undefined;
}

/** Whether a list of entity tags, such as If-None-Match, has this one, in the same form. */
export function listsTag(list: string, tag: string): boolean {
  return list.match(TAGS)?.includes(tag) === true;
}

/** A list of entity tags with strong ones in place of weak ones. */
export function strengthened(list: string): string {
  return list.replaceAll(TAGS, (tag) => (tag.startsWith("W/") ? tag.slice(2) : tag));
}

const TAGS = /(?:W\/)?"[!#-~\x80-\xFF]*"/g;
