/** Parameters of other software: `{id}`, `{id:[0-9]+}`, `<id>`, `<int:id>`. */
const BRACED = /\{([A-Za-z_]\w*)(?::(?:[^{}]|\{[^{}]*\})*)?\}/g;
/** `[^/]+` in the middle of a path. */
const ANY_BUT_SLASH = /(?<=\/)\(?\[\^\/\][+*]\)?(?=\/)/g;
/** `:id(\\d+)` of Express. */
const CONSTRAINED = /:([A-Za-z_]\w*)\([^()]*\)/g;
const ANGLED = /<(?:[a-z]+:)?([A-Za-z_]\w*)(?::[a-z]+)?>/g;
/** Named wildcards of other software: `{*rest}`, `{rest...}`, `{rest*}`. */
const BRACED_REST = /\{(?:\*{1,2}([A-Za-z_]\w*)|([A-Za-z_]\w*)(?:\.{3}|\*))\}/g;
/** A URL's scheme and host, or a host as in Caddy: `api.example.com/users`. */
const HOST = /^(?:[a-z]+:\/\/[^/]*|(?:[\w-]+\.)+[a-z]{2,}(?::[0-9]+)?(?=\/))/i;
const ANY = "any";

/**
 * Translates a path as nginx, Caddy, Traefik and others write it to ours; undefined if there is
 * nothing to translate. The result may still be invalid.
 */
export function translatePath(path: string): string | undefined {
  const plain = path
    .trim()
    .replace(HOST, "")
    // nginx's modifiers, and a regular expression's ends.
    .replace(/^(?:~\*|\^~|[~=^])\s*\^?/, "")
    .replace(/\$$/, "")
    .replace(ANY_BUT_SLASH, "*")
    .replace(BRACED_REST, (_, first?: string, second?: string) => `*${first ?? second ?? ""}`)
    .replace(CONSTRAINED, ":$1")
    .replace(BRACED, ":$1")
    .replace(ANGLED, ":$1");
  const texts = plain
    .replace(/^(?!\/)/, "/")
    .slice(1)
    .split("/");
  const names = new Set<string>();
  const segments = texts.flatMap((text, index) =>
    translateSegment(text, index === texts.length - 1, names),
  );
  const translated = `/${segments.join("/")}`;
  return translated === path ? undefined : translated;
}

function translateSegment(text: string, isLast: boolean, names: Set<string>): string[] {
  if (ONE_SEGMENT.test(text)) return [`:${nextName(names)}`];
  const wildcard = /^(.*?)(?:\(?\.\*\)?|\(\.\+\)|\*{1,2}(\w*))$/.exec(text);
  if (wildcard === null) return [text];
  const [, before = "", name = ""] = wildcard;
  if (isLast) return before === "" ? [`*${name}`] : [before, `*${name}`];
  return before === "" ? [`:${name === "" ? nextName(names) : name}`] : [text];
}

/** A group or a class of a regular expression that is one segment: `(\d+)`, `[^/]+`. */
const ONE_SEGMENT = /^\(?(?:\\[dw][+*]?|\[[^\]]*\][+*])\)?$/;

function nextName(names: Set<string>): string {
  const name = names.size === 0 ? ANY : `${ANY}${names.size + 1}`;
  names.add(name);
  return name;
}
