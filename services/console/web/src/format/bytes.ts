// Sizes of files as people read them.

/** Such as "840 B", "12 kB" or "3.4 MB". */
export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const step = Math.min(Math.max(0, Math.floor(Math.log10(Math.max(size, 1)) / 3)), units.length - 1);
  const value = size / 1_000 ** step;
  return `${step > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}
