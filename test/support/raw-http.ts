import { connect } from "node:net";

/** An answer as it was on the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case, in the order in which they came. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** All values of a field, one for each line of it. */
  readonly all: (name: string) => string[];
  /** Content without chunk framing, one character per byte. */
  readonly content: string;
}

/** Text that HTTP lines are made of. */
export function message(lines: readonly string[], content = ""): string {
  return `${lines.join("\r\n")}\r\n\r\n${content}`;
}

/** Sends text on a new connection and returns everything received until the other side closes. */
export function converse(port: number, sent: string): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(sent, "latin1"));
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(Buffer.concat(pieces).toString("latin1")));
  });
}

/** Sends one request: its lines unchanged, followed by `Connection: close`. */
export async function askRaw(
  port: number,
  lines: readonly string[],
  content = "",
): Promise<RawAnswer> {
  return parseAnswer(await converse(port, message([...lines, "Connection: close"], content)));
}

/** Reads an answer that came on a connection by itself. */
export function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) throw new Error(`no whole header section in ${JSON.stringify(text)}`);
  const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const fields = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  const all = (name: string) =>
    fields.filter(([known]) => known === name).map(([, value]) => value);
  const rest = text.slice(end + 4);
  return {
    status: Number(statusLine.split(" ")[1]),
    fields,
    all,
    content: all("transfer-encoding").includes("chunked") ? withoutChunks(rest) : rest,
  };
}

function withoutChunks(text: string): string {
  let content = "";
  let rest = text;
  for (;;) {
    const end = rest.indexOf("\r\n");
    const size = Number.parseInt(rest.slice(0, end), 16);
    if (end === -1 || Number.isNaN(size)) throw new Error("the chunks break off");
    if (size === 0) return content;
    content += rest.slice(end + 2, end + 2 + size);
    rest = rest.slice(end + 2 + size + 2);
  }
}
