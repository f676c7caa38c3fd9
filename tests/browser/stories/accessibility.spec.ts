// Every page meets WCAG 2.2 A and AA as far as axe can tell, light and dark, narrow and wide, and none
// is wider than its window.
import type { Schemas } from '../support/api';
import { faultsOf, settled } from '../support/accessibility';
import { checkFile } from '../support/imports';
import { mailedLink } from '../support/mails';
import { unique } from '../support/office';
import { ADMIN_LOGIN, expect, PHONE, test } from '../support/test';
import type { Locator, Page } from '@playwright/test';

/** An address, and what shows that its page is there: a heading, or something else. */
type Stop = [address: string, shows: string | Locator];

/** Walks addresses in one page, and tells all that is wrong with them at once. */
async function walk(page: Page, stops: Stop[]): Promise<void> {
  const faults: string[] = [];
  for (const [address, shows] of stops) {
    await page.goto(address);
    await expect(typeof shows === 'string' ? page.getByRole('heading', { name: shows, exact: true }) : shows).toBeVisible();
    await settled(page);
    faults.push(...await faultsOf(page, address));
  }
  expect(faults.join('\n')).toBe('');
}

test('before the login', async ({ open }) => {
  const page = await open(null, '/console');
  await walk(page, [
    ['/console', 'Log in'],
    ['/console?setup', 'Set up this installation'],
    ['/console?forgotten', 'Recover your password'],
    ['/phone', page.getByRole('link', { name: 'Console for schedulers and admins' })],
    ['/phone?forgotten', 'Recover your password'],
    ['/invite#token=x', 'Choose your password'],
    ['/reset#token=x', 'Choose a new password'],
    ['/confirm-email#token=x', 'Confirm your e-mail address'],
    ['/offer#token=x', page.getByText('This link no longer works')],
  ]);
});

test('the live map with what is selected', async ({ open, office }) => {
  const vera = await office.member();
  await (await office.phone(vera)).send(office.place);
  const job = await office.case({ urgent: true, skills: [{ code: 'camera', required: 1, preferred: 3 }] });
  await office.api.post(`/v1/cases/${job.id}/offers`, { mode: 'broadcast', staff_ids: [vera.id] });
  const page = await open(ADMIN_LOGIN, '/console', { around: office.place });
  await walk(page, [
    ['/console', 'Live map'],
    [`/console?person=${vera.id}`, vera.name],
    [`/console?case=${job.id}`, job.title],
    ['/console?case=new', 'New case'],
  ]);
});

test('day, people, an import and audit', async ({ open, office }) => {
  const vera = await office.person();
  const job = await office.case();
  await office.api.post(`/v1/cases/${job.id}/assignments`, { staff_id: vera.id });
  const page = await open(ADMIN_LOGIN, '/console/people/import');
  const file = `A${unique()}.csv`;
  await checkFile(page, file, ['first_name,last_name,email', `Ines,${unique()},${unique()}@lighthouse.example`, 'Ivo,Faulty,no address at all']);
  await expect(page).toHaveURL(/import=/);
  await walk(page, [
    [page.url(), page.getByRole('row').filter({ hasText: 'Faulty' })],
    ['/console/day', 'Day'],
    ['/console/day?view=list', page.getByRole('button', { name: 'List', pressed: true })],
    ['/console/people', 'People'],
    ['/console/people/import', 'Import people'],
    ['/console/audit', 'Audit'],
    ['/console/account', 'My account'],
    ['/console/nowhere', 'There is no such page'],
  ]);
});

test('a person, part by part', async ({ open, office }) => {
  const vera = await office.member({ skills: [{ code: 'camera', level: 3 }], languages: [{ language: 'pt', level: 'native' }] });
  await office.phone(vera);
  const parts = {
    profile: 'Names', login: 'Login', access: 'Access', teams: 'Departments and queues', skills: 'Skills', preferences: 'Travel',
    hours: 'Working hours', devices: 'Devices', history: 'History', data: 'Erase for good',
  };
  const page = await open(ADMIN_LOGIN, '/console');
  await walk(page, Object.entries(parts).map(([part, heading]) => [`/console/people/${vera.id}/${part}`, heading]));
});

test('settings, part by part', async ({ open, office }) => {
  const { lat, lng } = office.place;
  const corners = [[lng, lat], [lng + 0.01, lat], [lng + 0.01, lat + 0.01], [lng, lat]];
  const region = await office.api.post<Schemas['Region']>('/v1/regions', { name: `Area ${unique()}`, area: { type: 'Polygon', coordinates: [corners] } });
  const parts = {
    organization: 'Organisation', regions: 'Regions', [`regions/${region.id}`]: region.name, departments: 'Departments', 'departments/new': 'New department',
    groups: 'Groups', tags: 'Tags', roles: 'Roles', 'roles/new': 'New role', services: 'Services', queues: 'Queues', clients: 'Clients', 'clients/new': 'New client',
    policies: 'Ranking policies', 'policies/new': 'New policy', 'service-accounts': 'Service accounts', 'service-accounts/new': 'New service account',
  };
  const page = await open(ADMIN_LOGIN, '/console');
  await walk(page, Object.entries(parts).map(([part, heading]) => [`/console/settings/${part}`, heading]));
});

test('the phone page, part by part, and a mailed offer', async ({ open, office }) => {
  const vera = await office.member();
  await office.agree(vera);
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  const [first, second] = [await office.case({ starts_at: tomorrow }), await office.case()];
  await office.api.post(`/v1/cases/${first.id}/assignments`, { staff_id: vera.id });
  await office.api.post(`/v1/cases/${second.id}/offers`, { mode: 'broadcast', staff_ids: [vera.id] });
  const page = await open(vera, '/phone', { ...PHONE, permissions: ['geolocation'], geolocation: { latitude: office.place.lat, longitude: office.place.lng, accuracy: 10 } });
  await expect(page.getByRole('heading', { name: second.title })).toBeVisible();
  await walk(page, [
    ['/phone', 'Now'],
    ['/phone#work', 'Work'],
    ['/phone#time', 'Time'],
    ['/phone#data', 'My data'],
    [await mailedLink(vera.login, 'A case is offered to you'), page.getByRole('button', { name: 'Accept' })],
  ]);
});

test('dialogs', async ({ open, office }) => {
  const vera = await office.person();
  const job = await office.case();
  const page = await open(ADMIN_LOGIN, `/console?case=${job.id}`, { around: office.place });
  const faults: string[] = [];
  const look = async (name: string) => {
    await expect(page.getByRole('dialog')).toBeVisible();
    faults.push(...await faultsOf(page, name));
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();
    await page.setViewportSize({ width: 1280, height: 800 });
  };
  await page.getByRole('button', { name: `Assign ${vera.display_name}` }).click();
  await look('assigning');
  await page.getByRole('button', { name: 'Offer …' }).click();
  await look('offering');
  await page.getByRole('button', { name: 'Try other weights …' }).click();
  await look('other weights');
  await page.goto('/console/people');
  await page.getByRole('button', { name: 'New person' }).click();
  await look('a new person');
  await page.getByRole('button', { name: 'Export' }).click();
  await look('an export');
  expect(faults.join('\n')).toBe('');
});
