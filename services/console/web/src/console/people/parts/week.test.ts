// Shifts between the API's minutes and a form's times.
import { expect, test } from 'vitest';
import { added, copied, minutesAWeek, overnight, shiftsOf, storedOf, unfinished } from './week';

const late = { weekday: 1, start_min: 960, end_min: 1_440 };
const night = { weekday: 5, start_min: 1_320, end_min: 360 };

test('there and back, midnight included', () => {
  expect(shiftsOf([night, late])).toEqual([
    { weekday: 1, start: '16:00', end: '00:00' },
    { weekday: 5, start: '22:00', end: '06:00' },
  ]);
  expect(storedOf(shiftsOf([late, night]))).toEqual([late, night]);
});

test('a night shift ends on the next day, one until midnight does not', () => {
  expect(shiftsOf([late, night]).map(overnight)).toEqual([false, true]);
  expect(minutesAWeek(shiftsOf([late, night]))).toBe(480 + 480);
});

test('copies a day to others and replaces theirs', () => {
  const week = [{ weekday: 1, start: '09:00', end: '17:00' }, { weekday: 2, start: '10:00', end: '12:00' }, { weekday: 6, start: '08:00', end: '09:00' }];
  expect(copied(week, 1, [1, 2, 3]).map((shift) => `${shift.weekday} ${shift.start}`)).toEqual(['1 09:00', '2 09:00', '3 09:00', '6 08:00']);
});

test('knows a shift without a time', () => {
  expect(unfinished([{ weekday: 1, start: '09:00', end: '' }])).toBe(true);
  expect(storedOf([{ weekday: 1, start: '09:00', end: '' }])).toEqual([]);
});

test('a further shift begins after the last one, or is left to be filled in', () => {
  const morning = { weekday: 1, start: '08:00', end: '12:00' };
  expect(added([], 1)).toEqual([{ weekday: 1, start: '09:00', end: '17:00' }]);
  expect(added([morning], 1)[1]).toEqual({ weekday: 1, start: '13:00', end: '17:00' });
  expect(added([{ ...morning, end: '00:00' }], 1)).toContainEqual({ weekday: 1, start: '', end: '' });
});
