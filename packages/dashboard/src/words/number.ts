/** Numbers as people read them. */

export function countText(count: number): string {
  if (count < 10_000) return count.toLocaleString("en");
  return count.toLocaleString("en", { notation: "compact", maximumFractionDigits: 1 });
}

/** `3 runs`, `1 run`. */
export function countOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${countText(count)} ${count === 1 ? noun : plural}`;
}

export function shareText(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  const share = (part / whole) * 100;
  if (share > 0 && share < 0.1) return "< 0.1 %";
  return `${share < 10 && share > 0 ? share.toFixed(1) : Math.round(share)} %`;
}

const MINUTE = 60_000;

/** How many a minute, or a second when there are many. */
export function rateText(count: number, ms: number): string {
  const perMinute = (count / Math.max(ms, 1)) * MINUTE;
  if (perMinute >= 600) return `${countText(Math.round(perMinute / 60))} / s`;
  return `${perMinute >= 10 ? Math.round(perMinute) : Number(perMinute.toFixed(perMinute < 0.1 ? 2 : 1))} / min`;
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"] as const;

/** In powers of 1,024, as the server reads them too: `512 MB`. */
export function bytesText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  return `${value >= 100 || Number.isInteger(value) ? Math.round(value) : value.toFixed(1)} ${UNITS[power]}`;
}
