/** Says why an address cannot be listened on; undefined if it can. */
export function portTrouble(hostname: string, port: number): string | undefined {
  try {
    Bun.listen({ hostname, port, socket: { data() {} } }).stop(true);
    return undefined;
  } catch (error) {
    return inWords(error instanceof Error && "code" in error ? error.code : undefined);
  }
}

function inWords(code: unknown): string {
  if (code === "EADDRINUSE") return "another process has this port";
  if (code === "EACCES") return "ports below 1024 need privileges";
  return "this machine has no such address";
}
