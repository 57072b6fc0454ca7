import type { BackendRequest } from "../backend.ts";
import { type Context, same, section, within } from "../case.ts";
import type { Client } from "../client.ts";
import { closing, frame, opcodes, readFrame, readMessage } from "../frames.ts";
import { digest, noise } from "../noise.ts";
import { open } from "../websocket.ts";

/** What passes on an open WebSocket, and how it ends. */
export const websocketMessages = section("websocket messages", [
  [
    "text and binary pass both ways as what they are",
    "RFC 6455 5.6",
    async (context) => {
      const { client, seen } = await open(context);
      for (const [opcode, payload] of [
        [opcodes.text, Buffer.from("grüße")],
        [opcodes.binary, Buffer.from([0, 255, 1])],
      ] as const) {
        await client.send(frame(opcode, payload));
        same(
          await within(2000, "message", readMessage(seen.incoming)),
          { opcode, payload },
          "at the backend",
        );
        await seen.send(frame(opcode, payload, { masked: false }));
        same(
          await within(2000, "message", readMessage(client.incoming)),
          { opcode, payload },
          "at the client",
        );
      }
    },
  ],
  [
    "frames to the backend are masked, and those to the client are not",
    "RFC 6455 5.1 (MUST)",
    async (context) => {
      const { client, seen } = await open(context);
      await client.send(frame(opcodes.text, "a"));
      same((await within(2000, "frame", readFrame(seen.incoming))).masked, true, "masked");
      await seen.send(frame(opcodes.text, "b", { masked: false }));
      same((await within(2000, "frame", readFrame(client.incoming))).masked, false, "masked");
    },
  ],
  [
    "a fragmented message arrives whole",
    "RFC 6455 5.4",
    async (context) => {
      const { client, seen } = await open(context);
      await client.send(frame(opcodes.text, "one ", { fin: false }));
      await client.send(frame(opcodes.continuation, "two ", { fin: false }));
      await client.send(frame(opcodes.continuation, "three"));
      same(
        (await within(2000, "message", readMessage(seen.incoming))).payload.toString(),
        "one two three",
        "at the backend",
      );
      await seen.send(frame(opcodes.binary, "four ", { fin: false, masked: false }));
      await seen.send(frame(opcodes.continuation, "five", { masked: false }));
      same(
        (await within(2000, "message", readMessage(client.incoming))).payload.toString(),
        "four five",
        "at the client",
      );
    },
  ],
  [
    "frames pass before their message is complete",
    "choice: nothing is held",
    async (context) => {
      const { client, seen } = await open(context);
      await client.send(frame(opcodes.text, "begun", { fin: false }));
      const first = await within(2000, "frame", readFrame(seen.incoming));
      same([first.fin, first.payload.toString()], [false, "begun"], "at the backend");
    },
  ],
  [
    "bits of an extension pass",
    "RFC 6455 5.2",
    async (context) => {
      const extension = "Sec-WebSocket-Extensions: permessage-deflate";
      const { client, seen } = await open(context, [extension], [extension]);
      const compressed = frame(opcodes.text, Buffer.from([0xf2, 0x48, 0x05, 0x00]));
      compressed[0] = 0xc1;
      await client.send(compressed);
      const [first] = await within(2000, "frame", seen.incoming.exactly(compressed.length));
      same(first, 0xc1, "first byte at the backend");
    },
  ],
  ...(
    [
      ["without a mask", frame(opcodes.text, "a", { masked: false })],
      ["with an unknown opcode", frame(3, "a")],
      ["that continues nothing", frame(opcodes.continuation, "a")],
      ["that is a ping in fragments", frame(opcodes.ping, "a", { fin: false })],
    ] as const
  ).map(
    ([name, bytes]) =>
      [
        `a client's frame ${name} ends the connection with 1002`,
        "RFC 6455 5 (MUST)",
        async (context: Context) => {
          const { client, seen } = await open(context);
          await client.send(bytes);
          const got = await within(2000, "close frame", readFrame(client.incoming));
          same(
            [got.opcode, got.payload.subarray(0, 2).toString("hex")],
            [opcodes.close, closing(1002).toString("hex")],
            "close",
          );
          const passed = await within(2000, "close frame", readFrame(seen.incoming));
          same(passed.opcode, opcodes.close, "opcode at the backend");
        },
      ] as const,
  ),
  [
    "a message of 1 MB arrives byte for byte, both ways",
    "RFC 6455 5.2",
    async (context) => {
      const { client, seen } = await open(context);
      const bytes = noise(1024 * 1024);
      void client.send(frame(opcodes.binary, bytes));
      same(
        digest((await within(5000, "message", readMessage(seen.incoming))).payload),
        digest(bytes),
        "at the backend",
      );
      void seen.send(frame(opcodes.binary, bytes, { masked: false }));
      same(
        digest((await within(5000, "message", readMessage(client.incoming))).payload),
        digest(bytes),
        "at the client",
      );
    },
  ],
  [
    "500 small messages arrive in their order",
    "RFC 6455 5.4",
    async (context) => {
      const { client, seen } = await open(context);
      const sent = Array.from({ length: 500 }, (_, index) => String(index));
      void client.send(Buffer.concat(sent.map((text) => frame(opcodes.text, text))));
      for (const text of sent)
        same((await readMessage(seen.incoming)).payload.toString(), text, "message");
    },
  ],
  [
    "a message that the backend sends right after its 101 is not lost",
    "RFC 6455 4.1",
    async (context) => {
      const { client } = await open(
        context,
        [],
        [],
        frame(opcodes.text, "early", { masked: false }).toString("latin1"),
      );
      same(
        (await within(2000, "message", readMessage(client.incoming))).payload.toString(),
        "early",
        "message",
      );
    },
  ],
  [
    "a ping of the client is answered with its content",
    "RFC 6455 5.5.2 (MUST)",
    async (context) => {
      const { client, seen } = await open(context);
      void pong(seen.incoming, seen, false);
      await client.send(frame(opcodes.ping, "are you there"));
      const answer = await within(2000, "pong", readFrame(client.incoming));
      same([answer.opcode, answer.payload.toString()], [opcodes.pong, "are you there"], "pong");
    },
  ],
  [
    "a ping of the backend is answered with its content",
    "RFC 6455 5.5.2 (MUST)",
    async (context) => {
      const { client, seen } = await open(context);
      void pong(client.incoming, client, true);
      await seen.send(frame(opcodes.ping, "and you", { masked: false }));
      const answer = await within(2000, "pong", readFrame(seen.incoming));
      same([answer.opcode, answer.payload.toString()], [opcodes.pong, "and you"], "pong");
    },
  ],
  ...(
    [
      [1000, "done"],
      [1001, ""],
      [1011, "broke"],
      [4001, "own reason"],
    ] as const
  ).flatMap(([code, reason]) => [
    [
      `the client's close ${code} ${JSON.stringify(reason)} reaches the backend`,
      "RFC 6455 7.1.5",
      async (context: Context) => {
        const { client, seen } = await open(context);
        await client.send(frame(opcodes.close, closing(code, reason)));
        const got = await within(2000, "close frame", readFrame(seen.incoming));
        same(
          [got.opcode, got.payload.toString("hex")],
          [opcodes.close, closing(code, reason).toString("hex")],
          "close",
        );
      },
    ] as const,
    [
      `the backend's close ${code} ${JSON.stringify(reason)} reaches the client`,
      "RFC 6455 7.1.5",
      async (context: Context) => {
        const { client, seen } = await open(context);
        await seen.send(frame(opcodes.close, closing(code, reason), { masked: false }));
        const got = await within(2000, "close frame", readFrame(client.incoming));
        same(
          [got.opcode, got.payload.toString("hex")],
          [opcodes.close, closing(code, reason).toString("hex")],
          "close",
        );
      },
    ] as const,
  ]),
  [
    "a close without a code stays one",
    "RFC 6455 7.1.5",
    async (context) => {
      const { client, seen } = await open(context);
      await client.send(frame(opcodes.close));
      const got = await within(2000, "close frame", readFrame(seen.incoming));
      same([got.opcode, got.payload.length], [opcodes.close, 0], "close");
    },
  ],
  [
    "a client that vanishes ends the backend's connection",
    "choice: abort at once",
    async (context) => {
      const { client, seen } = await open(context);
      client.reset();
      await within(
        2000,
        "end at the backend",
        Promise.race([seen.incoming.ended, readFrame(seen.incoming)]),
      );
    },
  ],
  [
    "a backend that vanishes ends the client's connection",
    "choice",
    async (context) => {
      const { client, seen } = await open(context);
      seen.reset();
      await within(
        2000,
        "end at the client",
        Promise.race([client.ended, readFrame(client.incoming)]),
      );
    },
  ],
]);

async function pong(incoming: Client["incoming"], side: Client | BackendRequest, masked: boolean) {
  const { opcode, payload } = await readFrame(incoming).catch(() => ({
    opcode: 0,
    payload: Buffer.alloc(0),
  }));
  if (opcode === opcodes.ping) await side.send(frame(opcodes.pong, payload, { masked }));
}
