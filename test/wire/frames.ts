import { createHash } from "node:crypto";
import type { Incoming } from "./incoming.ts";

export const opcodes = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
} as const;

/** A frame of RFC 6455 section 5.2. */
export interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly masked: boolean;
  readonly payload: Buffer;
}

export function frame(
  opcode: number,
  payload: string | Buffer = "",
  { fin = true, masked = true }: { fin?: boolean; masked?: boolean } = {},
): Buffer {
  const bytes = Buffer.from(payload as string);
  const head = [(fin ? 0x80 : 0) | opcode];
  const mark = masked ? 0x80 : 0;
  if (bytes.length < 126) head.push(mark | bytes.length);
  else if (bytes.length < 65_536) head.push(mark | 126, bytes.length >> 8, bytes.length & 0xff);
  else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    head.push(mark | 127, ...length);
  }
  if (!masked) return Buffer.concat([Buffer.from(head), bytes]);
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78]);
  return Buffer.concat([Buffer.from(head), key, unmask(bytes, key)]);
}

/** Content of a close frame: a code and a reason. */
export function closing(code: number, reason = ""): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return payload;
}

export async function readFrame(incoming: Incoming): Promise<Frame> {
  const [first = 0, second = 0] = await incoming.exactly(2);
  let length = second & 0x7f;
  if (length === 126) length = (await incoming.exactly(2)).readUInt16BE();
  else if (length === 127) length = Number((await incoming.exactly(8)).readBigUInt64BE());
  const masked = (second & 0x80) !== 0;
  const key = masked ? await incoming.exactly(4) : undefined;
  const payload = await incoming.exactly(length);
  return {
    opcode: first & 0x0f,
    fin: (first & 0x80) !== 0,
    masked,
    payload: key === undefined ? payload : unmask(payload, key),
  };
}

/** The frames that bytes consist of. Throws for an incomplete one at the end. */
export function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const masked = (bytes.readUInt8(at + 1) & 0x80) !== 0;
    const short = bytes.readUInt8(at + 1) & 0x7f;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    const length =
      extended === 0
        ? short
        : bytes.readUIntBE(at + 2 + Math.max(extended - 6, 0), Math.min(extended, 6));
    const keyAt = at + 2 + extended;
    const from = keyAt + (masked ? 4 : 0);
    const payload = bytes.subarray(from, from + length);
    if (payload.length < length) throw new RangeError("an incomplete frame");
    frames.push({
      opcode: bytes.readUInt8(at) & 0x0f,
      fin: (bytes.readUInt8(at) & 0x80) !== 0,
      masked,
      payload: masked ? unmask(payload, bytes.subarray(keyAt, from)) : payload,
    });
    at = from + length;
  }
  return frames;
}

/** A whole message, put together from its fragments; control frames in between are skipped. */
export async function readMessage(
  incoming: Incoming,
): Promise<{ opcode: number; payload: Buffer }> {
  let opcode = 0;
  const pieces: Buffer[] = [];
  for (;;) {
    const next = await readFrame(incoming);
    if (next.opcode >= opcodes.close) continue;
    if (pieces.length === 0) opcode = next.opcode;
    pieces.push(next.payload);
    if (next.fin) return { opcode, payload: Buffer.concat(pieces) };
  }
}

/** The answer to a Sec-WebSocket-Key (RFC 6455 section 4.2.2). */
export function acceptFor(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

function unmask(bytes: Buffer, key: Buffer): Buffer {
  const result = Buffer.from(bytes);
  for (let index = 0; index < result.length; index += 1) {
    result[index] = (result[index] ?? 0) ^ (key[index % 4] ?? 0);
  }
  return result;
}
