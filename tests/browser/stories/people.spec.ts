// People: made, changed, invited, deleted, and their phones.
import type { Schemas } from '../support/api';
import { unique } from '../support/office';
import { ADMIN_LOGIN, expect, test } from '../support/test';

test('a person is made after their faults are mended, and changed', async ({ open, office }) => {
  const tag = unique();
  const page = await open(ADMIN_LOGIN, '/console/audit');
  await page.getByRole('link', { name: 'People', exact: true }).click();
  await page.getByRole('button', { name: 'New person' }).click();
  const dialog = page.getByRole('dialog', { name: 'New person' });
  await dialog.getByLabel('First name').fill('Nora');
  await dialog.getByLabel('Last name').fill(`N${tag}`);
  // What is typed is not lost by a key, however often; the question stays above the dialog.
  const question = page.getByRole('dialog', { name: 'Leave without saving?' });
  for (const _time of [1, 2, 3]) {
    await page.keyboard.press('Escape');
    await question.getByRole('button', { name: 'Stay here' }).click({ trial: true });
    await page.keyboard.press('Escape');
    await expect(question).toBeHidden();
  }
  await page.goBack();
  await question.getByRole('button', { name: 'Stay here' }).click();
  await expect(dialog.getByLabel('First name')).toHaveValue('Nora');
  await dialog.getByLabel('Access level').selectOption('Own cases only');
  await dialog.getByRole('button', { name: 'Create' }).click();
  // The server's fault stands at its field.
  await expect(dialog.getByLabel('E-mail address')).toHaveAttribute('aria-invalid', 'true');
  await dialog.getByLabel('E-mail address').fill(`${tag}@lighthouse.example`);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('heading', { level: 1, name: `Nora N${tag}` })).toBeVisible();

  const names = page.getByRole('form', { name: 'Names' });
  await names.getByLabel('Account code').fill(`C-${tag}`);
  await names.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  const { items } = await office.api.get<{ items: Schemas['Staff'][] }>(`/v1/staff?q=N${tag}`);
  expect(items.map((one) => one.account_code)).toEqual([`C-${tag}`]);

  // What is typed and not saved is not lost by a click.
  await names.getByLabel('First name').fill('Norma');
  await page.getByRole('link', { name: 'Skills', exact: true }).click();
  await page.getByRole('dialog', { name: 'Leave without saving?' }).getByRole('button', { name: 'Stay here' }).click();
  await expect(names.getByLabel('First name')).toHaveValue('Norma');
});

test('somebody else\'s change is told, loaded, and keeps what was typed', async ({ open, office }) => {
  const vera = await office.person();
  const page = await open(ADMIN_LOGIN, `/console/people/${vera.id}/profile`);
  const names = page.getByRole('form', { name: 'Names' });
  await names.getByLabel('Display name').fill('Vera the second');
  await office.api.patch(`/v1/staff/${vera.id}`, { signature: 'Changed elsewhere' });
  await names.getByRole('button', { name: 'Save' }).click();
  await expect(names.getByText('Somebody else has changed this person meanwhile.')).toBeVisible();
  expect((await office.api.get<Schemas['Staff']>(`/v1/staff/${vera.id}`)).display_name).toBe(vera.display_name);
  await names.getByRole('button', { name: 'Load it again' }).click();
  await expect(names.getByLabel('Signature')).toHaveValue('Changed elsewhere');
  await expect(names.getByLabel('Display name')).toHaveValue('Vera the second');
  await names.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Vera the second' })).toBeVisible();
});

