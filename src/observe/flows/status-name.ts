import { STATUS } from "../../kernel/conntrack/connection.ts";

/** Names of status bits for people and programs, in the kernel's order. */
export const STATUS_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [STATUS.expected, "expected"],
  [STATUS.seenReply, "seen-reply"],
  [STATUS.assured, "assured"],
  [STATUS.confirmed, "confirmed"],
  [STATUS.sourceNat, "snat"],
  [STATUS.destinationNat, "dnat"],
  [STATUS.sequenceAdjust, "sequence-adjust"],
  [STATUS.sourceNatDone, "snat-done"],
  [STATUS.destinationNatDone, "dnat-done"],
  [STATUS.dying, "dying"],
  [STATUS.fixedTimeout, "fixed-timeout"],
  [STATUS.template, "template"],
  [STATUS.natClash, "nat-clash"],
  [STATUS.helper, "helper"],
  [STATUS.offload, "offload"],
  [STATUS.hardwareOffload, "hw-offload"],
];
