// A link that opens the phone's own map with the way to a place.

/** `geo:` opens any map on Android; iPhones know it not, and open theirs by `maps:`. */
export function wayTo(place: { lat: number; lng: number }, label: string, agent: string): string {
  const point = `${place.lat},${place.lng}`;
  if (/iPhone|iPad|Macintosh/.test(agent)) return `maps:?daddr=${point}&q=${encodeURIComponent(label)}`;
  // Brackets end the label.
  const escaped = encodeURIComponent(label).replace(/[()]/g, (sign) => (sign === '(' ? '%28' : '%29'));
  return `geo:${point}?q=${point}(${escaped})`;
}
