import {
  type ChannelCredentials,
  Client,
  credentials,
  type MethodDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import type { Stage } from "./stage.ts";

type Method = MethodDefinition<Buffer, Buffer>;

const asItIs = (bytes: Buffer) => bytes;

function method(name: string, requestStream: boolean, responseStream: boolean): Method {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
}

const methods = {
  unary: method("Unary", false, false),
  upload: method("Upload", true, false),
  download: method("Download", false, true),
  both: method("Both", true, true),
  fail: method("Fail", false, false),
  hang: method("Hang", false, false),
  check: {
    ...method("Check", false, false),
    path: "/grpc.health.v1.Health/Check",
  },
};

/** A real gRPC server whose methods echo, fail or hang. */
export async function startGrpcServer(
  stage: Stage,
  options: { tls?: ServerCredentials; port?: number } = {},
) {
  const server = new Server();
  /** Calls that the server has seen cancelled. */
  let cancelled = 0;
  let serving = 1;
  const watched = <Call extends { on(event: "cancelled", listener: () => void): unknown }>(
    call: Call,
  ): Call => {
    call.on("cancelled", () => {
      cancelled += 1;
    });
    return call;
  };
  server.addService(methods, {
    unary(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
      const metadata = new Metadata();
      for (const key of ["x-text", "x-bytes-bin"]) {
        for (const value of call.metadata.get(key)) metadata.add(key, value);
      }
      const deadline = call.metadata.get("grpc-timeout").join(",");
      if (deadline !== "") metadata.set("x-deadline", deadline);
      answer(null, Buffer.concat([Buffer.from("unary "), call.request]), metadata);
    },
    upload(call: ServerReadableStream<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
      let length = 0;
      call.on("data", (message: Buffer) => {
        length += message.length;
      });
      call.on("end", () => answer(null, Buffer.from(`${length} bytes`)));
    },
    download(call: ServerWritableStream<Buffer, Buffer>) {
      for (let count = 0; count < 3; count += 1) call.write(Buffer.from(`message ${count}`));
      call.end();
    },
    both(call: ServerDuplexStream<Buffer, Buffer>) {
      watched(call);
      call.on("data", (message: Buffer) =>
        call.write(Buffer.concat([Buffer.from("echo "), message])),
      );
      call.on("end", () => call.end());
    },
    fail(_: unknown, answer: sendUnaryData<Buffer>) {
      answer({ code: status.NOT_FOUND, details: "nichts gefunden für 100 %" });
    },
    hang(call: ServerUnaryCall<Buffer, Buffer>) {
      watched(call);
    },
    check(_: unknown, answer: sendUnaryData<Buffer>) {
      answer(null, Buffer.from([8, serving]));
    },
  });
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.bindAsync(
        `127.0.0.1:${port}`,
        options.tls ?? ServerCredentials.createInsecure(),
        (error, bound) => (error === null ? resolve(bound) : reject(error)),
      );
    });
  const port = await listen(options.port ?? 0);
  stage.defer(() => server.forceShutdown());
  return {
    port,
    cancelled: () => cancelled,
    serve: (isServing: boolean) => {
      serving = isServing ? 1 : 2;
    },
    kill: () => server.forceShutdown(),
  };
}

/** The outcome of a call. */
export interface Outcome extends StatusObject {
  readonly messages: string[];
}

interface CallOptions {
  readonly metadata?: Metadata;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** A real gRPC client. */
export function startGrpcClient(
  stage: Stage,
  address: string,
  secure: ChannelCredentials = credentials.createInsecure(),
) {
  // No channel shared with other clients of this process.
  const client = new Client(address, secure, { "grpc.use_local_subchannel_pool": 1 });
  stage.defer(() => client.close());
  const optionsOf = ({ timeout }: CallOptions) =>
    timeout === undefined ? {} : { deadline: Date.now() + timeout };

  function unary(name: "unary" | "fail" | "hang", text: string, options: CallOptions = {}) {
    const messages: string[] = [];
    let cancel = () => {};
    const outcome = new Promise<Outcome>((resolve) => {
      const call = client.makeUnaryRequest(
        methods[name].path,
        asItIs,
        asItIs,
        Buffer.from(text),
        options.metadata ?? new Metadata(),
        optionsOf(options),
        (_, message) => {
          if (message !== undefined) messages.push(message.toString());
        },
      );
      cancel = () => call.cancel();
      call.on("status", (ending) => resolve({ ...ending, messages }));
    });
    return Object.assign(outcome, { cancel: () => cancel() });
  }

  function upload(pieces: readonly Buffer[]): Promise<Outcome> {
    const messages: string[] = [];
    return new Promise((resolve) => {
      const call = client.makeClientStreamRequest(
        methods.upload.path,
        asItIs,
        asItIs,
        (_, message) => {
          if (message !== undefined) messages.push(message.toString());
        },
      );
      call.on("status", (ending) => resolve({ ...ending, messages }));
      for (const piece of pieces) call.write(piece);
      call.end();
    });
  }

  function download(): Promise<Outcome> {
    const messages: string[] = [];
    return new Promise((resolve) => {
      const call = client.makeServerStreamRequest(
        methods.download.path,
        asItIs,
        asItIs,
        Buffer.from(""),
      );
      call.on("error", () => undefined);
      call.on("data", (message: Buffer) => messages.push(message.toString()));
      call.on("status", (ending) => resolve({ ...ending, messages }));
    });
  }

  /** A call whose messages a test exchanges one by one. */
  function both(options: CallOptions = {}) {
    const call = client.makeBidiStreamRequest(
      methods.both.path,
      asItIs,
      asItIs,
      options.metadata ?? new Metadata(),
      optionsOf(options),
    );
    const messages: string[] = [];
    let wake = () => {};
    const next = new Promise<void>((resolve) => {
      wake = resolve;
    });
    call.on("error", () => undefined);
    call.on("data", (message: Buffer) => {
      messages.push(message.toString());
      wake();
    });
    const outcome = new Promise<Outcome>((resolve) => {
      call.on("status", (ending) => resolve({ ...ending, messages }));
    });
    return { call, messages, first: next, outcome };
  }
  return { unary, upload, download, both };
}
