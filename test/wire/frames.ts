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

/** The frames that bytes consist of; only if they `mayBreakOff`, the last one may be incomplete. */
export function framesIn(bytes: Buffer, { mayBreakOff = false } = {}): Frame[] {
  const frames: Frame[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const next = firstFrame(rest);
    if (next === undefined) {
      if (mayBreakOff) break;
      throw new RangeError("an incomplete frame");
    }
    frames.push(next.frame);
    rest = rest.subarray(next.length);
  }
  return frames;
}

function firstFrame(bytes: Buffer): { frame: Frame; length: number } | undefined {
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const masked = (second & 0x80) !== 0;
  const from = 2 + extended + (masked ? 4 : 0);
  if (bytes.length < from) return undefined;
  let length = short;
  if (extended === 2) length = bytes.readUInt16BE(2);
  if (extended === 8) length = Number(bytes.readBigUInt64BE(2));
  const payload = bytes.subarray(from, from + length);
  if (payload.length < length) return undefined;
  const frame = {
    opcode: first & 0x0f,
    fin: (first & 0x80) !== 0,
    masked,
    payload: masked ? unmask(payload, bytes.subarray(from - 4, from)) : payload,
  };
  return { frame, length: from + length };
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
