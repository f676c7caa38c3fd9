// The timeline of a day, and giving work to somebody else.
import type { Schemas } from '../support/api';
import { dayAhead, unique } from '../support/office';
import { expect, test } from '../support/test';

test('a conflict is shown before it is saved, and saved with a reason', async ({ open, office }) => {
  const day = dayAhead(3);
  const [vera, wanda] = [await office.person(), await office.person({ first_name: 'Wanda' })];
  const first = await office.case({ starts_at: `${day}T10:00:00Z`, duration_min: 60 });
  const second = await office.case({ starts_at: `${day}T10:30:00Z`, duration_min: 60 });
  await office.api.post(`/v1/cases/${first.id}/assignments`, { staff_id: vera.id });
  await office.api.post(`/v1/cases/${second.id}/assignments`, { staff_id: wanda.id });
  const holders = async () => (await office.api.get<{ items: Schemas['Assignment'][] }>(`/v1/assignments?case=${second.id}`)).items
    .filter((one) => one.state !== 'cancelled').map((one) => one.staff_id);

  const page = await open(await office.scheduler(), '/console/day');
  await page.getByRole('textbox', { name: 'Day' }).fill(day);
  await page.getByLabel('Find a person').first().fill(wanda.last_name);
  await page.getByRole('button', { name: new RegExp(second.title) }).click();
  const dialog = page.getByRole('dialog', { name: new RegExp(`^Change: .*${second.title}`) });
  await dialog.getByLabel('Find a person').fill(vera.last_name);
  await dialog.getByRole('radio', { name: new RegExp(vera.last_name) }).check();
  await expect(dialog.getByText('This speaks against it:')).toBeVisible();
  await expect(dialog.getByText(new RegExp(`Overlaps with ${first.number} `))).toBeVisible();
  expect(await holders()).toEqual([wanda.id]);

  // Without a reason the server refuses it, and says why.
  await dialog.getByRole('button', { name: 'Save the change' }).click();
  await expect(dialog.getByRole('alert')).toContainText('They have something else at that time.');
  expect(await holders()).toEqual([wanda.id]);
  await dialog.getByLabel('Why it is right all the same').fill('Both are in the same house.');
  await dialog.getByRole('button', { name: 'Save all the same' }).click();
  await expect(dialog).toBeHidden();
  expect(await holders()).toEqual([vera.id]);
  await page.getByLabel('Find a person').first().fill(vera.last_name);
  const work = page.getByRole('list', { name: `Assignments of ${vera.display_name}` });
  await expect(work.getByTitle(second.title)).toContainText('Overlaps with');
});

