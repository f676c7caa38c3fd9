// Logging in, and what happens when a session ends.
import { Api } from '../support/api';
import { ADMIN_LOGIN, expect, openMenu, test } from '../support/test';
import type { Page } from '@playwright/test';

async function fillLogin(page: Page, login: string, password: string): Promise<void> {
  await page.getByLabel('E-mail address or user name').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

test('a wrong password is refused and the right one opens the console', async ({ open, office }) => {
  const scheduler = await office.scheduler();
  const page = await open(null, '/console/people');
  await fillLogin(page, scheduler.login, 'not the right password');
  await expect(page.getByRole('alert')).toContainText('login and password');
  await expect(page.getByLabel('E-mail address or user name')).toHaveValue(scheduler.login);
  await expect(page.getByLabel('Password', { exact: true })).toHaveValue('');

  await fillLogin(page, scheduler.login, scheduler.password);
  await expect(page.getByRole('heading', { level: 1, name: 'People' })).toBeVisible();
  await expect(page).toHaveURL(/\/console\/people$/);
  expect(await page.evaluate(() => document.cookie)).toBe('');
  // All our tokens begin so.
  expect(await page.evaluate(() => JSON.stringify([localStorage, sessionStorage]))).not.toContain('nh_');

  await openMenu(page);
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await page.goto('/console/people');
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
});

test('a session that is ended elsewhere asks for the login and keeps the page', async ({ open, office }) => {
  const scheduler = await office.scheduler();
  const page = await open(scheduler, '/console?case=new', { around: office.place });
  const title = page.getByLabel('What is to be done');
  await title.fill('Carry a lamp up the stairs');
  await page.getByLabel('Place', { exact: true }).fill(`${office.place.lat}, ${office.place.lng}`);
  await office.api.delete(`/v1/staff/${scheduler.id}/sessions`);
  // The page notices by itself: its stream is refused.
  const dialog = page.getByRole('dialog', { name: 'Log in' });
  await expect(dialog).toContainText('Your session has ended');
  await dialog.getByLabel('Password', { exact: true }).fill(scheduler.password);
  await dialog.getByRole('button', { name: 'Log in' }).click();
  await expect(dialog).toBeHidden();
  await expect(title).toHaveValue('Carry a lamp up the stairs');
  await page.getByRole('button', { name: 'Create the case' }).click();
  await expect(page.getByRole('heading', { name: 'Carry a lamp up the stairs' })).toBeVisible();
});

test('a tab follows when another one logs out, in again, or in as somebody else', async ({ open, office }) => {
  const scheduler = await office.scheduler();
  const page = await open(scheduler, '/console/people');
  const name = page.getByRole('banner').locator('summary');
  await expect(page.getByRole('heading', { level: 1, name: 'People' })).toBeVisible();
  const other = await page.context().newPage();
  const logOut = async () => {
    await openMenu(other);
    await other.getByRole('button', { name: 'Log out' }).click();
    await expect(other.getByRole('heading', { name: 'Log in' })).toBeVisible();
  };
  await other.goto('/console/people');
  await logOut();
  const asks = page.getByRole('dialog', { name: 'Log in' });
  await expect(asks).toBeVisible();
  await fillLogin(other, scheduler.login, scheduler.password);
  await expect(asks).toBeHidden();
  const before = await name.textContent();
  await logOut();
  await fillLogin(other, ADMIN_LOGIN.login, ADMIN_LOGIN.password);
  await expect(asks).toBeHidden();
  await expect(name).not.toHaveText(before!);
  await expect(page.getByRole('link', { name: 'Audit' })).toBeVisible();
});

test('own sessions are listed, and the others are ended', async ({ open, office }) => {
  const scheduler = await office.scheduler();
  const elsewhere = await Api.logIn(scheduler.login, scheduler.password);
  const page = await open(scheduler, '/console/account');
  await expect(page.getByText('This one')).toBeVisible();
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End all others' }).click();
  await expect(page.getByText('All other sessions have ended.')).toBeVisible();
  await expect(elsewhere.get('/v1/me')).rejects.toThrow('401');
});

test('light and dark are chosen, kept, and follow the system otherwise', async ({ open }) => {
  const page = await open(ADMIN_LOGIN, '/console/people', { colorScheme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const dark = await ground();
  await page.emulateMedia({ colorScheme: 'light' });
  await expect.poll(ground).not.toBe(dark);

  await openMenu(page);
  await page.getByLabel('Theme').selectOption('Dark');
  await expect.poll(ground).toBe(dark);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect.poll(ground).toBe(dark);
});
