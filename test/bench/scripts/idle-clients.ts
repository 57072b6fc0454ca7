/**
 * Opens connections, sends one request on each, and keeps them open. Says "ready" once all have been
 * answered, and "closed" if one is closed.
 */
const { PORT = "8080", COUNT = "1", TARGET = "/", HOST = "127.0.0.1", TLS = "" } = process.env;

/** Connections that are opened at a time. */
const OPENING = 64;

const REQUEST = `GET ${TARGET} HTTP/1.1\r\nHost: bench.example\r\n\r\n`;
const count = Number(COUNT);
let opened = 0;
let answered = 0;

const handler: Bun.SocketHandler<{ received: string; isAnswered: boolean }> = {
  open(socket) {
    if (TLS === "") socket.write(REQUEST);
  },
  handshake(socket) {
    socket.write(REQUEST);
  },
  data(socket, bytes) {
    const { data } = socket;
    if (data.isAnswered) return;
    data.received += bytes.toString("latin1");
    if (!isWhole(data.received)) return;
    data.received = "";
    data.isAnswered = true;
    answered += 1;
    if (answered === count) say("ready");
    open();
  },
  close: () => say("closed"),
  connectError: (_, error) => say(`refused: ${error.message}`),
};

function isWhole(received: string): boolean {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return false;
  const length = /^content-length: *([0-9]+)/im.exec(received.slice(0, end))?.[1];
  if (length === undefined) return received.endsWith("0\r\n\r\n");
  return received.length >= end + 4 + Number(length);
}

function say(text: string): void {
  void Bun.write(Bun.stdout, `${text}\n`);
}

function open(): void {
  if (opened === count) return;
  opened += 1;
  void Bun.connect({
    hostname: HOST,
    port: Number(PORT),
    data: { received: "", isAnswered: false },
    socket: handler,
    ...(TLS === "" ? {} : { tls: { rejectUnauthorized: false } }),
  });
}

for (let place = 0; place < OPENING; place += 1) open();
