// The phone page: sharing, pausing, without a network, and as an installed app.
import type { Schemas } from '../support/api';
import { beside, dayAhead, unique, type Office, type Place } from '../support/office';
import { expect, PHONE, test, type Opening } from '../support/test';
import type { Page } from '@playwright/test';

/** A phone that knows where it is, so many metres exactly. */
function phoneAt({ lat: latitude, lng: longitude }: Place, accuracy: number): Opening {
  return { ...PHONE, permissions: ['geolocation'], geolocation: { latitude, longitude, accuracy } };
}

async function fixes(office: Office, staff: { id: string }): Promise<number> {
  const track = await office.api.get<{ features: { properties: { times: string[] } }[] }>(`/v1/staff/${staff.id}/track`);
  return track.features.flatMap((part) => part.properties.times).length;
}

async function onDuty(office: Office, staff: { id: string }): Promise<boolean> {
  return (await office.api.get<Schemas['Duty']>(`/v1/staff/${staff.id}/duty`)).on_duty;
}

/** Waits until the page's worker has kept its shell; returns the address below which it does so. */
function shellScope(page: Page): Promise<string> {
  return page.evaluate(async () => new URL((await navigator.serviceWorker.ready).scope).pathname);
}

test('positions of a phone without a network are kept, and sent when it is back', async ({ open, office }) => {
  const vera = await office.member();
  await office.agree(vera);
  // At first the phone knows its position too badly for it to be sent.
  const page = await open(vera, '/phone', phoneAt(office.place, 5_000));
  await page.getByRole('switch').click();
  await expect(page.getByText('Too imprecise to be shared.', { exact: true })).toBeVisible();
  await shellScope(page);
  await page.context().setOffline(true);
  const there = beside(office.place, 300);
  await page.context().setGeolocation({ latitude: there.lat, longitude: there.lng, accuracy: 9 });
  await expect(page.getByText('1 position', { exact: true })).toBeVisible();
  await expect(page.getByText('No connection. Your positions are kept here')).toBeVisible();
  expect(await fixes(office, vera)).toBe(0);

  // Closed and opened again, still without a network: the page is there, and so is the position.
  await page.close();
  const again = await page.context().newPage();
  await again.goto('/phone');
  await expect(again.getByRole('heading', { name: 'No connection' })).toBeVisible();

  await again.context().setOffline(false);
  await expect(again.getByRole('switch')).toBeVisible();
  await expect(again.getByText('Nothing', { exact: true })).toBeVisible();
  await expect.poll(() => fixes(office, vera), { timeout: 30_000 }).toBe(1);
});

test('a pause hides where a person is at once, and ends when they say so', async ({ open, office }) => {
  const vera = await office.member();
  await office.agree(vera);
  const desk = await open(await office.scheduler(), '/console', { around: office.place });
  const page = await open(vera, '/phone', phoneAt(office.place, 10));
  await page.getByRole('switch').click();
  await expect(page.getByText('Shared.')).toBeVisible();
  const row = desk.getByRole('option', { name: vera.name });
  await expect(row).toContainText('±10 m');

  await page.getByText('Pause tracking').click();
  await page.getByRole('button', { name: '30 min' }).click();
  await expect(page.getByText(/^Paused until/)).toBeVisible();
  // At home without a live fix, or nowhere at all until the desk has asked for that.
  await expect(row.filter({ hasText: '±' })).toHaveCount(0);
  await page.getByRole('button', { name: 'End the pause now' }).click();
  await expect(page.getByText('Pause tracking')).toBeVisible();
});

test('the phone page can be installed, keeps its shell, and never an answer of the API', async ({ open, office }) => {
  const page = await open(await office.member(), '/phone', PHONE);
  await expect(page.getByRole('switch')).toBeVisible();
  const manifest = await page.evaluate(async () => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="manifest"]')!;
    return await (await fetch(link.href)).json() as { start_url: string; scope: string; display: string; icons: { src: string; sizes: string }[] };
  });
  expect(manifest.display).toBe('standalone');
  expect(manifest.icons.map((icon) => icon.sizes)).toEqual(expect.arrayContaining(['192x192', '512x512']));
  for (const icon of manifest.icons) {
    const answer = await page.request.get(new URL(icon.src, `${new URL(page.url()).origin}/phone/`).href);
    expect(answer.headers()['content-type']).toMatch(/^image\//);
  }
  expect(await shellScope(page)).toBe('/phone');

  await page.reload();
  await expect(page.getByRole('switch')).toBeVisible();
  const kept = await page.evaluate(async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map((request) => new URL(request.url).pathname);
  });
  expect(kept).toContain('/phone');
  expect(kept.filter((path) => path.startsWith('/v1') || path.startsWith('/console'))).toEqual([]);
});

