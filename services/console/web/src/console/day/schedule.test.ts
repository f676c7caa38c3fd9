import { beforeEach, expect, test, vi } from 'vitest';
import { readPlan, readUnassigned } from './schedule';

const asked = vi.hoisted(() => ({ calls: [] as { path: string; query: Record<string, unknown> }[], answers: {} as Record<string, unknown> }));
vi.mock('../../api/api', () => ({
  api: {
    GET: (path: string, { params }: { params: { query: Record<string, unknown> } }) => {
      asked.calls.push({ path, query: params.query });
      return asked.answers[path];
    },
  },
  body: (answer: unknown) => Promise.resolve(answer),
}));

const span = { from: Date.parse('2026-11-29T00:00:00Z'), to: Date.parse('2026-11-30T00:00:00Z') };
const times = (from: string, to: string) => ({ starts_at: `2026-11-29T${from}:00Z`, ends_at: `2026-11-29T${to}:00Z` });
const at = (time: string) => Date.parse(`2026-11-29T${time}:00Z`);
const work = { id: 'a', version: 1, case_id: 'c', case_number: '7', case_title: 'Visit', state: 'assigned', override_reason: null, conflicts: ['time_off'] };
const person = {
  staff_id: 'p', staff_name: 'Ada Berg', working_hours: [times('08:00', '16:00')], time_off: [{ id: 't', ...times('12:00', '13:00') }],
  assignments: [{ ...work, id: 'b', ...times('14:00', '15:00') }, { ...work, ...times('11:30', '12:30') }],
};

beforeEach(() => {
  asked.calls = [];
  asked.answers = { '/v1/schedule': { items: [person], next_cursor: 'later' } };
});

test('a page is one question, and its times are instants in their order', async () => {
  const { people, next } = await readPlan({ span, department: 'd', search: '' }, 'here', new AbortController().signal);
  expect(asked.calls).toEqual([{
    path: '/v1/schedule',
    query: { from: '2026-11-29T00:00:00.000Z', to: '2026-11-30T00:00:00.000Z', limit: 50, department: 'd', cursor: 'here' },
  }]);
  expect(next).toBe('later');
  expect(people).toMatchObject([{
    id: 'p', name: 'Ada Berg', working: [{ from: at('08:00'), to: at('16:00') }], timeOff: [{ from: at('12:00'), to: at('13:00') }],
    bookings: [{ id: 'a', from: at('11:30'), against: ['time_off'], etaMin: null }, { id: 'b' }],
  }]);
});

test('hours that are not recorded are not none', async () => {
  asked.answers['/v1/schedule'] = { items: [{ ...person, working_hours: null }, { ...person, working_hours: [] }], next_cursor: null };
  const { people } = await readPlan({ span, department: null, search: '' }, null, new AbortController().signal);
  expect(people.map((one) => one.working)).toEqual([null, []]);
});

test('those who are looked for by name are asked for in the same question', async () => {
  await readPlan({ span, department: 'd', search: 'ada' }, null, new AbortController().signal);
  expect(asked.calls.map(({ path, query }) => [path, query['q'], query['department']])).toEqual([['/v1/schedule', 'ada', 'd']]);
});

test('today keeps what nobody has taken on earlier days; another day has its own cases only', async () => {
  const waiting = (id: string, starts_at: string | null, urgent = false) => ({ id, starts_at, urgent });
  asked.answers['/v1/cases'] = {
    items: [waiting('today', '2026-11-29T10:00:00Z'), waiting('late', '2026-11-27T10:00:00Z'), waiting('soon', null), waiting('later', '2026-11-30T00:00:00Z'), waiting('urgent', '2026-11-29T12:00:00Z', true)],
    next_cursor: null,
  };
  const ids = async (soon: boolean) => (await readUnassigned(span, soon, new AbortController().signal)).map((one) => one.id);
  expect(await ids(true)).toEqual(['urgent', 'soon', 'late', 'today']);
  expect(await ids(false)).toEqual(['urgent', 'today']);
});
