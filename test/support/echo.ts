import { askRaw } from "./raw-http.ts";

/** What a mock backend's /echo says of the request that it got. */
export interface Echo {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly body_bytes: number;
}

/** Sends a request whose path leads to an echo; answers what arrived there. */
export async function echo(port: number, lines: readonly string[], content = ""): Promise<Echo> {
  return JSON.parse((await askRaw(port, lines, content)).content) as Echo;
}

/** All values of a field, one for each line of it. `name` is in lower case. */
export function valuesOf({ fields }: Echo, name: string): string[] {
  return fields.filter(([known]) => known.toLowerCase() === name).map(([, value]) => value);
}
