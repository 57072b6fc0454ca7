/**
 * How long a test may take. It is there to end a test that hangs, and says nothing about how long
 * one takes on a busy machine.
 */
export const TEST_TIMEOUT_MS = 120_000;

/** How long a test waits for something to happen; less, so that the failure names what did not. */
export const PATIENCE_MS = 60_000;
