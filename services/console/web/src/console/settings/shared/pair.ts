// Two numbers as people copy them from maps. Pure.

/** Latitude and longitude of a text such as "38.7169, -9.1399"; null when it is none. */
export function readPair(text: string): [number, number] | null {
  const match = /^\s*([-+−]?\d+(?:\.\d+)?)°?\s*[,;\s]\s*([-+−]?\d+(?:\.\d+)?)°?\s*$/.exec(text);
  if (!match) return null;
  const [lat, lng] = [match[1]!, match[2]!].map((number) => Number(number.replace('−', '-'))) as [number, number];
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? [lat, lng] : null;
}