test('many are invited at once, and each is told apart', async ({ open, office }) => {
  const tag = `M${unique()}`;
  for (const email of [`${tag}.1@lighthouse.example`, `${tag}.2@lighthouse.example`]) {
    await office.person({ first_name: tag, email, access_level: 'limited' });
  }
  await office.person({ first_name: tag });
  const page = await open(ADMIN_LOGIN, '/console/people');
  await page.getByLabel('Search people').fill(tag);
  await expect(page.getByText('3 people shown')).toBeVisible();
  await page.getByLabel('Select all that are shown').check();
  await page.getByRole('button', { name: 'Invite …' }).click();
  await page.getByRole('button', { name: 'Invite 3 people' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Done for 2 people, not done for 1 person.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Close' }).last().click();

  await page.getByText('Filters', { exact: true }).click();
  await page.getByLabel('Invitation', { exact: true }).selectOption('Invited');
  await expect(page.getByText('2 people shown')).toBeVisible();
  await expect(page).toHaveURL(/invitation=pending/);
  await page.goBack();
  await expect(page.getByText('3 people shown')).toBeVisible();
});

test('a long page scrolls inside its frame, to its end and no further', async ({ open, office }) => {
  const tag = `L${unique()}`;
  for (let made = 0; made < 12; made += 1) await office.person({ first_name: tag });
  const page = await open(ADMIN_LOGIN, `/console/people?q=${tag}`, { viewport: { width: 1280, height: 500 } });
  const window = () => page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
  const end = page.getByText('12 people shown');
  await expect(end).toBeVisible();
  await expect(end).not.toBeInViewport();
  expect(await window()).toBeLessThanOrEqual(0);
  await page.getByRole('main').hover();
  await page.mouse.wheel(0, 100_000);
  await expect(end).toBeInViewport();
  await expect(page.getByRole('banner')).toBeInViewport({ ratio: 1 });

  const others = { account: 'My account', audit: 'Audit', settings: 'Settings', day: 'Day' };
  for (const [address, heading] of Object.entries(others)) {
    await page.goto(`/console/${address}`);
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    expect(await window(), address).toBeLessThanOrEqual(0);
  }
});

test('the list keeps its place while a person is looked at', async ({ open, office }) => {
  const tag = `P${unique()}`;
  await Promise.all(Array.from({ length: 53 }, () => office.person({ first_name: tag })));
  const page = await open(ADMIN_LOGIN, `/console/people?q=${tag}`);
  await page.getByRole('button', { name: 'Show more' }).click();
  await expect(page.getByText('53 people shown')).toBeVisible();
  const last = page.getByRole('table').getByRole('link').last();
  await last.click();
  // The page of a person begins at its top.
  const back = page.getByRole('link', { name: 'All people' });
  await expect(back).toBeInViewport();
  await page.goBack();
  await expect(last).toBeInViewport();
  await expect(page.getByText('53 people shown')).toBeVisible();
  await last.click();
  await back.click();
  await expect(last).toBeInViewport();
  await expect(page.getByText('53 people shown')).toBeVisible();
});

test('people are deleted by typing their number, and restored', async ({ open, office }) => {
  const tag = `D${unique()}`;
  const gone = [await office.person({ first_name: tag }), await office.person({ first_name: tag })];
  const page = await open(ADMIN_LOGIN, `/console/people?q=${tag}`);
  await expect(page.getByText('2 people shown')).toBeVisible();
  await page.getByLabel('Select all that are shown').check();
  await page.getByRole('button', { name: 'Delete …' }).click();
  const dialog = page.getByRole('dialog');
  const field = dialog.getByLabel(/^Type \d+ to confirm$/);
  const button = dialog.getByRole('button', { name: 'Delete 2 people' });
  await expect(button).toBeDisabled();
  const number = /\d+/.exec(await dialog.getByText(/^Type \d+ to confirm$/).innerText())![0];
  await field.fill(number);
  await button.click();
  await expect(dialog.getByText('Done for 2 people.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await expect(page.getByText('Nobody fits these filters.')).toBeVisible();

  await page.goto(`/console/people/${gone[0]!.id}/data`);
  await expect(page.getByText(/^Deleted on/)).toBeVisible();
  await page.getByRole('button', { name: 'Restore them' }).click();
  await expect(page.getByText(`${gone[0]!.display_name} was restored.`).first()).toBeVisible();
  const restored = await office.api.get<Schemas['Staff']>(`/v1/staff/${gone[0]!.id}`);
  expect(restored.deleted_at ?? null).toBeNull();
});

test('deleted people are restored together, and each is told apart', async ({ open, office }) => {
  const tag = `R${unique()}`;
  const email = `${tag}@lighthouse.example`;
  const gone = [await office.person({ first_name: tag }), await office.person({ first_name: tag, email })];
  for (const { id } of gone) await office.api.delete(`/v1/staff/${id}`);
  // Somebody else has taken the address meanwhile.
  await office.person({ first_name: tag, email });
  const page = await open(ADMIN_LOGIN, `/console/people?q=${tag}&deleted=with`);
  await page.getByLabel(`Select ${gone[0]!.display_name}`).check();
  await page.getByLabel(`Select ${gone[1]!.display_name}`).check();
  await expect(page.getByText('2 people selected, all deleted')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Change …' })).toBeDisabled();
  await page.getByLabel('Select all that are shown').check();
  await expect(page.getByText('3 people selected, 2 of them deleted')).toBeVisible();
  await page.getByRole('button', { name: 'Restore …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Restore 2 people' });
  await dialog.getByRole('button', { name: 'Restore 2 people' }).click();
  await expect(dialog.getByText('Done for 1 person, not done for 1 person.')).toBeVisible();
  await expect(dialog.getByRole('row', { name: gone[1]!.display_name })).toContainText('Not done');
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await expect(page.getByText('1 person selected')).toBeVisible();
  const restored = await office.api.get<Schemas['Staff']>(`/v1/staff/${gone[0]!.id}`);
  expect(restored.deleted_at ?? null).toBeNull();
});

test('consent is recorded, a phone is enrolled, and its secret is shown once', async ({ open, office }) => {
  const vera = await office.person();
  const page = await open(ADMIN_LOGIN, `/console/people/${vera.id}/devices`);
  await page.getByLabel('Legal basis').fill('written consent of today');
  await page.getByRole('button', { name: 'Record their consent' }).click();
  await expect(page.getByText('The consent was recorded.')).toBeVisible();
  await page.getByLabel('Name of the device').fill('Vera’s phone');
  await page.getByRole('button', { name: 'Enrol a device' }).click();
  const dialog = page.getByRole('dialog', { name: 'Set up Vera’s phone' });
  for (const app of ['OwnTracks', 'Overland', 'Traccar Client']) {
    await dialog.getByLabel('App on the phone').selectOption(app);
    const code = dialog.getByRole('img', { name: `QR code that sets up ${app}` });
    await expect(code).toBeVisible();
    expect(await code.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(50);
  }
  // It lasts until its reader is done with it: the secret cannot be shown again.
  await page.keyboard.press('Escape');
  await expect(dialog).toBeVisible();
  await dialog.getByRole('button', { name: 'I am done' }).click();
  const devices = page.getByRole('region', { name: 'Devices' });
  await expect(devices.getByText('Vera’s phone')).toBeVisible();
  await expect(page.getByRole('img', { name: /^QR code/ })).toHaveCount(0);
  await devices.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('The device was revoked.')).toBeVisible();
});

test('the mail that moves a login is followed until it is sent', async ({ open, office }) => {
  const vera = await office.member();
  const page = await open(ADMIN_LOGIN, `/console/people/${vera.id}/login`);
  const card = page.getByRole('region', { name: 'Move the login to a new e-mail address' });
  const email = `${unique()}@lighthouse.example`;
  await card.getByLabel('New e-mail address').fill(email);
  await card.getByRole('button', { name: 'Send the link' }).click();
  await expect(card.getByText(email)).toBeVisible();
  await expect(card.getByText('Sent', { exact: true })).toBeVisible();
  await card.getByRole('button', { name: 'Call off' }).click();
  await expect(card.getByText(email)).toBeHidden();
});
