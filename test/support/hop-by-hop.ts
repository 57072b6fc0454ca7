import { hopByHopFields, namedByConnection } from "../../src/http/fields.ts";

/**
 * Removes, in place, the fields that are for one connection only: the known ones and those that the
 * Connection field names.
 */
export function removeHopByHopFields(headers: Headers): void {
  for (const name of namedByConnection(headers.get("connection"))) headers.delete(name);
  for (const name of hopByHopFields) headers.delete(name);
}
