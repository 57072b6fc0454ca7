import { ErrorCode, Http2Error } from "../error-code.ts";

/** The lengths, in bits, of the codes of all bytes and of EOS (RFC 7541 appendix B). */
// oxfmt-ignore
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const EOS = 256;

/** The codes themselves. They are canonical: in order of length, then of symbol. */
const CODES = canonicalCodes();

function canonicalCodes(): readonly number[] {
  const symbols = LENGTHS.map((length, symbol) => ({ length, symbol }));
  symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
  const codes: number[] = [];
  let code = 0;
  let before = symbols[0]?.length ?? 0;
  for (const { length, symbol } of symbols) {
    code *= 2 ** (length - before);
    codes[symbol] = code;
    code += 1;
    before = length;
  }
  return codes;
}

/**
 * The decoder's states are the inner nodes of the codes' tree; 0 is its root. A transition by four bits
 * holds the next state, whether the bits complete a symbol (at most one, as no code is that short), and
 * the symbol.
 */
const STATE_SHIFT = 9;
const HAS_SYMBOL = 0x1_00;
const SYMBOL = 0xff;
const INVALID = -1;
const { TRANSITIONS, MAY_END } = buildStates();

interface TreeNode {
  readonly children: [TreeNode | undefined, TreeNode | undefined];
  symbol: number | undefined;
  state: number;
  /** Bits from the root, all of them ones; −1 for others. */
  ones: number;
}

function buildStates(): { TRANSITIONS: Int32Array; MAY_END: Uint8Array } {
  const nodeOf = (ones: number): TreeNode => ({
    children: [undefined, undefined],
    symbol: undefined,
    state: -1,
    ones,
  });
  const root = nodeOf(0);
  const inner = [root];
  root.state = 0;
  for (const [symbol, length] of LENGTHS.entries()) {
    const code = CODES[symbol] ?? 0;
    let node = root;
    for (let bit = length - 1; bit >= 0; bit -= 1) {
      const way = (code >>> bit) & 1;
      const ones = way === 1 && node.ones >= 0 ? node.ones + 1 : -1;
      const next = (node.children[way === 1 ? 1 : 0] ??= nodeOf(ones));
      if (bit > 0 && next.state === -1) next.state = inner.push(next) - 1;
      node = next;
    }
    node.symbol = symbol;
  }
  const transitions = new Int32Array(inner.length * 16);
  for (const start of inner) {
    for (let bits = 0; bits < 16; bits += 1) {
      transitions[start.state * 16 + bits] = transition(root, start, bits);
    }
  }
  // Padding is the beginning of EOS, shorter than a byte (RFC 7541 section 5.2).
  const mayEnd = Uint8Array.from(inner, ({ ones }) => (ones >= 0 && ones < 8 ? 1 : 0));
  return { TRANSITIONS: transitions, MAY_END: mayEnd };
}

function transition(root: TreeNode, start: TreeNode, bits: number): number {
  let node = start;
  let symbol = -1;
  for (let bit = 3; bit >= 0; bit -= 1) {
    const next = node.children[((bits >>> bit) & 1) === 1 ? 1 : 0];
    if (next === undefined || next.symbol === EOS) return INVALID;
    node = next;
    if (next.symbol !== undefined) {
      ({ symbol } = next);
      node = root;
    }
  }
  return (node.state << STATE_SHIFT) | (symbol === -1 ? 0 : HAS_SYMBOL | symbol);
}

/** Decodes a string's bytes to text of one character a byte. Throws Http2Error. */
export function decodeHuffman(bytes: Buffer, start: number, end: number): string {
  // The shortest code has five bits.
  const decoded = Buffer.allocUnsafe(((end - start) * 8) / 5 + 1);
  let length = 0;
  let state = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    const high = TRANSITIONS[(state << 4) | (byte >>> 4)] ?? INVALID;
    if (high === INVALID) throw new Http2Error(ErrorCode.compressionError, INVALID_CODE);
    if ((high & HAS_SYMBOL) !== 0) {
      decoded[length] = high & SYMBOL;
      length += 1;
    }
    const low = TRANSITIONS[((high >>> STATE_SHIFT) << 4) | (byte & 0x0f)] ?? INVALID;
    if (low === INVALID) throw new Http2Error(ErrorCode.compressionError, INVALID_CODE);
    if ((low & HAS_SYMBOL) !== 0) {
      decoded[length] = low & SYMBOL;
      length += 1;
    }
    state = low >>> STATE_SHIFT;
  }
  if (MAY_END[state] !== 1) throw new Http2Error(ErrorCode.compressionError, INVALID_PADDING);
  return decoded.toString("latin1", 0, length);
}

const INVALID_CODE = "a Huffman code that contains EOS";
const INVALID_PADDING = "invalid padding of a Huffman code";

/** How many bytes the text takes when encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at += 1) bits += LENGTHS[text.charCodeAt(at) & 0xff] ?? 0;
  return (bits + 7) >>> 3;
}

/** Writes the encoded text, which takes `huffmanLength` bytes, and returns the index after it. */
export function encodeHuffman(text: string, bytes: Buffer, start: number): number {
  let at = start;
  let pending = 0;
  let bits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const symbol = text.charCodeAt(index) & 0xff;
    const code = CODES[symbol] ?? 0;
    let left = LENGTHS[symbol] ?? 0;
    while (left > 0) {
      const taken = Math.min(left, 8 - bits);
      left -= taken;
      pending = (pending << taken) | ((code >>> left) & ((1 << taken) - 1));
      bits += taken;
      if (bits === 8) {
        bytes[at] = pending;
        at += 1;
        pending = 0;
        bits = 0;
      }
    }
  }
  if (bits > 0) {
    bytes[at] = (pending << (8 - bits)) | ((1 << (8 - bits)) - 1);
    at += 1;
  }
  return at;
}
