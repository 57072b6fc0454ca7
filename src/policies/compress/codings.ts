/** A content coding that the gateway can produce (RFC 9110 section 8.4.1, RFC 7932, RFC 8878). */
export type Coding = "zstd" | "br" | "gzip";

/** How hard a coding tries; each further step costs more and gains less. */
export type Level = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/**
 * The base-2 logarithm of how far back brotli and zstd look for repetitions: 256 KiB, which is what
 * clients must keep as well. Looking back further gains less than 1 % in text.
 */
export const WINDOW_LOG = 18;

const KIB = 1_024;

/** How much memory a stream of each coding takes, as measured, in bytes. */
export const memoryOf: Readonly<Record<Coding, (level: Level) => number>> = {
  gzip: () => 400 * KIB,
  zstd: (level) => (level <= 4 ? 850 : 1_300) * KIB,
  br: (level) => (BROTLI_MEMORY[level] ?? 9_500) * KIB,
};

const BROTLI_MEMORY: Partial<Record<Level, number>> = {
  1: 350,
  2: 900,
  3: 900,
  4: 1_800,
  5: 2_700,
  6: 3_900,
};
