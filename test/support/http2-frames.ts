/** An HTTP/2 frame (RFC 9113 section 4.1). */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = NOTHING,
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

const NOTHING = Buffer.alloc(0);

export interface ReadFrame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Whole frames, one after another. */
export function readFrames(bytes: Buffer): ReadFrame[] {
  const frames: ReadFrame[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    frames.push({
      type: bytes[at + 3]!,
      flags: bytes[at + 4]!,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return frames;
}

const NAMES = ["DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE", "PING"];
NAMES.push("GOAWAY", "WINDOW_UPDATE", "CONTINUATION");

/** Frames in short: "RST_STREAM 1 code 8", "DATA 1 end 5 bytes". */
export function describeFrames(bytes: Buffer): string[] {
  return readFrames(bytes).map(({ type, flags, stream, payload }) => {
    const name = `${NAMES[type] ?? type} ${stream}`;
    const end = (flags & 1) !== 0 ? " end" : "";
    switch (type) {
      case 0:
        return `${name}${end} ${payload.length} bytes`;
      case 1:
        return `${name}${end}`;
      case 3:
        return `${name} code ${payload.readUInt32BE(0)}`;
      case 4:
      case 6:
        return (flags & 1) !== 0 ? `${name} ack` : name;
      case 7:
        return `${name} last ${payload.readUInt32BE(0)} code ${payload.readUInt32BE(4)}`;
      case 8:
        return `${name} +${payload.readUInt32BE(0)}`;
      default:
        return name;
    }
  });
}

/** A field as a literal that is not indexed (RFC 7541 section 6.2.2). */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x00]), string(name), string(value)]);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    while (rest >= 128) {
      length.push((rest & 127) | 128);
      rest >>>= 7;
    }
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** A header block of literals. */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => literal(name, value)));
}

export const GET: readonly (readonly [string, string])[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "localhost"],
];

/** HEADERS with END_HEADERS, and by default END_STREAM. */
export function headers(stream: number, fields = GET, isEnd = true): Buffer {
  return frame(1, isEnd ? 5 : 4, stream, block(fields));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
