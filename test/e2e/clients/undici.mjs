// Node's HTTP client, against the URL that it is given; prints what it saw as JSON.
import { Client, request } from "undici";

const [origin] = process.argv.slice(2);
const seen = {};

// Several requests on one connection without waiting for answers.
const pipelining = new Client(origin, { pipelining: 8 });
const answers = await Promise.all(
  Array.from({ length: 8 }, async (_, index) => {
    const { body } = await pipelining.request({ method: "GET", path: `/echo?n=${index}` });
    return body.text();
  }),
);
seen.pipelined = answers.map((answer) => new URLSearchParams(answer).get("n"));
await pipelining.close();

seen.hints = [];
const hinted = await request(`${origin}/hints`, {
  onInfo: ({ statusCode, headers }) => seen.hints.push([statusCode, headers.link]),
});
seen.hinted = [hinted.statusCode, await hinted.body.text()];

const file = await request(`${origin}/file`);
seen.length = file.headers["content-length"];
seen.bytes = (await file.body.arrayBuffer()).byteLength;

const trailing = await request(`${origin}/trailers`, { headers: { te: "trailers" } });
await trailing.body.text();
seen.trailers = trailing.trailers;

const upload = await request(`${origin}/upload`, {
  method: "POST",
  body: (async function* () {
    for (let piece = 0; piece < 64; piece += 1) yield Buffer.alloc(16_384, piece);
  })(),
});
seen.uploaded = await upload.body.text();

process.stdout.write(`${JSON.stringify(seen)}\n`);
