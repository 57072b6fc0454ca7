import { extname } from "node:path";

/**
 * The path of a database next to another one: next to "gateway.db", "quotas" is "gateway-quotas.db". So
 * gateways with logs of their own have files of their own.
 */
export function databaseBeside(database: string, name: string): string {
  if (database === ":memory:") return database;
  const ending = extname(database);
  return `${database.slice(0, database.length - ending.length)}-${name}${ending}`;
}
