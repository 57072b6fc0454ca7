import type { Exchange } from "../pipeline/exchange.ts";
import { compile } from "./compile.ts";
import { cut } from "./cut.ts";
import { fields } from "./fields.ts";

/** What the log keeps of an exchange. Texts are not escaped, and at most `limit` characters long. */
export type ExchangeRecord = {
  readonly [Name in keyof typeof fields]: ReturnType<(typeof fields)[Name]["read"]>;
} & {
  /** Whether it becomes a row and a line. If not, it is counted only: in metrics and rollups. */
  readonly isLogged: boolean;
  /** The span of the exchange; undefined if it is not traced. */
  readonly spanId?: string | undefined;
};

/** Makes the record of an exchange that is over; `now` is monotonic time in milliseconds. */
export const toRecord = compile(
  `(exchange, now) => ({ ${Object.entries(fields).map(property).join(", ")}, isLogged: exchange.isLogged, spanId: exchange.trace?.spanId })`,
  { fields, cut },
) as (exchange: Exchange, now: number) => ExchangeRecord;

function property([name, field]: [string, (typeof fields)[keyof typeof fields]]): string {
  const read = `fields.${name}.read(exchange, now)`;
  const isLong = field.kind === "text" && Number.isFinite(field.limit);
  return `${name}: ${isLong ? `cut(${read}, ${field.limit})` : read}`;
}
