// Every page meets WCAG 2.2 A and AA as far as axe can tell, light and dark, narrow and wide, and none
// is wider than its window.
import type { Schemas } from '../support/api';
import { faultsOf, settled } from '../support/accessibility';
import { unique } from '../support/office';
import { ADMIN_LOGIN, expect, PHONE, test } from '../support/test';
import type { Page } from '@playwright/test';

/** Walks addresses in one page, and tells all that is wrong with them at once. */
async function walk(page: Page, addresses: string[]): Promise<void> {
  const faults: string[] = [];
  for (const address of addresses) {
    await page.goto(address);
    await settled(page);
    faults.push(...await faultsOf(page, address));
  }
  expect(faults.join('\n')).toBe('');
}

test('before the login', async ({ open }) => {
  const page = await open(null, '/console');
  await walk(page, ['/console', '/console?setup', '/console?forgotten', '/phone', '/phone?forgotten', '/invite#token=x', '/reset#token=x', '/confirm-email#token=x']);
});

test('the live map with what is selected', async ({ open, office }) => {
  const vera = await office.member();
  await (await office.phone(vera)).send(office.place);
  const job = await office.case({ urgent: true, skills: [{ code: 'camera', required: 1, preferred: 3 }] });
  await office.api.post(`/v1/cases/${job.id}/offers`, { mode: 'broadcast', staff_ids: [vera.id] });
  const page = await open(ADMIN_LOGIN, '/console', { around: office.place });
  await walk(page, ['/console', `/console?person=${vera.id}`, `/console?case=${job.id}`, '/console?case=new']);
});

test('day, people and audit', async ({ open, office }) => {
  const vera = await office.person();
  const job = await office.case();
  await office.api.post(`/v1/cases/${job.id}/assignments`, { staff_id: vera.id });
  const page = await open(ADMIN_LOGIN, '/console');
  await walk(page, ['/console/day', '/console/day?view=list', '/console/people', '/console/people/import', '/console/audit', '/console/account', '/console/nowhere']);
});

test('a person, part by part', async ({ open, office }) => {
  const vera = await office.member({ skills: [{ code: 'camera', level: 3 }], languages: [{ language: 'pt', level: 'native' }] });
  await office.phone(vera);
  const parts = ['profile', 'login', 'access', 'teams', 'skills', 'preferences', 'hours', 'devices', 'history', 'data'];
  const page = await open(ADMIN_LOGIN, '/console');
  await walk(page, parts.map((part) => `/console/people/${vera.id}/${part}`));
});

test('settings, part by part', async ({ open, office }) => {
  const { lat, lng } = office.place;
  const corners = [[lng, lat], [lng + 0.01, lat], [lng + 0.01, lat + 0.01], [lng, lat]];
  const region = await office.api.post<Schemas['Region']>('/v1/regions', { name: `Area ${unique()}`, area: { type: 'Polygon', coordinates: [corners] } });
  const parts = ['organization', 'regions', `regions/${region.id}`, 'departments', 'departments/new', 'groups', 'tags', 'roles', 'roles/new', 'services', 'queues', 'clients', 'clients/new', 'policies', 'policies/new', 'service-accounts', 'service-accounts/new'];
  const page = await open(ADMIN_LOGIN, '/console');
  await walk(page, parts.map((part) => `/console/settings/${part}`));
});

test('the phone page, part by part', async ({ open, office }) => {
  const vera = await office.member();
  await office.agree(vera);
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  const [first, second] = [await office.case({ starts_at: tomorrow }), await office.case()];
  await office.api.post(`/v1/cases/${first.id}/assignments`, { staff_id: vera.id });
  await office.api.post(`/v1/cases/${second.id}/offers`, { mode: 'broadcast', staff_ids: [vera.id] });
  const page = await open(vera, '/phone', { ...PHONE, permissions: ['geolocation'], geolocation: { latitude: office.place.lat, longitude: office.place.lng, accuracy: 10 } });
  await expect(page.getByRole('heading', { name: second.title })).toBeVisible();
  await walk(page, ['/phone', '/phone#work', '/phone#time', '/phone#data']);
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
