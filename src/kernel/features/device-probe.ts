import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { findInterface } from "../route/link-message.ts";
import { AF_UNSPEC, withRoute } from "../route/rtnetlink.ts";
import { addVeth } from "../route/link.ts";
import { fqCodelOptions } from "../traffic/fq-codel.ts";
import { addShaper } from "../traffic/shaper.ts";
import { BPF_PROGRAM_TYPES, loadSmallestProgram } from "./bpf-probe.ts";

/*
 * Everything here makes things in the calling thread's namespace and cleans nothing up: run it inside
 * `inThrowawayNamespace` only.
 */

const RTM_NEWLINK = 16;
const RTM_NEWQDISC = 36;
const RTM_NEWTFILTER = 44;
const IFLA_IFNAME = 3;
const IFLA_LINK = 5;
const IFLA_LINKINFO = 18;
const IFLA_XDP = 43;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_VLAN_ID = 1;
const IFLA_XDP_FD = 1;
const IFLA_XDP_FLAGS = 3;
const XDP_FLAGS_DRV_MODE = 4;
const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_BPF_FD = 6;
const TCA_BPF_NAME = 7;
const TC_H_ROOT = 0xffffffff;
const TC_H_CLSACT = 0xfffffff1;
const TC_H_INGRESS_OF_CLSACT = 0xfffffff2;
const ETH_P_ALL_BE = 0x0300;
/** Bytes of struct tc_netem_qopt: all zero is a queue that does nothing. */
const TC_NETEM_QOPT = 24;

/** Makes an interface of the kind. */
export function probeLinkKind(kind: string): void {
  const message = link(RTM_NEWLINK, 0).text(IFLA_IFNAME, "probe0");
  withRoute(undefined, (connection) => {
    if (kind === "vlan") {
      const parent = makeVeth();
      message.attribute(IFLA_LINK, (value) => value.u32(parent));
    }
    message.nested(IFLA_LINKINFO, (info) => {
      info.text(IFLA_INFO_KIND, kind);
      if (kind !== "vlan") return;
      info.nested(IFLA_INFO_DATA, (data) => data.attribute(IFLA_VLAN_ID, (id) => id.u16(1)));
    });
    connection.request(message, `make an interface of kind ${kind}`);
  });
}

/** Attaches an XDP program to a veth, in the driver and not in the slow generic way. */
export function probeXdpOnVeth(): void {
  const index = makeVeth();
  const program = loadSmallestProgram(BPF_PROGRAM_TYPES.xdp, "load an XDP program");
  try {
    const message = link(RTM_NEWLINK, index, 0).nested(IFLA_XDP, (xdp) =>
      xdp
        .attribute(IFLA_XDP_FD, (fd) => fd.u32(program.fd))
        .attribute(IFLA_XDP_FLAGS, (flags) => flags.u32(XDP_FLAGS_DRV_MODE)),
    );
    withRoute(undefined, (connection) => connection.request(message, "attach an XDP program to a veth"));
  } finally {
    program.close();
  }
}

/** Puts a netem queue on an interface. */
export function probeNetem(): void {
  const index = makeVeth();
  const message = traffic(RTM_NEWQDISC, index, 0, TC_H_ROOT, 0)
    .text(TCA_KIND, "netem")
    .attribute(TCA_OPTIONS, (options) => options.bytes(new Uint8Array(TC_NETEM_QOPT)));
  withRoute(undefined, (connection) => connection.request(message, "make a netem queue"));
}

/** Puts a shaping queue on an interface. */
export function probeHtb(): void {
  addVeth(undefined, "probe1", undefined, "probe2");
  addShaper(undefined, { interface: "probe1", handle: 1 }, 1);
}

/** Puts a fair queue on an interface. */
export function probeFairQueue(): void {
  const index = makeVeth();
  const message = traffic(RTM_NEWQDISC, index, 0, TC_H_ROOT, 0)
    .text(TCA_KIND, "fq_codel")
    .nested(TCA_OPTIONS, (options) => fqCodelOptions(options, 1e6));
  withRoute(undefined, (connection) => connection.request(message, "make a fair queue"));
}

/** Attaches a classifier program to what an interface receives. */
export function probeTrafficClassifier(): void {
  const index = makeVeth();
  const program = loadSmallestProgram(BPF_PROGRAM_TYPES.schedCls, "load a traffic classifier");
  try {
    withRoute(undefined, (connection) => {
      const queue = traffic(RTM_NEWQDISC, index, 0xffff0000, TC_H_CLSACT, 0).text(TCA_KIND, "clsact");
      connection.request(queue, "make a clsact queue");
      const filter = traffic(RTM_NEWTFILTER, index, 0, TC_H_INGRESS_OF_CLSACT, ((1 << 16) | ETH_P_ALL_BE) >>> 0)
        .text(TCA_KIND, "bpf")
        .nested(TCA_OPTIONS, (options) =>
          options.attribute(TCA_BPF_FD, (fd) => fd.u32(program.fd)).text(TCA_BPF_NAME, "probe"),
        );
      connection.request(filter, "attach a traffic classifier");
    });
  } finally {
    program.close();
  }
}

function makeVeth(): number {
  addVeth(undefined, "probe1", undefined, "probe2");
  return withRoute(undefined, (connection) => findInterface(connection, "probe1"));
}

function link(type: number, index: number, flags = NLM_F_CREATE | NLM_F_EXCL): NetlinkMessage {
  return new NetlinkMessage(type, flags).u8(AF_UNSPEC).u8(0).u16(0).u32(index).u32(0).u32(0);
}

/** struct tcmsg. */
function traffic(type: number, index: number, handle: number, parent: number, info: number): NetlinkMessage {
  return new NetlinkMessage(type, NLM_F_CREATE | NLM_F_EXCL)
    .u8(AF_UNSPEC)
    .u8(0)
    .u16(0)
    .u32(index)
    .u32(handle)
    .u32(parent)
    .u32(info);
}
