import { KindGuard, type TSchema } from "@sinclair/typebox";
import { distance } from "fastest-levenshtein";

/** The name that was probably meant; undefined if none is close. */
export function closest(written: string, names: readonly string[]): string | undefined {
  const plain = plainForm(written);
  const near = names
    .map((name) => ({ name, plain: plainForm(name), far: distance(plain, plainForm(name)) }))
    .filter(({ plain: other, far }) => far <= tolerance(plain, other))
    .sort((a, b) => a.far - b.far);
  return near[0]?.name;
}

/** `maxAge` and `max-age` are `max_age`. */
export function plainForm(name: string): string {
  return name.toLowerCase().replace(/[-_ ]/g, "");
}

// One mistake per three letters. Two swapped letters count as two mistakes, and are allowed too.
function tolerance(a: string, b: string): number {
  const third = Math.floor(Math.max(a.length, b.length) / 3);
  return sortedLetters(a) === sortedLetters(b) ? Math.max(2, third) : third;
}

function sortedLetters(text: string): string {
  return Array.from(text).sort().join("");
}

/**
 * Where a key belongs that was written under `trail`: "under `health_check`". Undefined if the schema
 * does not have it, or has it in several places that are equally close.
 */
export function homeOf(key: string, trail: readonly string[], schema: TSchema): string | undefined {
  const homes = homesOf(key, schema, [])
    .map((home) => {
      const shared = sharedLength(home, trail);
      return { home, shared, steps: home.length + trail.length - 2 * shared };
    })
    // Another form of the same mapping is not another place.
    .filter(({ steps }) => steps > 0);
  const nearest = Math.min(...homes.map(({ steps }) => steps));
  const [found, ...others] = homes.filter(({ steps }) => steps === nearest);
  if (found === undefined || others.length > 0) return undefined;
  if (found.home.length === 0) return "at the top level";
  const isBelow = found.shared === trail.length;
  return `under \`${found.home.slice(isBelow ? trail.length : 0).join(".")}\``;
}

function homesOf(key: string, schema: TSchema, trail: readonly string[]): string[][] {
  if (KindGuard.IsArray(schema)) return homesOf(key, schema.items, trail);
  if (KindGuard.IsUnion(schema)) return schema.anyOf.flatMap((form) => homesOf(key, form, trail));
  if (!KindGuard.IsObject(schema) || "isListedElsewhere" in schema) return [];
  const below = Object.entries(schema.properties).flatMap(([name, property]) =>
    homesOf(key, property, [...trail, name]),
  );
  return Object.hasOwn(schema.properties, key) ? [[...trail], ...below] : below;
}

function sharedLength(a: readonly string[], b: readonly string[]): number {
  const different = a.findIndex((step, index) => step !== b[index]);
  return different === -1 ? a.length : different;
}
