import { expect, test } from 'vitest';
import type { Schemas } from '../../api/api';
import { Problem } from '../../api/problem';
import { Editing } from '../../console/settings/shared/editing.svelte';
import { choicesOf, statedIn, type Choices } from './preferences';

const services = [{ id: 'locks' }, { id: 'alarms' }];
const regions = [{ id: 'harbour' }];

function stated(...list: [string, string][]): Schemas['WorkPreferences'] {
  return { services: list.map(([service_id, preference]) => ({ service_id, preference })), regions: [] } as unknown as Schemas['WorkPreferences'];
}

test('every row has a choice, and what one cannot see stays stated', () => {
  const choices = choicesOf(stated(['locks', 'never'], ['hidden', 'avoid']), services, regions);
  expect(choices).toEqual({ 'services/locks': 'never', 'services/alarms': '', 'regions/harbour': '', 'services/hidden': 'avoid' });
  expect(statedIn({ ...choices, 'regions/harbour': 'preferred' })).toEqual({
    services: [{ service_id: 'locks', preference: 'never' }, { service_id: 'hidden', preference: 'avoid' }],
    regions: [{ region_id: 'harbour', preference: 'preferred' }],
  });
});

test('what somebody else changed meanwhile stays, beside what was chosen here', async () => {
  let server = { form: choicesOf(stated(), services, regions), etag: '1' };
  const editing = new Editing<Choices>({}, async () => server);
  await editing.load();
  editing.form['services/alarms'] = 'preferred';
  server = { form: choicesOf(stated(['locks', 'never']), services, regions), etag: '2' };
  expect(await editing.save(async () => { throw new Problem(412, 'version_mismatch', ''); })).toBe(false);
  await editing.load();
  expect([editing.stale, editing.clashes]).toEqual([false, []]);
  expect(statedIn(editing.form).services).toEqual([{ service_id: 'locks', preference: 'never' }, { service_id: 'alarms', preference: 'preferred' }]);
});
