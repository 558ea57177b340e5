import { createServer as createHttpServer } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { programArgument, startProgram } from "../program.ts";
import { answerHttp } from "./http-service.ts";
import type { LabServices } from "./service-ports.ts";

/** Every address of the namespace; IPv6 is off in a lab. */
const ANY = "0.0.0.0";

const { http, tcpEcho } = programArgument() as LabServices;

void startProgram(async () => {
  await Promise.all([
    ...http.map((port) => listening(createHttpServer(answerHttp), port)),
    ...tcpEcho.map((port) => listening(echoServer(), port)),
  ]);
});

function echoServer(): Server {
  return createTcpServer({ noDelay: true }, (socket) => {
    // A client that goes away in the middle is no concern of ours.
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: ANY, port, backlog: 4096 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