test('a case that waits is given to somebody', async ({ open, office }) => {
  const day = dayAhead(4);
  const vera = await office.person();
  const job = await office.case({ starts_at: `${day}T09:00:00Z`, duration_min: 45 });
  const page = await open(await office.scheduler(), '/console/day');
  await page.getByRole('textbox', { name: 'Day' }).fill(day);
  await page.getByRole('button', { name: `Assign: ${job.number} ${job.title}` }).click();
  const dialog = page.getByRole('dialog', { name: new RegExp(job.title) });
  await dialog.getByRole('radio', { name: new RegExp(vera.last_name) }).check();
  await expect(dialog.getByText('The time is free and within working hours.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Assign', exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('button', { name: `Assign: ${job.number} ${job.title}` })).toHaveCount(0);
  const { items } = await office.api.get<{ items: Schemas['Assignment'][] }>(`/v1/assignments?case=${job.id}`);
  expect(items.map((one) => one.staff_id)).toEqual([vera.id]);
});

test('an assignment that was taken back meanwhile says so and offers nothing', async ({ open, office }) => {
  const day = dayAhead(6);
  const vera = await office.person();
  const job = await office.case({ starts_at: `${day}T10:00:00Z`, duration_min: 60 });
  const { id } = await office.api.post<Schemas['Assignment']>(`/v1/cases/${job.id}/assignments`, { staff_id: vera.id });
  const page = await open(await office.scheduler(), `/console/day?date=${day}`);
  await page.getByLabel('Find a person').first().fill(vera.last_name);
  await page.getByRole('button', { name: new RegExp(job.title) }).click();
  const dialog = page.getByRole('dialog', { name: new RegExp(`^Change: .*${job.title}`) });
  await dialog.getByLabel('Duration in minutes').fill('90');
  await expect(dialog.getByRole('button', { name: 'Save the change' })).toBeEnabled();
  await office.api.delete(`/v1/assignments/${id}`);
  await dialog.getByRole('button', { name: 'Save the change' }).click();
  await dialog.getByRole('button', { name: 'Load it again' }).click();
  await expect(dialog.getByText('This assignment was taken back meanwhile.')).toBeVisible();
  await expect(dialog.getByRole('link', { name: 'Open the case' })).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Save the change' })).toHaveCount(0);
  await expect(dialog.getByRole('button', { name: 'Take it back' })).toHaveCount(0);
});

test('work is dragged to a person and a time, and saved only when that is confirmed', async ({ open, office }) => {
  const day = dayAhead(8);
  const last_name = `Q${unique()}`;
  const [vera, wanda] = [await office.person({ last_name }), await office.person({ first_name: 'Wanda', last_name })];
  const job = await office.case({ starts_at: `${day}T11:00:00Z`, duration_min: 60 });
  await office.api.post(`/v1/cases/${job.id}/assignments`, { staff_id: vera.id });
  const held = async () => (await office.api.get<{ items: Schemas['Assignment'][] }>(`/v1/assignments?case=${job.id}`)).items
    .filter((one) => one.state !== 'cancelled').map((one) => [one.staff_id, Date.parse(one.starts_at)]);
  const noon = Date.parse(`${day}T11:00:00Z`);
  const page = await open(await office.scheduler(), `/console/day?date=${day}&q=${last_name}`);
  const bar = page.getByRole('button', { name: new RegExp(job.title) });
  const track = page.locator(`[data-staff="${wanda.id}"] [data-track]`);
  await expect(bar).toBeVisible();
  await expect(track).toBeVisible();
  const grip = (await bar.boundingBox())!;
  const line = (await track.boundingBox())!;
  const [x, y] = [grip.x + 10, grip.y + grip.height / 2];
  const box = page.getByRole('region', { name: 'Timeline' });
  const scrolled = () => box.evaluate((shown) => shown.scrollLeft);

  // At an edge the timeline scrolls by itself; Escape ends that, and nothing has happened.
  await page.mouse.move(x, y);
  await page.mouse.down();
  const before = await scrolled();
  const edge = (await box.boundingBox())!;
  await page.mouse.move(edge.x + edge.width - 25, y, { steps: 4 });
  await expect.poll(scrolled).toBeGreaterThan(before + 50);
  await page.keyboard.press('Escape');
  await page.mouse.up();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await box.evaluate((shown, left) => { shown.scrollLeft = left; }, before);

  await page.mouse.move(x, y);
  await page.mouse.down();
  // Scrolled back by two hours below the pointer, and moved on by one: an hour earlier.
  await page.mouse.move(x + 20, line.y + line.height / 2, { steps: 4 });
  await box.evaluate((shown, by) => { shown.scrollLeft -= by; }, line.width / 12);
  await page.mouse.move(x + line.width / 24, line.y + line.height / 2, { steps: 4 });
  await page.mouse.up();
  const dialog = page.getByRole('dialog', { name: new RegExp(`^Change: .*${job.title}`) });
  await expect(dialog.getByRole('radio', { name: new RegExp(`Wanda ${last_name}`) })).toBeChecked();
  await expect(dialog.getByText('The time is free and within working hours.')).toBeVisible();
  expect(await held()).toEqual([[vera.id, noon]]);
  await dialog.getByRole('button', { name: 'Save the change' }).click();
  await expect(dialog).toBeHidden();
  expect(await held()).toEqual([[wanda.id, noon - 3_600_000]]);
});

test('a case of an earlier day still waits today, and is late', async ({ open, office }) => {
  const job = await office.case({ starts_at: `${dayAhead(-3)}T10:00:00Z` });
  const page = await open(await office.scheduler(), '/console/day');
  const card = page.getByRole('button', { name: `Assign: ${job.number} ${job.title}` });
  await expect(card).toContainText('late, since');
  const shown = page.getByRole('textbox', { name: 'Day' });
  const today = await shown.inputValue();
  await page.getByRole('button', { name: 'Previous day' }).click();
  await expect(shown).not.toHaveValue(today);
  await expect(card).toHaveCount(0);
});
