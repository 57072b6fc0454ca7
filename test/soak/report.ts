export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints whether something is as it has to be, and answers that. */
export function verdict(good: boolean, what: string): boolean {
  say(`${good ? "ok  " : "FAIL"}  ${what}`);
  return good;
}

export function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}
