import { beforeEach, expect, test, vi } from 'vitest';
import { api } from '../../api/api';
import { Problem, offline } from '../../api/problem';
import { fakeBrowser } from './browser.fake';
import { Duty } from './duty.svelte';

type Call = { mock: { calls: [string, { body: { on_duty: boolean } }][] }; mockReset(): void; mockImplementation(answer: (path?: string) => Promise<unknown>): void };
const get = vi.spyOn(api, 'GET') as unknown as Call;
const put = vi.spyOn(api, 'PUT') as unknown as Call;

/** The API answers so about duty, to this person. */
const answersTo = (staff: string, duty: unknown) => async (path?: string) => (path === '/v1/me' ? { data: { staff: { id: staff } } } : duty);

function answer(on_duty: boolean, decided_by = 'switch') {
  return { data: { on_duty, decided_by, off_duty_since: null }, response: new Response(null, { headers: { etag: `"${on_duty}"` } }) };
}
const told = () => put.mock.calls.map(([, { body }]) => body.on_duty);

beforeEach(() => {
  fakeBrowser();
  get.mockReset();
  put.mockReset();
  get.mockImplementation(answersTo('mary', answer(true)));
  put.mockImplementation(async () => answer(false));
});

test('an answer to a question from before a change does not undo it', async () => {
  const duty = new Duty('mary');
  await duty.load();
  let late = () => {};
  get.mockImplementation(() => new Promise((resolve) => { late = () => resolve(answer(true)); }));
  const reading = duty.load();
  await duty.set(false);
  late();
  await reading;
  expect(duty.now?.on_duty).toBe(false);
});

test('of two questions the later one counts, whichever is answered first', async () => {
  const duty = new Duty('mary');
  const late: (() => void)[] = [];
  get.mockImplementation(() => new Promise((resolve) => { const on = late.length === 0; late.push(() => resolve(answer(on))); }));
  const both = [duty.load(), duty.load()];
  late[1]!();
  await both[1];
  late[0]!();
  await both[0];
  expect(duty.now?.on_duty).toBe(false);
});

test('going off duty without a network is kept, also by a page opened anew, and told later', async () => {
  put.mockImplementation(async () => { throw offline(); });
  const duty = new Duty('mary');
  await duty.load();
  await duty.goOff();
  expect([duty.unsaid, duty.now?.on_duty]).toEqual([true, true]);
  expect(new Duty('vera').unsaid).toBe(false);

  put.mockReset();
  put.mockImplementation(async () => answer(false));
  const again = new Duty('mary');
  expect(again.unsaid).toBe(true);
  await again.tellOff();
  expect([again.unsaid, again.now?.on_duty, told()]).toEqual([false, false, [false]]);
});

test('what one person did not tell is not told for another who logged in since', async () => {
  put.mockImplementation(async () => { throw offline(); });
  const duty = new Duty('mary');
  await duty.goOff();
  put.mockReset();
  get.mockImplementation(answersTo('vera', answer(true)));
  await duty.tellOff();
  expect([duty.unsaid, told()]).toEqual([true, []]);
});

test('what was not told is dropped when it is too old, and when one goes on duty again', async () => {
  put.mockImplementation(async () => { throw offline(); });
  const duty = new Duty('mary');
  await duty.goOff();
  vi.spyOn(Date, 'now').mockReturnValueOnce(Date.now() + 13 * 3_600_000);
  expect(new Duty('mary').unsaid).toBe(false);
  put.mockReset();
  put.mockImplementation(async () => answer(true));
  await duty.set(true);
  await duty.tellOff();
  expect([duty.unsaid, told()]).toEqual([false, [true]]);
});

test('a refusal is no lack of a network: it is said and not repeated', async () => {
  put.mockImplementation(async () => { throw new Problem(403, 'forbidden', ''); });
  const duty = new Duty('mary');
  await expect(duty.goOff()).rejects.toThrow(Problem);
  expect(duty.unsaid).toBe(false);
});

test('what working hours decide is left to them', async () => {
  get.mockImplementation(answersTo('mary', answer(true, 'working_hours')));
  const duty = new Duty('mary');
  await duty.goOff();
  expect([duty.unsaid, told()]).toEqual([false, []]);
});
