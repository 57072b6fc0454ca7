/** A host without its port. */
export function withoutPort(host: string): string {
  return host.replace(/:[0-9]+$/, "");
}
