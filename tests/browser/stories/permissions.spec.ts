// What people see who may do less.
import type { Schemas } from '../support/api';
import { expect, test } from '../support/test';

test('who may see areas only is told so and gets no exact place', async ({ open, office }) => {
  const vera = await office.person({ home: null });
  await (await office.phone(vera)).send(office.place, { accuracy_m: 7 });
  const viewer = await office.member({ access_level: 'full', admin_role: 'general', modules: { tracking: 'view' } });
  const page = await open(viewer, '/console', { around: office.place });
  await expect(page.getByText('You see areas of about 2 km and no exact places.')).toBeVisible();
  const row = page.getByRole('option', { name: vera.display_name });
  await expect(row).toContainText('area of 2 km');
  await expect(row).not.toContainText('±');
  // The server itself has told no exact place.
  const told = await page.evaluate(async (box) => (await fetch(`/v1/positions?bbox=${box}`)).json(), boxOf(office.place)) as { items: Schemas['LivePosition'][] };
  const place = told.items.find((one) => one.staff_id === vera.id);
  expect(place?.grade).toBe('coarse');
  expect(place?.accuracy_m).toBeNull();
  expect([place?.position.lat, place?.position.lng]).not.toEqual([office.place.lat, office.place.lng]);
  await row.click();
  await expect(page.getByRole('heading', { name: 'Current assignments' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Show today\'s way' })).toHaveCount(0);
});

test('a scheduler changes no settings, and sees no audit', async ({ open, office }) => {
  const page = await open(await office.scheduler(), '/console/settings/departments');
  await expect(page.getByRole('heading', { name: 'Departments' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'New department' })).toHaveCount(0);
  const places = page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link');
  await expect(places.filter({ hasText: 'People' })).toBeVisible();
  await expect(places.filter({ hasText: 'Audit' })).toHaveCount(0);
  await page.goto('/console/audit');
  await expect(page.getByText('You are not allowed to see this.')).toBeVisible();
  await page.goto('/console/people/import');
  await expect(page.getByText('You need the permission to manage people for this.')).toBeVisible();
});

test('somebody in the field finds little on the console and a way to the phone page', async ({ open, office }) => {
  const page = await open(await office.member(), '/console');
  await expect(page.getByText('You may not see where people are.')).toBeVisible();
  const places = page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link');
  await expect(places.filter({ hasText: /People|Day|Audit/ })).toHaveCount(0);
  await page.goto('/console/people');
  await expect(page.getByText(/not allowed|need the permission/)).toBeVisible();
  await page.goto('/console/nowhere');
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
  await page.locator('details.account summary').click();
  await page.getByRole('link', { name: 'Phone page' }).click();
  await expect(page).toHaveURL(/\/phone$/);
});

function boxOf({ lat, lng }: { lat: number; lng: number }): string {
  return [lng - 0.1, lat - 0.1, lng + 0.1, lat + 0.1].join(',');
}
