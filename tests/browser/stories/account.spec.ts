// Getting in: invitations, forgotten and temporary passwords, and one's own account.
import { Api, type Schemas } from '../support/api';
import { mailedLink } from '../support/mails';
import { unique } from '../support/office';
import { expect, PHONE, test } from '../support/test';
import type { Page } from '@playwright/test';

async function logIn(page: Page, login: string, password: string): Promise<void> {
  await page.getByLabel('E-mail address or user name').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('an invitation is accepted by the link of its mail, once', async ({ open, office }) => {
  const email = `${unique()}@lighthouse.example`;
  await office.person({ email, access_level: 'full', admin_role: 'scheduler', send_invite: true });
  const link = await mailedLink(email, 'Invitation');
  expect(link).toMatch(/^\/invite#/);
  const page = await open(null, link);
  await page.getByLabel('New password').fill('short');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByText('Use at least 15 characters.').last()).toBeVisible();
  const password = 'nine quiet harbour cranes';
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByText('Your password is set. You can log in now.')).toBeVisible();

  await page.goto('/console');
  await logIn(page, email, password);
  await expect(page.getByRole('navigation', { name: 'Main navigation' })).toBeVisible();

  const again = await open(null, link);
  await again.getByLabel('New password').fill(password);
  await again.getByRole('button', { name: 'Set the password' }).click();
  await expect(again.getByText('This invitation was used')).toBeVisible();
});

test('a forgotten password is recovered by a mailed link', async ({ open, office }) => {
  const vera = await office.member();
  const page = await open(null, '/phone', PHONE);
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  await page.getByLabel('E-mail address or user name').fill(vera.login);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await expect(page.getByText('a link is on its way')).toBeVisible();

  await page.goto(await mailedLink(vera.login, 'New password'));
  const password = 'four borrowed sailing boats';
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Set the new password' }).click();
  await expect(page.getByText('Your new password is set.')).toBeVisible();
  await expect(Api.logIn(vera.login, vera.password)).rejects.toThrow('401');
  await page.goto('/phone');
  await logIn(page, vera.login, password);
  await expect(page.getByRole('switch')).toBeVisible();
});

test('a temporary password opens nothing but its own change', async ({ open, office }) => {
  const email = `${unique()}@lighthouse.example`;
  const vera = await office.person({ email, access_level: 'limited' });
  await office.api.post(`/v1/staff/${vera.id}/password`, { password: 'one borrowed rowing boat' });
  const page = await open(null, '/console/people');
  await logIn(page, email, 'one borrowed rowing boat');
  await expect(page.getByRole('heading', { name: 'Choose your own password' })).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Main navigation' })).toHaveCount(0);
  await page.getByLabel('Temporary password').fill('one borrowed rowing boat');
  await page.getByLabel('New password').fill('nine quiet harbour cranes');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByRole('navigation', { name: 'Main navigation' })).toBeVisible();
});

test('one changes one\'s own password and profile, and stays logged in', async ({ open, office }) => {
  const vera = await office.member();
  const elsewhere = await Api.logIn(vera.login, vera.password);
  const page = await open(vera, '/console/account');
  const form = page.getByRole('region', { name: 'Password' });
  await form.getByLabel('Present password').fill('not the present one');
  await form.getByLabel('New password').fill('eleven patient lighthouses');
  await form.getByRole('button', { name: 'Change the password' }).click();
  await expect(form.locator('[aria-invalid="true"], [role="alert"]').first()).toBeVisible();
  await form.getByLabel('Present password').fill(vera.password);
  await form.getByRole('button', { name: 'Change the password' }).click();
  await expect(page.getByText('Your password is changed. Your other sessions have ended.')).toBeVisible();
  await expect(elsewhere.get('/v1/me')).rejects.toThrow('401');

  const profile = page.getByRole('region', { name: 'Profile' });
  await profile.getByLabel('How far I travel at most').fill('25');
  await profile.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Your profile is saved.')).toBeVisible();
  expect((await office.api.get<Schemas['Staff']>(`/v1/staff/${vera.id}`)).max_travel_km).toBe(25);
});