test('time off, preferences and what is held are one\'s own to change and take', async ({ open, office }) => {
  const vera = await office.member();
  const page = await open(vera, '/phone#time', PHONE);
  await page.getByLabel('First day').fill(dayAhead(60));
  await page.getByLabel('Last day').fill(dayAhead(62));
  await page.getByRole('button', { name: 'Add time off' }).click();
  await expect(page.getByText('Time off is recorded.', { exact: true })).toBeVisible();
  const { items } = await office.api.get<{ items: Schemas['TimeOff'][] }>(`/v1/staff/${vera.id}/time-off`);
  expect(items).toHaveLength(1);

  await page.getByRole('link', { name: 'My data' }).click();
  await page.getByRole('button', { name: 'Ask for my data' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download', exact: true }).click({ timeout: 60_000 })]);
  expect(download.suggestedFilename()).toMatch(/\.zip$/);
  await page.getByRole('button', { name: 'Set up OwnTracks' }).click();
  await page.getByRole('button', { name: 'Make the setup' }).click();
  // A smaller code cannot be scanned from an ordinary screen.
  const code = page.getByRole('img', { name: 'Code that sets up OwnTracks' });
  await expect(code).toBeVisible();
  expect((await code.boundingBox())!.width).toBeGreaterThanOrEqual(300);
  await page.getByRole('button', { name: 'Done, close' }).click();
});

test('preferences that are changed at the desk meanwhile are not overwritten', async ({ open, office }) => {
  const vera = await office.member();
  const [desk, own] = await Promise.all(['Locks', 'Alarms'].map((name) => office.api.post<Schemas['Service']>('/v1/services', { name: `${name} ${unique()}` })));
  const page = await open(vera, '/phone#time', PHONE);
  await page.getByLabel(own!.name).selectOption('Preferred');
  await office.api.put(`/v1/staff/${vera.id}/work-preferences`, { services: [{ service_id: desk!.id, preference: 'never' }], regions: [] });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Load their changes and keep mine' }).click();
  await expect(page.getByLabel(desk!.name)).toHaveValue('never');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Your preferences are saved.')).toBeVisible();
  const { services } = await office.api.get<Schemas['WorkPreferences']>(`/v1/staff/${vera.id}/work-preferences`);
  expect(services.map((one) => one.preference).sort()).toEqual(['never', 'preferred']);
});

test('a page that found no server finds it by itself once it is back', async ({ open, office }) => {
  const page = await open(await office.member(), '/phone', PHONE);
  await expect(page.getByRole('switch')).toBeVisible();
  await page.clock.install();
  await page.route('**/v1/me', (route) => route.abort());
  await page.reload();
  await expect(page.getByRole('heading', { name: 'No connection' })).toBeVisible();
  await page.unroute('**/v1/me');
  await page.clock.fastForward(20_000);
  await expect(page.getByRole('switch')).toBeVisible();
});

test('when the session has ended, sharing can still be stopped', async ({ open, office }) => {
  const vera = await office.member();
  await office.agree(vera);
  const page = await open(vera, '/phone', phoneAt(office.place, 10));
  await page.getByRole('switch').click();
  await expect(page.getByText('Shared.')).toBeVisible();
  await page.context().clearCookies({ name: 'nearhand' });
  await page.getByText('Pause tracking').click();
  await page.getByRole('button', { name: '30 min' }).click();
  const dialog = page.getByRole('dialog', { name: 'Log in' });
  await dialog.getByRole('button', { name: 'Stop sharing' }).click();
  await expect(dialog.getByText('Sharing has stopped.')).toBeVisible();
  expect(await onDuty(office, vera)).toBe(true);
  await dialog.getByLabel('Password', { exact: true }).fill(vera.password);
  await dialog.getByRole('button', { name: 'Log in' }).click();
  await expect.poll(() => onDuty(office, vera)).toBe(false);
  await expect(page.getByRole('switch')).not.toBeChecked();
});

test('what is typed for a time off stays while another part is looked at', async ({ open, office }) => {
  const vera = await office.member();
  const page = await open(vera, '/phone#time', PHONE);
  const day = dayAhead(40);
  await page.getByLabel('First day').fill(day);
  await page.getByRole('link', { name: 'Now' }).click();
  await expect(page.getByRole('switch')).toBeVisible();
  await expect(page.getByLabel('First day')).toBeHidden();
  await page.goBack();
  await expect(page.getByLabel('First day')).toHaveValue(day);

  await page.getByLabel('Only part of a day').check();
  await page.getByLabel('From', { exact: true }).fill('22:00');
  await page.getByLabel('Until', { exact: true }).fill('02:00');
  await expect(page.getByText('On the next day.')).toBeVisible();
  await page.getByRole('button', { name: 'Add time off' }).click();
  await expect(page.getByText('Time off is recorded.', { exact: true })).toBeVisible();
  const { items } = await office.api.get<{ items: Schemas['TimeOff'][] }>(`/v1/staff/${vera.id}/time-off`);
  expect(items.map((one) => Date.parse(one.ends_at) - Date.parse(one.starts_at))).toEqual([4 * 3_600_000]);
});
