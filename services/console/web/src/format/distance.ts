// Lengths of ways as people read them.
import { words } from '../texts';

const { units } = words;

/** Such as "850 m" or "3.2 km". */
export function metres(length: number): string {
  if (length < 995) return units.m(String(Math.round(length / 10) * 10));
  const km = length / 1_000;
  return units.km(km < 9.95 ? km.toFixed(1) : String(Math.round(km)));
}
