import { expect, test } from 'vitest';
import { partOf } from './parts';
import { browserName } from './sharing/enrolment';
import { endsNextDay, isWholeDays, spanOf } from './time/span';
import { countdown } from './work/countdown';
import { wayTo } from './work/navigation';

const ZONE = 'Europe/Lisbon';
const form = { first: '2027-03-27', last: '', part: false, from: '09:00', until: '13:00' };

test('whole days reach from midnight to midnight of the zone, over a change of clocks', () => {
  const span = spanOf({ ...form, last: '2027-03-28' }, ZONE)!;
  expect(span).toEqual({ starts_at: '2027-03-27T00:00:00Z', ends_at: '2027-03-28T23:00:00Z' });
  expect(isWholeDays(span, ZONE)).toBe(true);
  expect(isWholeDays(span, 'Asia/Tokyo')).toBe(false);
});

test('one day needs no last day, part of a day has hours, and an end before the start is none', () => {
  expect(spanOf(form, ZONE)).toEqual({ starts_at: '2027-03-27T00:00:00Z', ends_at: '2027-03-28T00:00:00Z' });
  expect(spanOf({ ...form, first: '2027-07-01', part: true }, ZONE)).toEqual({ starts_at: '2027-07-01T08:00:00Z', ends_at: '2027-07-01T12:00:00Z' });
  expect(spanOf({ ...form, last: '2027-03-26' }, ZONE)).toBeNull();
});

test('hours that do not end after they start end on the next day', () => {
  const night = { ...form, first: '2027-07-01', part: true, from: '22:00', until: '02:00' };
  expect(spanOf(night, ZONE)).toEqual({ starts_at: '2027-07-01T21:00:00Z', ends_at: '2027-07-02T01:00:00Z' });
  expect(spanOf({ ...night, until: '22:00' }, ZONE)!.ends_at).toBe('2027-07-02T21:00:00Z');
  expect([night, form, { ...night, part: false }, { ...night, until: '' }].map(endsNextDay)).toEqual([true, false, false, false]);
});

test('a deadline is a clock that stops at nothing', () => {
  expect([245, 60, 9.2, 0, -5].map(countdown)).toEqual(['4:05', '1:00', '0:10', '0:00', '0:00']);
});

test('a way opens the map that the phone has', () => {
  const place = { lat: 38.7, lng: -9.1 };
  expect(wayTo(place, 'Rua (do) Ouro', 'Mozilla/5.0 (Linux; Android 15)')).toBe('geo:38.7,-9.1?q=38.7,-9.1(Rua%20%28do%29%20Ouro)');
  expect(wayTo(place, 'Café', 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_4)')).toBe('maps:?daddr=38.7,-9.1&q=Caf%C3%A9');
});

test('a browser has a name that people know', () => {
  expect(browserName('Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Mobile Safari/537.36')).toBe('Chrome on Android');
  expect(browserName('Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.4 Mobile Safari/604.1')).toBe('Safari on iPhone');
  expect(browserName('curl/8')).toBe('Browser');
});

test('a fragment names a part; an unknown one the first', () => {
  expect(['', '#work', '#apps', '#nothing'].map(partOf)).toEqual(['now', 'work', 'data', 'now']);
});
