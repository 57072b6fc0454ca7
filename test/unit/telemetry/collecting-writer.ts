/** Where a logger writes to, for a test to read. */
export function collectingWriter() {
  const lines: string[] = [];
  return {
    lines,
    written: () => lines.map((line) => `${line}\n`).join(""),
    writer: {
      line: (text: string) => void lines.push(text),
      counts: () => ({ written: lines.length, queued: 0, dropped: 0 }),
      flush: () => Promise.resolve(),
    },
  };
}
