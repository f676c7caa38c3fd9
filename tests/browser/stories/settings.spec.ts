// Settings and the audit trail.
import type { Schemas } from '../support/api';
import { unique } from '../support/office';
import { ADMIN_LOGIN, expect, PHONE, test } from '../support/test';

test('a pasted region is mended where the server says, and another is drawn', async ({ open, office }) => {
  const name = `Bay ${unique()}`;
  const { lat, lng } = office.place;
  /** A ring of corners given in thousandths of a degree from the town. */
  const ring = (corners: [number, number][]) => JSON.stringify({ type: 'Polygon', coordinates: [corners.map(([x, y]) => [lng + x / 1_000, lat + y / 1_000])] }, null, 2);
  const page = await open(ADMIN_LOGIN, '/console/settings/regions/new');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'GeoJSON' }).click();
  const text = page.getByRole('textbox', { name: 'GeoJSON' });
  await text.fill('{ "type": "Polygon",\n  "coordinates": [[[1, 2] [3, 4]]] }');
  await expect(page.getByText('Line 2: a comma is missing.')).toBeVisible();

  // A bow tie: its edges cross.
  await text.fill(ring([[0, 0], [20, 20], [20, 0], [0, 20], [0, 0]]));
  await page.getByRole('button', { name: 'Create' }).click();
  const alert = page.getByRole('alert').filter({ hasText: 'The area cannot be stored as it is.' });
  await expect(alert).toContainText(/Line \d+:/);
  await alert.getByRole('button', { name: 'Show fault 1 in the text' }).click();
  await expect(text).toBeFocused();
  expect(await text.evaluate((field: HTMLTextAreaElement) => field.selectionEnd - field.selectionStart)).toBeGreaterThan(0);

  await text.fill(ring([[0, 0], [20, 0], [20, 20], [0, 20], [0, 0]]));
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('link', { name })).toBeVisible();

  await page.getByRole('link', { name: 'New region' }).click();
  await page.getByLabel('Name', { exact: true }).fill(`${name} drawn`);
  const canvas = page.locator('[data-ready="true"] canvas').first();
  await expect(canvas).toBeVisible();
  await page.getByRole('button', { name: 'Draw the area' }).click();
  const box = (await canvas.boundingBox())!;
  for (const [x, y] of [[0.3, 0.3], [0.6, 0.3], [0.6, 0.6], [0.3, 0.6]]) {
    await canvas.click({ position: { x: box.width * x!, y: box.height * y! } });
  }
  await page.getByRole('button', { name: 'Finish' }).click();
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('link', { name: `${name} drawn` })).toBeVisible();
  const { items } = await office.api.get<{ items: Schemas['Region'][] }>('/v1/regions?limit=200');
  const drawn = items.find((one) => one.name === `${name} drawn`)!;
  // Four corners, and the first once more.
  expect((drawn.area as unknown as { coordinates: unknown[][][] }).coordinates[0]![0]).toHaveLength(5);
});

test('on a phone each box stands beside its text', async ({ open }) => {
  const page = await open(ADMIN_LOGIN, '/console/settings/organization', PHONE);
  for (const address of ['settings/organization', 'account']) {
    await page.goto(`/console/${address}`);
    const labels = page.locator('label:has(> input[type="checkbox"])');
    await expect(labels.first()).toBeVisible();
    await expect(page.getByText('Loading …')).toHaveCount(0);
    const alone = await labels.evaluateAll((all) => all.filter((label) => {
      const box = label.querySelector('input')!.getBoundingClientRect();
      const text = document.createRange();
      text.selectNodeContents(label);
      // The first line of the text.
      const line = [...text.getClientRects()].find((one) => one.width > 0 && one.left >= box.right);
      return !line || line.top >= box.bottom;
    }).map((label) => label.textContent.trim()));
    expect(alone).toEqual([]);
  }
});

test('a role is made and given, and counts at once', async ({ open, office }) => {
  const name = `Reader ${unique()}`;
  const member = await office.member({ access_level: 'full' });
  const page = await open(ADMIN_LOGIN, '/console/settings/roles/new');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Read the audit trail').check();
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('link', { name })).toBeVisible();

  await page.goto(`/console/people/${member.id}/access`);
  const access = page.getByRole('form', { name: 'Access' });
  await access.getByLabel('Further roles').selectOption(name);
  await access.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();

  const theirs = await open(member, '/console/audit');
  await expect(theirs.getByRole('list', { name: 'Audit' })).toBeVisible();
});

