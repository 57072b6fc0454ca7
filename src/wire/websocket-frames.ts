/** How a peer broke the protocol, and the close code that says so (RFC 6455 section 7.4.1). */
export interface Breach {
  readonly code: 1002 | 1009;
  readonly problem: string;
}

/** Which frames a reader lets pass. */
export interface FrameRules {
  /** A client's frames are masked, and a server's are not (RFC 6455 section 5.1). */
  readonly masked: boolean;
  /** Bytes of one message, as it was sent: compressed, if it is; Infinity sets no limit. */
  readonly maxMessageSize: number;
}

/**
 * Reads the frames that one peer of a WebSocket sends (RFC 6455 section 5.2), without their payloads:
 * what passes is neither copied nor changed. Reserved bits belong to extensions and are not read.
 */
export class FrameReader {
  /** Messages whose last byte has passed. */
  messages = 0;
  /** Bytes of payload in messages that have passed. */
  payloadBytes = 0;
  /** Why nothing more passes; undefined while the peer keeps to the protocol. */
  breach: Breach | undefined = undefined;
  /** Whether a whole close frame has passed; nothing passes after it. */
  hasClosed = false;
  readonly #rules: FrameRules;
  /** The head that is being read, up to `#headRead`. */
  readonly #head = Buffer.alloc(LONGEST_HEAD);
  #headRead = 0;
  /** Bytes of payload to come in the frame. */
  #left = 0;
  #opcode = 0;
  #isFinal = true;
  /** Whether a message is incomplete, and its bytes so far. */
  #isInMessage = false;
  #messageBytes = 0;

  constructor(rules: FrameRules) {
    this.#rules = rules;
  }

  /** Whether what has passed ends with a frame's end. */
  get isBetweenFrames(): boolean {
    return this.#left === 0;
  }

