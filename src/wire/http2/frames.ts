/** Frame types (RFC 9113 section 6). */
export const FrameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goAway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

/** Flags; what a bit means depends on the frame's type. */
export const Flag = {
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const;

/** Length of a frame's header, in bytes. */
export const FRAME_HEADER = 9;
/** The largest payload that every peer accepts, in bytes. */
export const SMALLEST_MAX_FRAME_SIZE = 16_384;
export const LARGEST_MAX_FRAME_SIZE = 16_777_215;
/** The largest flow-control window, and the largest stream identifier. */
export const LARGEST_WINDOW = 0x7f_ff_ff_ff;
export const LARGEST_STREAM = 0x7f_ff_ff_ff;
/** A window before any SETTINGS or WINDOW_UPDATE, in bytes. */
export const DEFAULT_WINDOW = 65_535;

/** What a client sends first (RFC 9113 section 3.4). */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
