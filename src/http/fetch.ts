/** `fetch`, as far as the gateway uses it to ask on its own behalf. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;
