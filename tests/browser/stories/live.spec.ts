// The live map and its list: where people are, and whether that is live.
import type { Schemas } from '../support/api';
import { beside } from '../support/office';
import { ADMIN_LOGIN, expect, PHONE, test } from '../support/test';

test('the phone page shares its location, and the scheduler sees it come', async ({ open, office }) => {
  const vera = await office.member({ home: null });
  await office.agree(vera);
  const desk = await open(await office.scheduler(), '/console', { around: office.place });
  const people = desk.getByRole('listbox', { name: 'People' });
  await expect(desk.getByText('Nobody is on this part of the map.')).toBeVisible();

  const { lat: latitude, lng: longitude } = beside(office.place, 200);
  const phone = await open(vera, '/phone', { ...PHONE, permissions: ['geolocation'], geolocation: { latitude, longitude, accuracy: 20 } });
  await phone.getByRole('switch').click();
  await expect(phone.getByRole('switch')).toBeChecked();
  await expect(phone.getByText('Shared.')).toBeVisible();

  const row = people.getByRole('option', { name: vera.name });
  await expect(row).toContainText('±20 m');
  await expect(desk.getByText('Live', { exact: true }).first()).toBeVisible();
  await row.click();
  await expect(row).toHaveAttribute('aria-selected', 'true');
  const panel = desk.getByRole('region', { name: 'What is selected' });
  await expect(panel).toContainText('Phone');
  await panel.getByRole('button', { name: 'Close' }).click();
  await expect(panel).toBeHidden();
  await expect(row).toHaveAttribute('aria-selected', 'false');
});

