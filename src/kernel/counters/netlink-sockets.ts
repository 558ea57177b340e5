import type { NamespaceName } from "../namespace.ts";
import { findSocketOwner, readProgram, type SocketOwner } from "../socket-owner.ts";
import { readNetFile } from "./proc-net.ts";

const NETLINK_NETFILTER = 12;
/** Events of connection tracking by bit of the groups that a socket is in (NFNLGRP_CONNTRACK_*). */
const CONNTRACK_EVENTS = [
  "new",
  "update",
  "destroy",
  "expectation new",
  "expectation update",
  "expectation destroy",
] as const;

/** A netlink socket that the kernel sends events of connection tracking to. */
export interface ConntrackListener {
  /** Stays the same as long as the socket lives. */
  readonly inode: number;
  /** Netlink's number of the socket. */
  readonly port: number;
  /** Absent if it is not known, or not worth the search: nothing was lost. */
  readonly owner?: SocketOwner;
  /** `new`, `update`, `destroy`, `expectation new`, ... */
  readonly events: readonly string[];
  /** Waiting to be read, in bytes as the kernel counts them. */
  readonly queuedBytes: number;
  /** Messages for which there was no room. 32 bits. */
  readonly drops: number;
}

/** The listeners of the namespace; anyone may read them. */
export function readConntrackListeners(namespace: NamespaceName): ConntrackListener[] {
  return parseConntrackListeners(readNetFile(namespace, "netlink")).map((listener) => {
    const owner = ownerOf(listener);
    return owner === undefined ? listener : { ...listener, owner };
  });
}

/** Reads /proc/net/netlink: `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`. */
export function parseConntrackListeners(text: string): ConntrackListener[] {
  return text.split("\n").flatMap((line) => {
    const [, protocol, port, groups, queued, , , , drops, inode] = line.trim().split(/\s+/);
    if (Number(protocol) !== NETLINK_NETFILTER || groups === undefined) return [];
    const mask = Number.parseInt(groups, 16);
    const events = CONNTRACK_EVENTS.filter((_, bit) => ((mask >>> bit) & 1) === 1);
    if (events.length === 0) return [];
    return [
      {
        inode: Number(inode),
        port: Number(port),
        events,
        queuedBytes: Number(queued),
        drops: Number(drops),
      },
    ];
  });
}

/** Netlink numbers a program's first socket as the process, further ones anyhow: whose they are is found out at need. */
function ownerOf({ inode, port, drops }: ConntrackListener): SocketOwner | undefined {
  const program = readProgram(port);
  if (program !== undefined) return { pid: port, program };
  return drops > 0 ? findSocketOwner(inode) : undefined;
}
