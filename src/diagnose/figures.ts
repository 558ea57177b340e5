/** `1,234,567`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** `97.3 %`, of a share from 0 to 1; three digits. */
export function formatPercent(share: number): string {
  const percent = share * 100;
  const digits = percent >= 100 || percent === 0 ? 0 : percent >= 10 ? 1 : 2;
  return `${percent.toFixed(digits)} %`;
}

/** `1.2 s`, `34 s`, `5 min`, `2 h 10 min`, `3 days`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) {
    const minutes = Math.round((seconds % 3600) / 60);
    return `${Math.floor(seconds / 3600)} h${minutes === 0 ? "" : ` ${minutes} min`}`;
  }
  return `${Math.round(seconds / 86_400)} days`;
}

/** `123 /s`, `0.4 /s`. */
export function formatRate(perSecond: number): string {
  return `${perSecond >= 10 || perSecond === 0 ? formatCount(perSecond) : perSecond.toFixed(1)} /s`;
}
