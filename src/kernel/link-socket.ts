import { Descriptor } from "./ffi/descriptor.ts";
import { checkCall } from "./ffi/errno.ts";
import { libc } from "./ffi/libc.ts";
import { inNamespace, type NamespaceName } from "./namespace.ts";
import { listAddresses } from "./route/address.ts";

const AF_INET = 2;
const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const SOCKADDR_IN = 16;

/** Where and how packets are to leave. */
export interface LinkPlace {
  readonly namespace: NamespaceName;
  readonly interface: string;
}

/**
 * A socket whose packets leave by one interface, with the first address the interface has, whatever the routes to
 * others say. Throws KernelError, `kernel-not-found` without the interface.
 */
export function openLinkSocket(place: LinkPlace, type: number, protocol: number): Descriptor {
  const { namespace, interface: device } = place;
  const tried = `open a socket on ${device}`;
  const own = listAddresses(namespace).find((one) => one.interface === device)?.address;
  const socket = new Descriptor(
    inNamespace(namespace, () => checkCall(libc.socket(AF_INET, type | NONBLOCK_CLOEXEC, protocol), tried)),
  );
  try {
    const name = Buffer.from(`${device}\0`);
    checkCall(libc.setsockopt(socket.fd, SOL_SOCKET, SO_BINDTODEVICE, name, name.length), tried);
    if (own !== undefined) checkCall(libc.bind(socket.fd, socketAddress(own, 0), SOCKADDR_IN), tried);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

/** struct sockaddr_in; the address as a number. */
export function socketAddress(address: number, port: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(SOCKADDR_IN));
  new Uint16Array(bytes.buffer, 0, 1)[0] = AF_INET;
  bytes.setUint16(2, port);
  bytes.setUint32(4, address);
  return new Uint8Array(bytes.buffer);
}
