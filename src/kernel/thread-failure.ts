import { KernelError, type KernelErrorCode, type KernelErrorDetail } from "./error.ts";

/** A failure on its way from one thread to another: a class does not survive it, fields do. */
export interface ThreadFailure {
  readonly message: string;
  /** There if it was a KernelError. */
  readonly kernel?: { readonly code: KernelErrorCode; readonly errnoText: string; readonly detail: KernelErrorDetail };
}

/** What to post in place of throwing. */
export function packFailure(error: unknown): ThreadFailure {
  if (!(error instanceof KernelError)) return { message: error instanceof Error ? error.message : String(error) };
  const { code, message, tried, errno, kernelSaid, remedy } = error;
  const said = kernelSaid === undefined ? "" : ` (${kernelSaid})`;
  const errnoText = message.slice(`cannot ${tried}: `.length, message.length - said.length);
  return {
    message,
    kernel: { code, errnoText, detail: { tried, errno, remedy, ...(kernelSaid === undefined ? {} : { kernelSaid }) } },
  };
}

/** What to throw on the other side: the KernelError it was, or an Error of the same words. */
export function unpackFailure({ message, kernel }: ThreadFailure): Error {
  return kernel === undefined ? new Error(message) : new KernelError(kernel.code, kernel.errnoText, kernel.detail);
}
