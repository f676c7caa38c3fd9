// Tests of taking entries apart.
import { describe, expect, it } from 'vitest';
import { caseOf, isId, isInstant, kindOfField, ownName, parts, type Entry } from './entry';

const ID = '01a22721-8e4a-74e2-8faa-39a4323a17f8';
const entry = (details: object, changes: object | null = null) => ({ details, changes }) as unknown as Entry;

describe('parts', () => {
  it('reads fields with two sides, and hides what says nothing', () => {
    const { changes, facts } = parts(entry({ name: { before: null, after: 'Airport' }, version: { before: 1, after: 2 }, area_sha256: { before: 'a', after: 'b' }, positions: 7 }));
    expect(changes).toEqual([{ field: 'name', before: null, after: 'Airport', personal: false }]);
    expect(facts).toEqual([{ field: 'positions', value: 7 }]);
  });

  it('compares two whole states', () => {
    const { changes } = parts(entry({ before: { state: 'assigned', eta_min: 3 }, after: { state: 'done', eta_min: 3 } }));
    expect(changes).toEqual([{ field: 'state', before: 'assigned', after: 'done', personal: false }]);
  });

  it('looks into fields that hold objects', () => {
    const { changes } = parts(entry({ settings: { before: { a: 1, b: 2 }, after: { a: 1, b: 3 } } }));
    expect(changes).toEqual([{ field: 'settings.b', before: 2, after: 3, personal: false }]);
  });

  it('reads personal fields that have two sides each', () => {
    const { changes } = parts(entry({}, { before: null, after: { override_reason: { before: null, after: 'Asked for' } } }));
    expect(changes).toEqual([{ field: 'override_reason', before: null, after: 'Asked for', personal: true }]);
  });

  it('marks personal values, and leaves out what was and is nothing', () => {
    const { changes } = parts(entry({ notes: { before: null, after: '' } }, { before: null, after: { email: 'a@b.example' } }));
    expect(changes).toEqual([{ field: 'email', before: null, after: 'a@b.example', personal: true }]);
  });
});

it('knows what ids name', () => {
  expect(kindOfField('staff_id')).toBe('staff');
  expect(kindOfField('after.department_ids')).toBe('department');
  expect(kindOfField('state')).toBeNull();
  expect(isId(ID)).toBe(true);
  expect(isId('done')).toBe(false);
  expect(isInstant('2026-11-29T11:52:55Z')).toBe(true);
  expect(isInstant('2026-11-29')).toBe(false);
});

it('finds names and cases', () => {
  expect(ownName(entry({ name: { before: 'A', after: null } }))).toBe('A');
  expect(ownName(entry({ name: 'B' }))).toBe('B');
  expect(ownName(entry({}))).toBeNull();
  expect(caseOf(entry({ after: { case_id: ID } }))).toBe(ID);
});
