import { accessLog } from "./access-log.ts";
import { lines } from "./lines.ts";
import type { SinkKind } from "./sink.ts";

/** Every kind of sink. Each gets every record, in this order; they are closed in it as well. */
export const sinkKinds: readonly SinkKind[] = [accessLog, lines];
