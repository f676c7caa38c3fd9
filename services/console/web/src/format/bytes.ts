// Sizes of files as people read them.
import { words } from '../texts';

const { sizes } = words.units;

/** Such as "840 B", "12 kB" or "3.4 MB". */
export function bytes(size: number): string {
  const units = [sizes.B, sizes.kB, sizes.MB, sizes.GB];
  let value = size;
  let step = 0;
  // What would be rounded to four digits takes the next unit.
  while (value >= 999.5 && step < units.length - 1) {
    value /= 1_000;
    step += 1;
  }
  return units[step]!(step > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value)));
}
