import { KindGuard, type TSchema } from "@sinclair/typebox";

/**
 * Where a key belongs that was written under `trail`: "under `health_check`". Undefined if the schema
 * does not have it, or has it in several places that are equally close.
 */
export function homeOf(key: string, trail: readonly string[], schema: TSchema): string | undefined {
  const homes = homesOf(key, schema, [])
    // Several forms of one mapping are one place.
    .filter((home, index, all) => all.findIndex((other) => isSameTrail(home, other)) === index)
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

function isSameTrail(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && sharedLength(a, b) === a.length;
}

function sharedLength(a: readonly string[], b: readonly string[]): number {
  const different = a.findIndex((step, index) => step !== b[index]);
  return different === -1 ? a.length : different;
}