test('people on the map are selected by a click, from a list where several are at one spot', async ({ open, office }) => {
  const vera = await office.person({ home: null });
  const phone = await office.phone(vera);
  await phone.send(office.place);
  const atHome = await office.person({ first_name: 'Hanna', home: beside(office.place, 400, 400) });
  const page = await open(ADMIN_LOGIN, '/console', { around: office.place });
  const row = page.getByRole('option', { name: vera.display_name });
  await expect(row).toBeVisible();
  const canvas = page.locator('[data-ready="true"] canvas').first();
  await expect(canvas).toBeVisible();
  // Until the person is drawn in the middle of the map.
  await expect(async () => {
    await canvas.click();
    await expect(row).toHaveAttribute('aria-selected', 'true', { timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  await expect(page).toHaveURL(new RegExp(`person=${vera.id}`));
  await expect(page.getByRole('heading', { name: vera.display_name })).toBeVisible();

  const wanda = await office.person({ first_name: 'Wanda', home: null });
  await (await office.phone(wanda)).send(office.place);
  const spot = page.getByRole('region', { name: '2 at this spot' });
  await expect(async () => {
    await canvas.click();
    await expect(spot).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 60_000 });
  await expect(spot.getByRole('button', { name: vera.display_name })).toBeVisible();
  await spot.getByRole('button', { name: wanda.display_name }).click();
  await expect(page.getByRole('heading', { name: wanda.display_name })).toBeVisible();
  await expect(spot).toBeHidden();

  const withoutFix = page.getByRole('option', { name: atHome.display_name });
  await expect(withoutFix).toContainText('no live fix');
  await page.getByRole('button', { name: 'Live fix' }).click();
  await expect(withoutFix).toBeHidden();
  await expect(row).toBeVisible();
});

test('a stream that is cut says so, and goes on where it was', async ({ open, office, cable }) => {
  const vera = await office.person({ home: null });
  const phone = await office.phone(vera);
  await phone.send(office.place);
  const page = await open(await office.scheduler(), '/console', { around: office.place, baseURL: cable.url });
  const row = page.getByRole('option', { name: vera.display_name });
  await expect(row).toContainText('±8 m');
  await expect(page.getByText('Live', { exact: true }).first()).toBeVisible();

  cable.pullOut();
  await expect(page.getByText('Reconnecting …')).toBeVisible();
  await phone.send(beside(office.place, 150), { accuracy_m: 50 });
  // What was seen last stays in sight.
  await expect(row).toContainText('±8 m');
  cable.putBack();
  await expect(page.getByText('Reconnecting …')).toBeHidden();
  await expect(row).toContainText('±50 m');
});

test('from afar people are counted by area, and an area is zoomed into', async ({ open, office }) => {
  const vera = await office.person({ home: null });
  await (await office.phone(vera)).send(office.place);
  const page = await open(ADMIN_LOGIN, '/console', { around: office.place });
  const row = page.getByRole('option', { name: vera.display_name });
  await expect(row).toBeVisible();
  // A crowd would take long to make, so each counts for sixty.
  await page.route('**/v1/positions/counts?*', async (route) => {
    // The server answers our own pages alone.
    const response = await route.fetch({ headers: { ...await route.request().allHeaders(), 'sec-fetch-site': 'same-origin' } });
    const counts = await response.json() as Schemas['PositionCounts'];
    const items = counts.items.map((area) => ({ ...area, people: area.people * 60 }));
    await route.fulfill({ response, json: { ...counts, people: counts.people * 60, items } });
  });
  for (let step = 0; step < 4; step += 1) await page.getByRole('button', { name: 'Zoom out' }).click();
  await expect(page.getByText('Counted by area')).toBeVisible();
  await expect(row).toHaveCount(0);
  await page.getByRole('option', { name: /people, near/ }).click();
  await expect(row).toBeVisible();
  await expect(page.getByText('Live', { exact: true }).first()).toBeVisible();
});

test('on a narrow screen the map and the list take turns', async ({ open, office }) => {
  const vera = await office.person({ home: null });
  await (await office.phone(vera)).send(office.place);
  const page = await open(ADMIN_LOGIN, '/console', { around: office.place, viewport: { width: 390, height: 844 } });
  await page.getByRole('button', { name: 'List', exact: true }).click();
  await page.getByRole('option', { name: vera.display_name }).click();
  const panel = page.getByRole('region', { name: 'What is selected' });
  await expect(panel).toBeVisible();
  await panel.getByRole('button', { name: 'Show on the map' }).click();
  await expect(page.locator('[data-ready="true"] canvas').first()).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test('what is done leaves the map and the list, and closed cases are found by number', async ({ open, office }) => {
  const vera = await office.person();
  const done = await office.case();
  const { id } = await office.api.post<Schemas['Assignment']>(`/v1/cases/${done.id}/assignments`, { staff_id: vera.id });
  await office.api.patch(`/v1/assignments/${id}`, { state: 'done' });
  const cancelled = await office.case();
  await office.api.patch(`/v1/cases/${cancelled.id}`, { status: 'cancelled' });
  const waiting = await office.case();

  const page = await open(await office.scheduler(), `/console?case=${waiting.id}`, { around: office.place });
  const search = page.getByLabel('Search by number or title');
  const listed = page.getByRole('listbox', { name: 'Cases' });
  await search.fill(waiting.title);
  await expect(listed.getByRole('option', { name: waiting.title })).toBeVisible();
  await search.fill(done.title);
  await expect(page.getByText('No open case matches.')).toBeVisible();
  await page.getByRole('button', { name: /^Also done/ }).click();
  await expect(listed.getByRole('option', { name: done.title })).toBeVisible();

  await search.fill(cancelled.number);
  await expect(page.getByRole('region', { name: 'Closed' }).getByRole('button', { name: cancelled.title })).toBeVisible();
  await search.fill(cancelled.title);
  await page.getByRole('region', { name: 'Closed' }).getByRole('button', { name: cancelled.title }).click();
  await expect(page.getByRole('heading', { name: cancelled.title })).toBeVisible();
  await expect(page.getByText('The case is closed.')).toBeVisible();
});

test('the legend tells areas and ranks apart while they are on the map', async ({ open, office }) => {
  await office.person();
  const job = await office.case();
  const page = await open(await office.scheduler(), '/console', { around: office.place });
  await page.getByText('Legend', { exact: true }).click();
  // A scheduler knows homes by their area.
  await expect(page.getByText('Number with six corners: people somewhere in that area')).toBeVisible();
  const ranks = page.getByText('Number in a circle: rank in who should go');
  await expect(ranks).toHaveCount(0);
  await page.getByRole('button', { name: 'Cases', exact: true }).click();
  await page.getByLabel('Search by number or title').fill(job.title);
  await page.getByRole('option', { name: job.title }).click();
  await expect(ranks).toBeVisible();
});

test('somebody elsewhere is shown at home, and who may not know it is told so', async ({ open, office }) => {
  const vera = await office.person();
  const around = beside(office.place, 60_000);
  const desk = await open(ADMIN_LOGIN, `/console?person=${vera.id}`, { around });
  await expect(desk.getByRole('heading', { name: vera.display_name })).toBeVisible();
  await desk.getByRole('button', { name: 'Show on the map' }).click();
  await expect(desk.getByRole('option', { name: vera.display_name })).toBeVisible();

  const viewer = await office.member({ access_level: 'full', admin_role: 'general', modules: { tracking: 'view' } });
  const page = await open(viewer, `/console?person=${vera.id}`, { around });
  await page.getByRole('button', { name: 'Show on the map' }).click();
  await expect(page.getByText('As far as you may see, nobody knows where they are now.')).toBeVisible();
});