  /**
   * Reads bytes from an index on, and hands on those that may pass: a frame's head only when it is
   * complete. Stops at a breach, after a close frame and, if `onlyThisFrame`, at the frame's end.
   * Returns the index up to which it has read.
   */
  read(
    bytes: Buffer,
    start: number,
    pass: (piece: Uint8Array) => void,
    onlyThisFrame = false,
  ): number {
    let at = start;
    while (at < bytes.length && !this.hasClosed && this.breach === undefined) {
      if (this.#left > 0) {
        at += this.#readPayload(bytes.length - at);
        continue;
      }
      if (onlyThisFrame) break;
      const heldBefore = this.#headRead;
      const headAt = at;
      at = this.#readHead(bytes, at);
      if (this.#headRead > 0) {
        // Not complete, or not allowed.
        if (headAt > start) pass(bytes.subarray(start, headAt));
        return at;
      }
      if (heldBefore > 0) pass(Buffer.from(this.#head.subarray(0, heldBefore)));
    }
    if (at > start) pass(start === 0 && at === bytes.length ? bytes : bytes.subarray(start, at));
    return at;
  }

  #readPayload(available: number): number {
    const count = Math.min(available, this.#left);
    this.#left -= count;
    if (this.#opcode < CLOSE) this.payloadBytes += count;
    if (this.#left === 0) this.#endFrame();
    return count;
  }

  /** Returns the index after what it has read. `#headRead` is 0 then if the head is complete. */
  #readHead(bytes: Buffer, start: number): number {
    const head = this.#head;
    let at = start;
    for (;;) {
      const length = headLength(head, this.#headRead);
      if (this.#headRead === length) break;
      const byte = bytes[at];
      if (byte === undefined) return at;
      head[this.#headRead] = byte;
      this.#headRead += 1;
      at += 1;
    }
    this.breach = this.#take(head);
    if (this.breach !== undefined) return at;
    this.#headRead = 0;
    if (this.#left === 0) this.#endFrame();
    return at;
  }

  /** Takes a complete head. Returns what is wrong with it. */
  #take(head: Buffer): Breach | undefined {
    const first = head.readUInt8(0);
    const opcode = first & 0x0f;
    const isFinal = (first & FINAL) !== 0;
    const length = payloadLength(head);
    const { masked, maxMessageSize } = this.#rules;
    if (isMasked(head) !== masked) {
      return broken(masked ? "a frame without a mask" : "a frame with a mask");
    }
    // 3 to 7 and 11 to 15 have no meaning yet.
    if ((opcode & 0x07) > 2) return broken("an unknown opcode");
    if (length === undefined) return broken("a length that is not possible");
    if (opcode >= CLOSE) {
      if (!isFinal) return broken("a control frame in fragments");
      if (length > LONGEST_CONTROL) return broken("a control frame that is too long");
      if (opcode === CLOSE && length === 1) return broken("half a close code");
    } else {
      if ((opcode === CONTINUATION) !== this.#isInMessage) return broken("a fragment out of order");
      if (!this.#isInMessage) this.#messageBytes = 0;
      this.#messageBytes += length;
      if (this.#messageBytes > maxMessageSize) {
        return { code: 1009, problem: `a message of more than ${maxMessageSize} bytes` };
      }
      this.#isInMessage = true;
    }
    this.#opcode = opcode;
    this.#isFinal = isFinal;
    this.#left = length;
    return undefined;
  }

  #endFrame(): void {
    if (this.#opcode === CLOSE) this.hasClosed = true;
    if (this.#opcode >= CLOSE || !this.#isFinal) return;
    this.#isInMessage = false;
    this.messages += 1;
  }
}

const CONTINUATION = 0;
const CLOSE = 8;
const PING = 9;
const FINAL = 0x80;
const MASKED = 0x80;
const LONGEST_HEAD = 14;
const LONGEST_CONTROL = 125;
const MASK_LENGTH = 4;

/** The length of the head that begins with `read` bytes, as far as they say. */
function headLength(head: Buffer, read: number): number {
  if (read < 2) return 2;
  return 2 + extendedLength(head) + (isMasked(head) ? MASK_LENGTH : 0);
}

/** How many bytes the extended length takes. */
function extendedLength(head: Buffer): 0 | 2 | 8 {
  const short = head.readUInt8(1) & 0x7f;
  if (short < 126) return 0;
  return short === 126 ? 2 : 8;
}

function isMasked(head: Buffer): boolean {
  return (head.readUInt8(1) & MASKED) !== 0;
}

/** Undefined for lengths that nobody can count. */
function payloadLength(head: Buffer): number | undefined {
  const extended = extendedLength(head);
  if (extended === 0) return head.readUInt8(1) & 0x7f;
  if (extended === 2) return head.readUInt16BE(2);
  const length = head.readUInt32BE(2) * 2 ** 32 + head.readUInt32BE(6);
  return length <= Number.MAX_SAFE_INTEGER ? length : undefined;
}

function broken(problem: string): Breach {
  return { code: 1002, problem };
}

/**
 * A close frame. The reason is plain ASCII of at most 123 characters. `maskingKey`, 4 bytes, is for
 * frames to a server; frames to a client have none.
 */
export function closeFrame(code: number, reason: string, maskingKey?: Uint8Array): Buffer {
  const payload = Buffer.alloc(2 + reason.length);
  payload.writeUInt16BE(code);
  payload.write(reason, 2, "latin1");
  return controlFrame(CLOSE, payload, maskingKey);
}

/** A ping without content. */
export function pingFrame(maskingKey?: Uint8Array): Buffer {
  return controlFrame(PING, Buffer.alloc(0), maskingKey);
}

function controlFrame(opcode: number, payload: Buffer, key: Uint8Array | undefined): Buffer {
  const first = FINAL | opcode;
  if (key === undefined) return Buffer.concat([Buffer.of(first, payload.length), payload]);
  const masked = payload.map((byte, index) => byte ^ (key[index % MASK_LENGTH] ?? 0));
  return Buffer.concat([Buffer.of(first, MASKED | payload.length), key, masked]);
}
