// The first run of an installation. All other stories happen in the organisation that it makes.
import { BOOTSTRAP_TOKEN } from '../support/server';
import { ADMIN, ORGANIZATION } from '../support/office';
import { expect, test } from '../support/test';

test('an admin sets up the installation with the bootstrap token', async ({ open }) => {
  const page = await open(null, '/');
  await page.getByRole('link', { name: 'First run: set up this installation' }).click();
  await page.getByLabel('Bootstrap token').fill('a wrong token');
  await page.getByLabel('Name', { exact: true }).fill(ORGANIZATION.name);
  await page.getByLabel('Short name for logins').fill(ORGANIZATION.slug);
  await page.getByLabel('Time zone').selectOption('Europe/Lisbon');
  await page.getByLabel('First name').fill(ADMIN.first_name);
  await page.getByLabel('Last name').fill(ADMIN.last_name);
  await page.getByLabel('E-mail address').fill(ADMIN.email);
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Set up and log in' }).click();
  await expect(page.getByText('Use at least 15 characters. These are 5.')).toBeVisible();

  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await page.getByRole('button', { name: 'Set up and log in' }).click();
  await expect(page.getByRole('alert')).toBeVisible();

  await page.getByLabel('Bootstrap token').fill(BOOTSTRAP_TOKEN);
  await page.getByRole('button', { name: 'Set up and log in' }).click();
  await expect(page.getByRole('navigation', { name: 'Main navigation' })).toBeVisible();
  await expect(page.getByText(ORGANIZATION.name)).toBeVisible();
  await expect(page.getByText('Nobody is on this part of the map.')).toBeVisible();

  // It works once.
  const again = await open(null, '/console?setup', { timezoneId: 'UTC' });
  await expect(again.getByLabel('Time zone')).toHaveValue('UTC');
  await again.getByLabel('Bootstrap token').fill(BOOTSTRAP_TOKEN);
  await again.getByLabel('Name', { exact: true }).fill('Another');
  await again.getByLabel('First name').fill('Eve');
  await again.getByLabel('Last name').fill('Else');
  await again.getByLabel('E-mail address').fill('eve@another.example');
  await again.getByLabel('Password', { exact: true }).fill('nine quiet harbour cranes');
  await again.getByRole('button', { name: 'Set up and log in' }).click();
  await expect(again.getByText('This installation has been set up already.')).toBeVisible();
});
