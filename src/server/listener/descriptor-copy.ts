import { dlopen, FFIType } from "bun:ffi";

/** The C library of Linux (glibc, musl) and macOS. */
const LIBRARIES = [
  "libc.so.6",
  "libc.musl-x86_64.so.1",
  "libc.musl-aarch64.so.1",
  "libSystem.B.dylib",
];

const DUP = { dup: { args: [FFIType.i32], returns: FFIType.i32 } } as const;

/**
 * Another descriptor of the same open socket (dup), for which the runtime has no function; undefined
 * where the system has none, or none is left.
 */
export function copyDescriptor(descriptor: number, libraries = LIBRARIES): number | undefined {
  for (const library of libraries) {
    try {
      const { symbols } = dlopen(library, DUP);
      const copy = symbols.dup(descriptor);
      return copy === -1 ? undefined : copy;
    } catch {
      // Not the library of this system.
    }
  }
  return undefined;
}
