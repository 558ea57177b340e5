import { formatIpv4 } from "../../address/ipv4.ts";
import { AnyAddressUdp, waitForDatagrams } from "../../kernel/any-address-udp.ts";
import { programArgument, startProgram } from "../program.ts";
import type { WhoAmI } from "./http-service.ts";
import type { LabServices } from "./service-ports.ts";

/** Enough to keep the wait cheap under load, few enough that no port starves another. */
const AT_A_TIME = 256;

const { udpEcho } = programArgument() as LabServices;
const sockets: AnyAddressUdp[] = [];

void startProgram(() => {
  for (const port of udpEcho) sockets.push(new AnyAddressUdp(port));
}).then(serve);

/** The thread has nothing else to do: it blocks in poll(2) until a datagram or a signal comes. */
function serve(): never {
  for (;;) {
    for (const socket of waitForDatagrams(sockets, -1)) answer(socket);
  }
}

/** Sends each datagram back as it came, from the address it was sent to; `whoami` gets both ends as JSON. */
function answer(socket: AnyAddressUdp): void {
  for (let i = 0; i < AT_A_TIME; i++) {
    const datagram = receive(socket);
    if (datagram === undefined) return;
    socket.send(
      datagram,
      isWhoAmI(datagram.data) ? Buffer.from(JSON.stringify(ends(socket, datagram))) : datagram.data,
    );
  }
}

type Datagram = NonNullable<ReturnType<AnyAddressUdp["receive"]>>;

function receive(socket: AnyAddressUdp): Datagram | undefined {
  try {
    return socket.receive();
  } catch {
    // An error a peer caused, such as ECONNREFUSED: it is taken off the socket by having been told.
    return undefined;
  }
}

function isWhoAmI(data: Uint8Array): boolean {
  return data.length <= 8 && Buffer.from(data).toString("latin1").trimEnd() === "whoami";
}

function ends(socket: AnyAddressUdp, datagram: Datagram): WhoAmI {
  return {
    remote: { address: formatIpv4(datagram.remote), port: datagram.remotePort },
    local: { address: formatIpv4(datagram.local), port: socket.port },
  };
}
