import { afterEach, expect, test, vi } from 'vitest';
import { ownZone, zones } from './zones';

/** Lets the browser be in a zone. */
function inZone(timeZone: string | undefined) {
  vi.spyOn(Intl.DateTimeFormat.prototype, 'resolvedOptions').mockReturnValue({ timeZone } as Intl.ResolvedDateTimeFormatOptions);
}

afterEach(() => { vi.restoreAllMocks(); });

test('UTC can be chosen, also where the browser is in it', () => {
  inZone('UTC');
  const found = zones();
  expect(found[0]).toBe('UTC');
  expect(found).toContain('Europe/Lisbon');
  expect(new Set(found).size).toBe(found.length);
});

test('what is stored comes first, then the own zone, even if the browser does not list them', () => {
  inZone('Europe/Lisbon');
  expect(zones('Etc/GMT+5').slice(0, 3)).toEqual(['Etc/GMT+5', 'Europe/Lisbon', 'UTC']);
  expect(zones('', null, undefined)[0]).toBe('Europe/Lisbon');
  expect(zones('UTC').filter((zone) => zone === 'UTC')).toHaveLength(1);
});

test('a browser that does not know its zone is taken to be in UTC', () => {
  inZone('Etc/Unknown');
  expect(ownZone()).toBe('UTC');
  inZone(undefined);
  expect(ownZone()).toBe('UTC');
});
