import { accessLog } from "./access-log.ts";
import { exported } from "./export.ts";
import { lines } from "./lines.ts";
import type { SinkKind } from "./sink.ts";

/** Every kind of sink. Each gets every record, in this order. */
export const sinkKinds: readonly SinkKind[] = [accessLog, lines, exported];
