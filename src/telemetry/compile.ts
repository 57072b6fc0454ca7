/**
 * Compiles the source of a function, which can use the `given` values by name. Code with one statement
 * per field runs several times faster than a loop over the fields, because property names are fixed.
 * The source must consist of the project's own names and numbers only.
 */
export function compile(source: string, given: Readonly<Record<string, unknown>>): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- the source is our own, see above
  return new Function(...Object.keys(given), `"use strict"; return ${source};`)(
    ...Object.values(given),
  );
}
