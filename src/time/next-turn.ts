/** Resolves in the event loop's next turn, when what has come by now has been handled. */
export function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => {
    setImmediate(resolve, undefined);
  });
}
