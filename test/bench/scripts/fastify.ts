import proxy from "@fastify/http-proxy";
import fastify from "fastify";

const { PORT = "8080", BACKEND = "http://127.0.0.1:9001" } = process.env;

const app = fastify();
void app.register(proxy, { upstream: BACKEND, websocket: true });
void app.listen({ port: Number(PORT), host: "127.0.0.1", backlog: 4096 });
