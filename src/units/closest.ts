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
