import type { EndOfTurn } from "../../../time/end-of-turn.ts";
import type { OwnLimits } from "../../../wire/http2/connection-services.ts";
import type { BatchBuffers } from "../../../wire/http2/frame-sender.ts";

/** What HTTP/2 sessions share. */
export interface Http2Services {
  readonly buffers: BatchBuffers;
  /** Connections that write at the end of the turn. */
  readonly flushes: EndOfTurn<{ flush(): void }>;
}

/** Streams that a client may have open at a time on one connection. */
export const MAX_STREAMS = 128;
/** Fields of a header section. */
const MAX_FIELDS = 256;
/**
 * Content in bytes that may wait for the gateway, of one stream and of all streams of a connection. The
 * second bounds the memory that a client can take.
 */
const STREAM_WINDOW = 262_144;
const CONNECTION_WINDOW = 1_048_576;

/** What the gateway allows a client, whose header sections may have so many bytes. */
export function ownLimits(maxHeaderSize: number): OwnLimits {
  return {
    maxStreams: MAX_STREAMS,
    streamWindow: STREAM_WINDOW,
    connectionWindow: CONNECTION_WINDOW,
    headers: { maxSize: maxHeaderSize, maxFields: MAX_FIELDS },
  };
}
