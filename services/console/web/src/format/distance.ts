// Lengths of ways as people read them.

/** Such as "850 m" or "3.2 km". */
export function metres(length: number): string {
  if (length < 995) return `${Math.round(length / 10) * 10} m`;
  const km = length / 1_000;
  return `${km < 9.95 ? km.toFixed(1) : Math.round(km)} km`;
}
