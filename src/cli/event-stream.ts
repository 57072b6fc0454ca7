/** One of a stream of server-sent events. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** Characters of an event; a longer one ends the stream. */
const LONGEST = 4 * 1_048_576;

/**
 * The events of a stream, as they come (HTML, section 9.2). Ends where the stream does, or when `signal`
 * aborts: that of a request takes no effect while a stream is silent.
 */
export async function* eventsOf(
  stream: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<ServerEvent> {
  const reader = stream.getReader();
  signal?.addEventListener("abort", () => void reader.cancel().catch(() => {}), { once: true });
  let text = "";
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value: piece } = await reader.read();
    if (done) return;
    text += decoder.decode(piece, { stream: true });
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    if (text.length > LONGEST) return;
    for (const written of events) {
      const event = eventIn(written);
      if (event !== undefined) yield event;
    }
  }
}

/** Undefined for comments, and what sets the time of reconnections. */
function eventIn(written: string): ServerEvent | undefined {
  let name = "message";
  const data: string[] = [];
  for (const line of written.split("\n")) {
    const [, field, value = ""] = /^([^:]*): ?(.*)$/.exec(line) ?? [];
    if (field === "event") name = value;
    else if (field === "data") data.push(value);
  }
  return data.length === 0 ? undefined : { name, data: data.join("\n") };
}
