import type { LogSignal } from "../../diagnose/signals.ts";
import { KernelLog, logEpoch } from "../../kernel/kernel-log.ts";
import { LogSummary } from "../log/log-summary.ts";

/** Reads what the kernel's log says of NAT; `from` to now, in milliseconds since 1970, is the interval. */
export function readLogSignals(from: number, now: number): LogSignal[] {
  const log = new KernelLog();
  try {
    const [all, recent] = [new LogSummary(logEpoch()), new LogSummary(logEpoch())];
    for (let record = log.next(); record !== undefined; record = log.next()) {
      if (record === "overwritten") continue;
      all.add(record);
      if (all.timeOf(record) >= from) recent.add(record);
    }
    const counts = new Map(recent.findings.map((found) => [`${found.kind.id} ${found.of}`, found.count]));
    return all.findings.map(({ kind, of, count, last, text }) => ({
      id: kind.id,
      ...(of === "" ? {} : { of }),
      count,
      now: counts.get(`${kind.id} ${of}`) ?? 0,
      secondsAgo: Math.max(0, (now - last) / 1000),
      last: text,
    }));
  } finally {
    log.close();
  }
}