test('what was saved is behind one, and what is gone says so', async ({ open }) => {
  const name = `Tag ${unique()}`;
  const page = await open(ADMIN_LOGIN, '/console/settings/roles');
  await page.getByRole('link', { name: 'Tags' }).click();
  await page.getByRole('link', { name: 'New tag' }).click();
  const dialog = page.getByRole('dialog', { name: 'New tag' });
  await dialog.getByLabel('Name', { exact: true }).fill(name);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('link', { name: `Edit ${name}` }).click();
  // Closing it by the way back asks as well.
  await page.getByLabel('Name', { exact: true }).fill(`${name} mine`);
  await page.keyboard.press('Escape');
  const question = page.getByRole('dialog', { name: 'Leave without saving?' });
  await question.getByRole('button', { name: 'Stay here' }).click();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue(`${name} mine`);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('link', { name: `Edit ${name} mine` })).toBeVisible();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.getByRole('link', { name: `Edit ${name} mine` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).dblclick();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page).toHaveURL(/\/settings\/tags$/);
  await page.goBack();
  await expect(page).toHaveURL(/\/settings\/roles$/);

  for (const part of ['roles', 'policies']) {
    await page.goto(`/console/settings/${part}/00000000-0000-7000-8000-000000000000`);
    await expect(page.getByRole('heading', { name: 'This cannot be shown' })).toBeVisible();
  }
});

test('a setting that somebody else changed is not overwritten unseen', async ({ open, office }) => {
  const name = `North ${unique()}`;
  const page = await open(ADMIN_LOGIN, '/console/settings/departments');
  await page.getByRole('link', { name: 'New department' }).click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('link', { name: `Edit ${name}` }).click();
  await page.getByLabel('Name', { exact: true }).fill(`${name} mine`);
  const { items } = await office.api.get<{ items: Schemas['Department'][] }>('/v1/departments?limit=200');
  const department = items.find((one) => one.name === name)!;
  await office.api.patch(`/v1/departments/${department.id}`, { name: `${name} theirs` });
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Somebody else has changed this since you opened it')).toBeVisible();
  await page.getByRole('button', { name: 'Load their changes and keep mine' }).click();
  await expect(page.getByText('They changed this too: Name.')).toBeVisible();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue(`${name} mine`);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('link', { name: `Edit ${name} mine` })).toBeVisible();
});

test('the audit is narrowed by days, and each filter is one step back', async ({ open, office }) => {
  const vera = await office.person();
  const page = await open(ADMIN_LOGIN, '/console/audit');
  const asked: string[] = [];
  page.on('request', (request) => { if (/\/v1\/audit\?/.test(request.url())) asked.push(request.url()); });
  const entries = page.getByRole('list', { name: 'Audit' }).getByRole('listitem');
  await page.getByRole('combobox', { name: 'About whom or what' }).fill(vera.last_name);
  await page.getByRole('option', { name: vera.display_name }).click();
  await expect(entries).toHaveCount(1);
  const from = page.getByLabel('From', { exact: true });
  await from.focus();
  await page.keyboard.type('01012025');
  await expect(page).toHaveURL(/from=2025-01-01T/);
  await expect(entries).toHaveCount(1);
  expect(asked.filter((url) => /from=0/.test(url))).toEqual([]);
  await page.getByLabel('Until', { exact: true }).fill('2025-02-01');
  await expect(page.getByText('Nothing matches these filters.')).toBeVisible();
  await page.getByLabel('Until: time of day, optional').fill('12:30');
  await expect(page).toHaveURL(/to=2025-02-01T12%3A30/);

  await page.getByRole('button', { name: 'Remove all filters' }).click();
  await expect(page).toHaveURL(/\/audit$/);
  await page.goBack();
  await expect(page).toHaveURL(/subject=.*from=2025.*to=2025/);
  await page.goBack();
  await expect(page).not.toHaveURL(/to=/);
  await expect(page.getByLabel('Until', { exact: true })).toHaveValue('');
  await page.goBack();
  await expect(page).not.toHaveURL(/from=/);
  await expect(from).toHaveValue('');
  await expect(entries).toHaveCount(1);
});

test('the audit is narrowed by person and kind, and its address keeps that', async ({ open, office }) => {
  const vera = await office.person();
  await office.api.patch(`/v1/staff/${vera.id}`, { signature: 'With kind regards' });
  const page = await open(ADMIN_LOGIN, '/console/audit');
  const entries = page.getByRole('list', { name: 'Audit' }).getByRole('listitem');
  await expect(entries.first()).toBeVisible();
  await page.getByRole('combobox', { name: 'About whom or what' }).fill(vera.last_name);
  await page.getByRole('option', { name: vera.display_name }).click();
  await expect(page).toHaveURL(new RegExp(`subject=${vera.id}`));
  await expect(entries).toHaveCount(2);
  await entries.first().getByRole('button', { name: /^Details/ }).click();
  await expect(entries.first()).toContainText('With kind regards');
  await page.reload();
  await expect(entries).toHaveCount(2);
  await page.getByRole('button', { name: 'Remove all filters' }).click();
  await expect(page).toHaveURL(/\/audit$/);
});
