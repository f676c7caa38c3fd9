// People come in from a file and go out into one.
import { readFile } from 'node:fs/promises';
import type { Schemas } from '../support/api';
import { checkFile } from '../support/imports';
import { unique } from '../support/office';
import { ADMIN_LOGIN, expect, test } from '../support/test';

test('a file is checked row by row, and what is right is written', async ({ open, office }) => {
  const tag = `I${unique()}`;
  const rows = [
    'first_name,last_name,email,access_level',
    `Ines,${tag},${tag}.1@lighthouse.example,limited`,
    `Ivo,${tag},no address at all,limited`,
    `Ida,${tag},${tag}.3@lighthouse.example,limited`,
  ];
  const page = await open(ADMIN_LOGIN, '/console/people/import');
  await checkFile(page, `${tag}.csv`, rows);
  await expect(page.getByRole('heading', { name: `${tag}.csv`, exact: true })).toBeVisible();
  const faulty = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: '3', exact: true }) });
  await expect(faulty).toContainText('Faulty');
  await expect(faulty).toContainText(/e-?mail/i);
  const people = async () => (await office.api.get<{ items: Schemas['Staff'][] }>(`/v1/staff?q=${tag}`)).items.map((one) => one.first_name).sort();
  expect(await people()).toEqual([]);

  await page.getByRole('button', { name: 'Write 2 rows, leave out 1 faulty' }).click();
  await expect(page.getByText('2 people created, 0 people changed')).toBeVisible();
  expect(await people()).toEqual(['Ida', 'Ines']);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Faults as CSV' }).click()]);
  expect(await readFile(await download.path(), 'utf8')).toMatch(/^3,error,email,invalid,/m);
});

test('a file that is no table says so where it is wrong', async ({ open }) => {
  const page = await open(ADMIN_LOGIN, '/console/people/import');
  await checkFile(page, 'names.csv', ['first_name,shoe_size', 'Ida,38', '']);
  await expect(page.getByRole('alert')).toContainText('shoe_size');
});

test('the people of the list are exported into a file', async ({ open, office }) => {
  const tag = `E${unique()}`;
  const vera = await office.person({ first_name: tag });
  await office.person();
  const page = await open(ADMIN_LOGIN, `/console/people?q=${tag}`);
  await expect(page.getByText('1 person shown')).toBeVisible();
  await page.getByRole('button', { name: 'Export' }).click();
  const dialog = page.getByRole('dialog', { name: 'Export people' });
  await expect(dialog.getByText('1 filter counts.')).toBeVisible();
  await dialog.getByLabel('CSV').check();
  await dialog.getByRole('button', { name: 'Make the file' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('link', { name: /^Download CSV/ }).click()]);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split(/\r?\n/);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(vera.last_name);
});
