import { KernelError, type KernelErrorDetail } from "../error.ts";
import { errnoText, kernelErrorFromErrno } from "../ffi/errno.ts";
import { tellingLine } from "./verifier-log.ts";

const PERMISSION =
  "run as root in the host's user namespace, or with CAP_BPF and CAP_NET_ADMIN: eBPF is not for unprivileged user namespaces";

/** The kernel refused an eBPF program; `log` is all its verifier wrote, `kernelSaid` the line that tells. */
export class VerifierError extends KernelError {
  readonly log: string;

  constructor(errno: number, log: string, detail: Omit<KernelErrorDetail, "kernelSaid" | "errno">) {
    const line = tellingLine(log);
    super("kernel-rejected", "the kernel's verifier refused it", {
      ...detail,
      errno,
      ...(line === undefined ? {} : { kernelSaid: line }),
    });
    this.name = "VerifierError";
    this.log = log;
  }
}

/** Makes the error for what libbpf returned, a negative errno. */
export function bpfError(tried: string, result: number): KernelError {
  const error = kernelErrorFromErrno(tried, -result);
  if (error.code !== "kernel-permission") return error;
  return new KernelError(error.code, errnoText(-result), { tried, errno: -result, remedy: PERMISSION });
}

/** Gives the result of a libbpf call back, or throws what it says if it is negative. */
export function checkBpf(result: number, tried: string): number {
  if (result < 0) throw bpfError(tried, result);
  return result;
}
