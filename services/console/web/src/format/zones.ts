// Time zones to choose from. Browsers name neither UTC among them, nor each name that one zone has.

/** The browser's own zone. Where it knows none: UTC. */
export function ownZone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return timeZone && timeZone !== 'Etc/Unknown' ? timeZone : 'UTC';
}

/** All that the browser knows, without doubles: first those given, such as the one that is stored,
    then the browser's own and UTC. */
export function zones(...first: (string | null | undefined)[]): string[] {
  const given = first.filter((zone): zone is string => Boolean(zone));
  return [...new Set([...given, ownZone(), 'UTC', ...Intl.supportedValuesOf('timeZone')])];
}
