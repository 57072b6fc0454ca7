import { isUtf8 } from "node:buffer";

/** What a WebSocket peer sent: a whole message, or a control frame (RFC 6455 section 5). */
export interface Message {
  readonly kind: "text" | "binary" | "close" | "ping" | "pong";
  readonly payload: Buffer;
}

/** A breach of RFC 6455 by the peer, and the close code that it calls for (section 7.4.1). */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const MOST_BYTES = 16 * 2 ** 20;

/** One unmasked frame, as a server sends it, with a whole message in it. */
export function encodeFrame(kind: Message["kind"], payload: Buffer): Buffer {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(2 + extended);
  head[0] = 0x80 | OPCODES[kind];
  head[1] = extended === 0 ? length : extended === 2 ? 126 : 127;
  if (extended === 2) head.writeUInt16BE(length, 2);
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** The payload of a close frame; a reason takes at most 123 bytes. */
export function encodeClose(code: number, reason: string): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return payload;
}

interface FrameHead {
  readonly final: boolean;
  readonly opcode: number;
  /** Bytes before the payload, the mask among them. */
  readonly headLength: number;
  readonly payloadLength: number;
}

/** Puts messages together from what arrives on the socket of a client. */
export class MessageReader {
  #pieces: Buffer[] = [];
  #held = 0;
  /** How many bytes must be held before it is worth looking again. */
  #needed = 2;
  #fragments: Buffer[] = [];
  #fragmentBytes = 0;
  #fragmentKind: "text" | "binary" | undefined = undefined;

  /** The messages that `piece` completes. Throws ProtocolError, after which nothing more counts. */
  *push(piece: Buffer): Generator<Message> {
    this.#pieces.push(piece);
    this.#held += piece.length;
    while (this.#held >= this.#needed) {
      const [first, ...others] = this.#pieces;
      if (first === undefined) return;
      const bytes = others.length === 0 ? first : Buffer.concat(this.#pieces);
      this.#pieces = [bytes];
      const head = readHead(bytes);
      const whole = typeof head === "number" ? head : head.headLength + head.payloadLength;
      if (typeof head === "number" || bytes.length < whole) {
        this.#needed = whole;
        continue;
      }
      this.#pieces = [bytes.subarray(whole)];
      this.#held -= whole;
      this.#needed = 2;
      const message = this.#take(head, unmask(bytes.subarray(head.headLength - 4, whole)));
      if (message !== undefined) yield message;
    }
  }

  #take({ final, opcode }: FrameHead, payload: Buffer): Message | undefined {
    if (opcode === OPCODES.close) {
      if (payload.length === 1) throw new ProtocolError(1002, "half a close code");
      return { kind: "close", payload };
    }
    if (opcode === OPCODES.ping) return { kind: "ping", payload };
    if (opcode === OPCODES.pong) return { kind: "pong", payload };
    if ((opcode === OPCODES.continuation) !== (this.#fragmentKind !== undefined)) {
      throw new ProtocolError(1002, "a fragment is out of order");
    }
    const kind = this.#fragmentKind ?? (opcode === OPCODES.text ? "text" : "binary");
    this.#fragments.push(payload);
    this.#fragmentBytes += payload.length;
    this.#fragmentKind = kind;
    if (this.#fragmentBytes > MOST_BYTES)
      throw new ProtocolError(1009, "the message is above 16MiB");
    if (!final) return undefined;
    const message = { kind, payload: Buffer.concat(this.#fragments) };
    this.#fragments = [];
    this.#fragmentBytes = 0;
    this.#fragmentKind = undefined;
    if (kind === "text" && !isUtf8(message.payload)) {
      throw new ProtocolError(1007, "the text is not UTF-8");
    }
    return message;
  }
}

/** The head of the frame that `bytes` begin with, or how many bytes are needed to read it. */
function readHead(bytes: Buffer): FrameHead | number {
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const opcode = first & 0x0f;
  const final = (first & 0x80) !== 0;
  const isControl = opcode >= OPCODES.close;
  if ((first & 0x70) !== 0) throw new ProtocolError(1002, "no extension was agreed on");
  if (!Object.values<number>(OPCODES).includes(opcode)) {
    throw new ProtocolError(1002, "the opcode is unknown");
  }
  if ((second & 0x80) === 0) throw new ProtocolError(1002, "a client's frames must be masked");
  const short = second & 0x7f;
  if (isControl && (short > 125 || !final)) {
    throw new ProtocolError(1002, "a control frame must be short and whole");
  }
  const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
  const headLength = 2 + extended + 4;
  if (bytes.length < headLength) return headLength;
  const payloadLength =
    extended === 0
      ? short
      : extended === 2
        ? bytes.readUInt16BE(2)
        : Number(bytes.readBigUInt64BE(2));
  if (payloadLength > MOST_BYTES) throw new ProtocolError(1009, "the message is above 16MiB");
  return { final, opcode, headLength, payloadLength };
}

/** Unmasks a payload in place; it follows its four mask bytes. */
function unmask(masked: Buffer): Buffer {
  const payload = masked.subarray(4);
  for (let index = 0; index < payload.length; index += 1) {
    payload[index] = (payload[index] ?? 0) ^ (masked[index & 3] ?? 0);
  }
  return payload;
}
