import type { UplinkHealth } from "../config/uplink.ts";

/** How an uplink stands. Times in milliseconds of one clock. */
export interface Condition {
  readonly up: boolean;
  readonly carrier: boolean;
  readonly lastAnswer: number;
  /** Since when answers have come without a gap as long as `downAfter`; undefined: none come. */
  readonly answeringSince?: number;
}

/** What is seen at a look: a carrier, and whether an answer has come since the last look. */
export interface Sight {
  readonly now: number;
  readonly carrier: boolean;
  readonly answered: boolean;
  /** So much of the time since the last look nobody could have looked: the machine was busy, or asleep. */
  readonly late?: number;
}

/** A look may be late by so much, and the time of the file still holds. */
export const LOOK_EVERY = 50;

/** An uplink before the first look: as it was left, with the whole time to answer. */
export function firstCondition(up: boolean, now: number): Condition {
  return { up, carrier: true, lastAnswer: now };
}

/** An uplink after a look. Down at once without a carrier, else when its time without an answer is over. */
export function nextCondition(
  before: Condition,
  { now, carrier, answered, late = 0 }: Sight,
  { downAfter, upAfter }: UplinkHealth,
): Condition {
  const lastAnswer = answered ? now : before.lastAnswer + late;
  const silent = now - lastAnswer >= downAfter - LOOK_EVERY;
  const answers = carrier && !silent && (answered || before.answeringSince !== undefined);
  const answeringSince = answers ? (before.answeringSince ?? now) : undefined;
  const isBack = answeringSince !== undefined && now - answeringSince >= upAfter;
  const up = before.up ? carrier && !silent : isBack;
  return { up, carrier, lastAnswer, ...(answeringSince === undefined ? {} : { answeringSince }) };
}

/**
 * Which uplinks are to be out of use. While one is up, all that are not; if none is, it stays as it is: there is nowhere
 * better to go.
 */
export function outOfUse(up: readonly boolean[], now: readonly boolean[]): boolean[] {
  return up.includes(true) ? up.map((one) => !one) : [...now];
}
