/**
 * Compiles the source of a function, which may use what is `given` by name. Code with a statement for
 * each field runs several times faster than a loop over the fields: it reads and writes properties
 * by fixed names. The source is made of the project's own names and numbers alone.
 */
export function compile(source: string, given: Readonly<Record<string, unknown>>): unknown {
  // oxlint-disable-next-line typescript/no-implied-eval -- the text is ours, see above
  return new Function(...Object.keys(given), `"use strict"; return ${source};`)(
    ...Object.values(given),
  );
}
