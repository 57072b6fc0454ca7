export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints whether an expectation holds, and returns it. */
export function verdict(good: boolean, what: string): boolean {
  say(`${good ? "ok  " : "FAIL"}  ${what}`);
  return good;
}

export function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
