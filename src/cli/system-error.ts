/** Says why the system did not read or write a file. */
export function reasonOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return String(error);
  switch (error.code) {
    case "ENOENT":
      return "no such file";
    case "EACCES":
      return "permission denied";
    case "EISDIR":
      return "it is a folder";
    case "ENOTDIR":
      return "a part of its path is not a folder";
    case "EROFS":
      return "the file system is read-only";
    case "ENOSPC":
      return "the disk is full";
    case "ConnectionRefused":
    case "ECONNREFUSED":
      return "connection refused";
    default:
      return String(error.code);
  }
}
