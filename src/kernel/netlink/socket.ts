import { constants } from "node:os";
import { KernelError } from "../error.ts";
import { Descriptor } from "../ffi/descriptor.ts";
import { checkCall, kernelErrorFromErrno, lastErrno } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { inNamespace, type NamespaceName } from "../namespace.ts";
import { NetlinkConnection, type NetlinkTransport } from "./connection.ts";
import { HOST_LITTLE_ENDIAN } from "./header.ts";

/** Netlink families. */
export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVTIMEO = 20;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const MSG_TRUNC = 0x20;

const RECEIVE_BUFFER_BYTES = 4 << 20;
/** The kernel answers within the call; this only keeps a lost answer from blocking the thread for good. */
const ANSWER_SECONDS = 30;

/** Opens a connection to a netlink family in the namespace; the socket belongs to it from then on. */
export function openNetlink(namespace: NamespaceName, family: number): NetlinkConnection {
  return new NetlinkConnection(inNamespace(namespace, () => new NetlinkSocket(family)));
}

/** Opens a connection, lends it to `run`, and closes it. */
export function withNetlink<T>(namespace: NamespaceName, family: number, run: (connection: NetlinkConnection) => T): T {
  const connection = openNetlink(namespace, family);
  try {
    return run(connection);
  } finally {
    connection.close();
  }
}

class NetlinkSocket implements NetlinkTransport {
  readonly #socket: Descriptor;

  constructor(family: number) {
    const tried = "open a netlink socket";
    this.#socket = new Descriptor(checkCall(libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family), tried));
    try {
      const kernel = Buffer.alloc(12);
      writeU16(kernel, AF_NETLINK);
      // Connected to port 0, the socket takes answers from the kernel only, not from other processes.
      checkCall(libc.connect(this.#socket.fd, kernel, kernel.length), tried);
      this.#setOptions();
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  send(message: Uint8Array, tried: string): void {
    // Not repeated on EINTR: the kernel may have acted on it already.
    checkCall(libc.send(this.#socket.fd, message, message.length, 0), tried);
  }

  receive(buffer: Uint8Array, tried: string): number {
    for (;;) {
      const length = libc.recv(this.#socket.fd, buffer, buffer.length, MSG_TRUNC);
      if (length > buffer.length) throw truncated(tried, length, buffer.length);
      if (length >= 0) return length;
      const errno = lastErrno();
      if (errno === constants.errno.EINTR) continue;
      throw kernelErrorFromErrno(tried, errno, { remedy: receiveRemedy(errno) });
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** All of them make things better where there is support (4.12, 4.20); without it answers are only terser. */
  #setOptions(): void {
    this.#setOption(SOL_NETLINK, NETLINK_EXT_ACK, u32(1));
    this.#setOption(SOL_NETLINK, NETLINK_CAP_ACK, u32(1));
    this.#setOption(SOL_NETLINK, NETLINK_GET_STRICT_CHK, u32(1));
    if (!this.#setOption(SOL_SOCKET, SO_RCVBUFFORCE, u32(RECEIVE_BUFFER_BYTES))) {
      this.#setOption(SOL_SOCKET, SO_RCVBUF, u32(RECEIVE_BUFFER_BYTES));
    }
    this.#setOption(SOL_SOCKET, SO_RCVTIMEO, timeval(ANSWER_SECONDS));
  }

  #setOption(level: number, option: number, value: Uint8Array): boolean {
    return libc.setsockopt(this.#socket.fd, level, option, value, value.length) === 0;
  }
}

function receiveRemedy(errno: number): string | undefined {
  if (errno === constants.errno.ENOBUFS) return "the kernel could not queue its answer: try again";
  if (errno === constants.errno.EAGAIN) return `the kernel gave no answer in ${ANSWER_SECONDS} seconds: see dmesg`;
  return undefined;
}

function truncated(tried: string, length: number, room: number): KernelError {
  return new KernelError("kernel-malformed", `an answer of ${length} bytes where ${room} were expected at most`, {
    tried,
    errno: 0,
    remedy: "this is a defect: report it with the kernel's release (`uname -r`)",
  });
}

function writeU16(bytes: Buffer, value: number): void {
  if (HOST_LITTLE_ENDIAN) bytes.writeUInt16LE(value, 0);
  else bytes.writeUInt16BE(value, 0);
}

function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

/** struct timeval of a 64-bit system: seconds, microseconds. */
function timeval(seconds: number): Uint8Array {
  return new Uint8Array(new BigInt64Array([BigInt(seconds), 0n]).buffer);
}
