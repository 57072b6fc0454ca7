/** The line with the error in Bun's message about a worker's death, which is a whole listing. */
export function errorLine(listing: string): string {
  const line = /^\w*error: .*$/im.exec(listing)?.[0] ?? listing.split("\n")[0] ?? "";
  return line.trim();
}
