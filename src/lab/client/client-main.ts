import { createInterface } from "node:readline";
import { startProgram } from "../program.ts";
import { httpGet, tcpExchange, udpExchange } from "./exchanges.ts";
import type { ClientReply, ClientRequest } from "./lab-client.ts";

// One request a line in, one reply a line out, in the order in which they end. The end of the input ends the client.
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  void answer(JSON.parse(line) as ClientRequest);
});
lines.on("close", () => process.exit(0));

void startProgram(() => undefined);

async function answer(request: ClientRequest): Promise<void> {
  let reply: ClientReply;
  try {
    reply = { id: request.id, answer: await perform(request) };
  } catch (error) {
    reply = { id: request.id, error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

function perform(request: ClientRequest): Promise<unknown> {
  switch (request.kind) {
    case "http":
      return httpGet(request.request);
    case "tcp":
      return tcpExchange(request.request);
    case "udp":
      return udpExchange(request.request);
  }
}
