/** The part of @elastic/mockotlpserver that the tests use; it comes without types. */
declare module "@elastic/mockotlpserver" {
  export class MockOtlpServer {
    constructor(options: Readonly<Record<string, unknown>>);
    readonly httpUrl: URL;
    start(): Promise<void>;
    close(): Promise<void>;
  }
}
