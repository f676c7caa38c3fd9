import { beforeEach, expect, test, vi } from 'vitest';
import { api } from '../../api/api';
import { Problem, offline } from '../../api/problem';
import { enrolAs, fakeBrowser, fixAt } from './browser.fake';
import { BATCH } from './plan';
import { Queue } from './queue';
import { Sender } from './sender.svelte';

type Sent = { body: { pings: { key: string }[] } };
const post = vi.spyOn(api, 'POST') as unknown as { mock: { calls: [string, Sent][] }; mockReset(): void; mockImplementation(answer: () => Promise<unknown>): void };
const took = { data: { accepted: 1, duplicates: 0, discarded: {}, rejected: [] as object[] } };
const sent = () => post.mock.calls.map(([, { body }]) => body.pings.map((ping) => ping.key));
const senderOf = (staff: string) => new Sender(staff, new Queue(), () => {});

beforeEach(() => {
  fakeBrowser({ device: 'old', staff: 'mary' });
  post.mockReset();
  post.mockImplementation(async () => took);
});

test('what a device could not send goes out when the browser is enrolled again', async () => {
  post.mockImplementation(async () => { throw new Problem(401, 'unauthorized', ''); });
  const sender = senderOf('mary');
  await sender.take(fixAt('kept'));
  await vi.waitFor(() => expect(sender.trouble).toBe('revoked'));

  post.mockReset();
  post.mockImplementation(async () => took);
  enrolAs({ device: 'new', staff: 'mary' });
  await sender.begin();
  await vi.waitFor(() => expect(sender.queued).toBe(0));
  expect(sent()).toEqual([['kept']]);
});

test('nothing of a person is sent by the device of another', async () => {
  await new Queue().add('mary', fixAt('of mary'));
  await new Queue().add('vera', fixAt('of vera'));
  enrolAs({ device: 'new', staff: 'vera' });
  const [mary, vera] = [senderOf('mary'), senderOf('vera')];
  await Promise.all([mary.begin(), vera.begin()]);
  await Promise.all([mary.flush(), vera.flush()]);
  expect(sent()).toEqual([['of vera']]);
  expect([mary.queued, vera.queued]).toEqual([1, 0]);
});

test('a flush waits for the send that runs, and for the batches behind it', async () => {
  const queue = new Queue();
  for (let one = 0; one <= BATCH; one++) await queue.add('mary', fixAt(`${one}`));
  let answer = () => {};
  post.mockImplementation(() => new Promise((resolve) => { answer = () => resolve(took); }));
  const sender = new Sender('mary', queue, () => {});
  await sender.begin();
  await vi.waitFor(() => expect(sent()).toHaveLength(1));
  const left = sender.flush();
  answer();
  await vi.waitFor(() => expect(sent()).toHaveLength(2));
  answer();
  expect(await left).toBe(0);
  expect(sent().flat()).toHaveLength(BATCH + 1);
});

test('a flush tries once more after a try that met nobody', async () => {
  let refuse = () => {};
  post.mockImplementation(() => new Promise((_, reject) => { refuse = () => reject(offline()); }));
  const sender = senderOf('mary');
  await sender.take(fixAt('kept'));
  await vi.waitFor(() => expect(sent()).toHaveLength(1));
  const left = sender.flush();
  post.mockImplementation(async () => took);
  refuse();
  expect(await left).toBe(0);
});

test('a browser that stores nothing says so, and stops nothing else', async () => {
  vi.stubGlobal('indexedDB', { open: () => { throw new Error('not in a private window'); } });
  const sender = senderOf('mary');
  await sender.begin();
  expect(sender.broken).toBe(true);
});

test('what another tab has sent is no trouble any more', async () => {
  post.mockImplementation(async () => { throw offline(); });
  const queue = new Queue();
  const sender = new Sender('mary', queue, () => {});
  await sender.take(fixAt('kept'));
  await vi.waitFor(() => expect(sender.trouble).toBe('offline'));
  await queue.remove(['kept']);
  sender.hurry();
  await vi.waitFor(() => expect([sender.trouble, sender.queued]).toEqual([null, 0]));
});

test('what the server will never take is told, and does not count as sent', async () => {
  post.mockImplementation(async () => ({ data: { ...took.data, accepted: 0, rejected: [{ index: 0, code: 'fix_at_in_future', detail: '' }] } }));
  const sender = senderOf('mary');
  await sender.take(fixAt('of tomorrow'));
  await vi.waitFor(() => expect(sender.rejected).toEqual({ code: 'fix_at_in_future', all: true }));
  expect([sender.lastSent, sender.queued]).toEqual([null, 0]);

  post.mockImplementation(async () => took);
  await sender.take(fixAt('of today'));
  await vi.waitFor(() => expect(sender.rejected).toBeNull());
  expect(sender.lastSent).not.toBeNull();
});
