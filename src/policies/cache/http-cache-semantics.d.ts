/** The part of the library that is used; version 4.3. */
declare module "http-cache-semantics" {
  interface Message {
    readonly headers: Readonly<Record<string, string>>;
  }

  class CachePolicy {
    constructor(
      request: Message & { readonly method: string },
      response: Message & { readonly status: number },
      options: {
        readonly shared: boolean;
        readonly cacheHeuristic: number;
        readonly immutableMinTimeToLive: number;
      },
    );
    /** Milliseconds; to be overridden. */
    now(): number;
    storable(): boolean;
    /** In seconds. */
    maxAge(): number;
    /** In seconds. */
    age(): number;
    /** What a stored answer is worth for a request. */
    evaluateRequest(request: Message): {
      readonly response: object | undefined;
      readonly revalidation: { readonly synchronous: boolean } | undefined;
    };
  }

  // oxlint-disable-next-line import/no-default-export -- it is how the library exports it
  export default CachePolicy;
}
