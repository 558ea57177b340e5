/** What iperf3 found. */
export interface Iperf3Figures {
  /** Bits a second, as the receiver counted them. */
  readonly bitsPerSecond: number;
  readonly receivedBytes: number;
  readonly seconds: number;
  readonly retransmits: number;
}

/** Reads the JSON that `iperf3 -J` prints; throws TypeError if it is not that of a finished run. */
export function parseIperf3(text: string): Iperf3Figures {
  const { end, error } = JSON.parse(text) as {
    readonly error?: string;
    readonly end?: {
      readonly sum_sent?: { readonly retransmits?: number };
      readonly sum_received?: { readonly bits_per_second?: number; readonly bytes?: number; readonly seconds?: number };
    };
  };
  const received = end?.sum_received;
  if (received?.bits_per_second === undefined || received.bytes === undefined || received.seconds === undefined) {
    throw new TypeError(`iperf3 did not finish: ${error ?? "no sum of what was received"}`);
  }
  return {
    bitsPerSecond: received.bits_per_second,
    receivedBytes: received.bytes,
    seconds: received.seconds,
    retransmits: end?.sum_sent?.retransmits ?? 0,
  };
}
