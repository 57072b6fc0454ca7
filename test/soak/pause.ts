/** Waits for a time, or until there is nothing to wait for any more. */
export function pause(milliseconds: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (over.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    over.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
