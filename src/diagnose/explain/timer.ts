import { formatSeconds } from "../figures.ts";
import { timeoutSetting } from "../timeout-setting.ts";
import type { FlowSignal } from "../signals/table.ts";
import type { TimerWords } from "./explanation.ts";

const TCP = 6;
const UDP = 17;

/** What is to be said of TCP's states: what happens when the time is up. */
const STATES: Readonly<Record<string, string>> = {
  SYN_SENT: "nobody has answered yet; unless an answer comes in this time the attempt is forgotten",
  SYN_SENT2: "both sides began at once; unless they agree in this time the attempt is forgotten",
  SYN_RECV: "the other side has answered and the handshake is not complete; without its last packet it is forgotten",
  ESTABLISHED:
    "every packet winds it up again; a connection silent for longer is forgotten, and its next packet is not translated",
  FIN_WAIT: "one side has said it is done; the other has this long",
  CLOSE_WAIT: "the other side has said it is done, this one has this long",
  LAST_ACK: "both sides are done, the last acknowledgement is awaited",
  TIME_WAIT: "it is over; the entry, and its port, are kept for packets that come late",
  CLOSE: "it was reset; the entry, and its port, are kept for this long",
};

/** What the time left of an entry means. `settings`: by sysctl name. */
export function timerOf(flow: FlowSignal, settings: Readonly<Record<string, string>>): TimerWords {
  const { protocol, state = "", status, timeout } = flow;
  const seconds = timeout;
  if (status.includes("offload") || status.includes("hw-offload")) {
    return { seconds, meaning: "the flow table forwards it past the rules and keeps the time itself" };
  }
  const assured = status.includes("assured");
  const setting = timeoutSetting(protocol, state, assured);
  const full = setting === undefined ? Number.NaN : Number(settings[setting]);
  const head = { seconds, ...(setting === undefined || Number.isNaN(full) ? {} : { setting, full }) };
  const meaning = meaningOf(protocol, state, status);
  if (status.includes("fixed-timeout")) return { ...head, meaning: `${meaning}; it was given a fixed time` };
  if (Number.isNaN(full) || timeout > full) return { ...head, meaning };
  return {
    ...head,
    meaning: `${meaning}. Silent for ${formatSeconds(full - timeout)}, if no rule gave it another timeout`,
  };
}

function meaningOf(protocol: number, state: string, status: readonly string[]): string {
  if (protocol === TCP) return STATES[state] ?? "nothing is known of this state";
  const answered = status.includes("seen-reply");
  if (protocol === UDP && status.includes("assured")) {
    return "packets have gone both ways for a while: it counts as a stream, and every packet winds it up again";
  }
  if (!answered) return "nobody has answered yet; every packet winds it up again";
  return "it has been answered; every packet winds it up again, then the entry is forgotten";
}
