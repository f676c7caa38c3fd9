// Who should go: the ranked list, its reasons, and assigning.
import { beside } from '../support/office';
import { ADMIN_LOGIN, expect, test } from '../support/test';
import type { Schemas } from '../support/api';

test('from the login to an assignment by keyboard alone', async ({ open, office }) => {
  const scheduler = await office.scheduler();
  const vera = await office.person();
  const job = await office.case();
  const page = await open(null, '/console', { around: office.place });
  const press = async (...keys: string[]) => { for (const key of keys) await page.keyboard.press(key); };
  /** Goes on by Tab until what has the focus is called so. */
  const tabTo = async (name: string | RegExp, role?: Parameters<typeof page.getByRole>[0]) => {
    const wanted = role ? page.getByRole(role, { name }) : page.getByLabel(name);
    await expect(wanted.first()).toBeVisible();
    for (let step = 0; step < 80; step += 1) {
      if (await wanted.evaluateAll((all) => all.includes(document.activeElement as HTMLElement))) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`Tab does not reach ${String(name)}`);
  };

  await tabTo('E-mail address or user name');
  await page.keyboard.type(scheduler.login);
  await tabTo('Password');
  await page.keyboard.type(scheduler.password);
  await press('Enter');

  await tabTo('Cases', 'button');
  await press('Enter');
  await tabTo('Search by number or title');
  await page.keyboard.type(job.title);
  await tabTo('Cases', 'listbox');
  await expect(page.getByRole('listbox', { name: 'Cases' }).getByRole('option')).toHaveCount(1);
  await press('Enter');
  await expect(page.getByRole('heading', { name: job.title })).toBeVisible();
  // The focus has gone along, into the panel.
  await expect(page.getByRole('region', { name: 'What is selected' })).toBeFocused();

  await tabTo(`Assign ${vera.display_name}`, 'button');
  await press('Enter');
  const dialog = page.getByRole('dialog', { name: `Assign ${vera.display_name}?` });
  await expect(dialog.getByText('Nothing speaks against it.')).toBeVisible();
  await tabTo('Assign', 'button');
  await press('Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByText(`${vera.display_name} is assigned.`)).toBeVisible();
  await expect(page.getByText('1 of 1 assigned').first()).toBeVisible();
  const { items } = await office.api.get<{ items: Schemas['Assignment'][] }>(`/v1/assignments?case=${job.id}`);
  expect(items.map((one) => [one.staff_id, one.state])).toEqual([[vera.id, 'assigned']]);
});

test('a case is made by a click on the map', async ({ open, office }) => {
  await office.person();
  const page = await open(ADMIN_LOGIN, '/console', { around: office.place });
  await page.getByRole('button', { name: 'Cases', exact: true }).click();
  await page.getByRole('button', { name: 'New case' }).click();
  await page.getByLabel('What is to be done').fill('Fetch the harbour keys');
  await page.getByRole('button', { name: 'Pick on the map' }).click();
  const map = page.locator('[data-ready="true"] canvas').first();
  await map.click();
  const place = page.getByLabel('Place', { exact: true });
  await expect(place).toHaveValue(/^-?\d+\.\d+, -?\d+\.\d+$/);
  const [lat, lng] = (await place.inputValue()).split(',').map(Number);
  // The click was in the middle of the map, which shows this town.
  expect(Math.abs(lat! - office.place.lat)).toBeLessThan(0.01);
  expect(Math.abs(lng! - office.place.lng)).toBeLessThan(0.02);
  await page.getByRole('button', { name: 'Create the case' }).click();
  await expect(page.getByRole('heading', { name: 'Fetch the harbour keys' })).toBeVisible();
  await expect(page).toHaveURL(/case=[0-9a-f-]{36}/);
  await expect(page.locator('[data-candidate]').first()).toBeVisible();
});

test('the points of a candidate add up, and why somebody is missing is told', async ({ open, office }) => {
  const fit = await office.person({ skills: [{ code: 'camera', level: 4 }] });
  const unskilled = await office.person();
  const job = await office.case({ skills: [{ code: 'camera', required: 2, preferred: 4 }] });
  const page = await open(await office.scheduler(), `/console?case=${job.id}`, { around: office.place });
  const candidate = page.getByRole('listitem').filter({ has: page.locator('[data-candidate]') }).filter({ hasText: fit.display_name });
  await candidate.locator('[data-candidate]').click();
  const terms = candidate.getByRole('table');
  const score = Number(/([\d.]+)\s*points/.exec(await candidate.locator('[data-candidate]').innerText())?.[1]);
  const points = await terms.locator('tbody td.number').allInnerTexts();
  const sum = points.map((text) => Number.parseFloat(text)).reduce((all, one) => all + one, 0);
  expect(Math.abs(sum - score)).toBeLessThan(0.06 * points.length);
  await expect(page.getByText(unskilled.display_name)).toHaveCount(0);

  const field = page.getByRole('combobox', { name: 'Why is somebody not listed?' });
  await field.fill(unskilled.display_name);
  await page.getByRole('option', { name: unskilled.display_name }).click();
  await expect(page.getByText(`${unskilled.display_name} fails one rule.`)).toBeVisible();
  await expect(page.getByText(/camera/).last()).toBeVisible();
});

test('the best relaxation is tried by its button, and then made', async ({ open, office }) => {
  const near = await office.person({ skills: [{ code: 'rope', level: 1 }] });
  const job = await office.case({ skills: [{ code: 'rope', required: 3, preferred: 3 }] });
  const required = async () => (await office.api.get<Schemas['CaseDetails']>(`/v1/cases/${job.id}`)).skills.map((skill) => skill.required);
  const page = await open(ADMIN_LOGIN, `/console?case=${job.id}`, { around: office.place });
  const nobody = page.getByText('Nobody can do it as the case and its rules are now.');
  const listed = page.locator('[data-candidate]').filter({ hasText: near.display_name });
  await expect(nobody).toBeVisible();
  await expect(page.getByText('What would help most')).toBeVisible();
  await page.getByRole('button', { name: 'Ask again so' }).click();
  await expect(listed).toBeVisible();
  expect(await required()).toEqual([3]);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(nobody).toBeVisible();

  await page.getByRole('button', { name: 'Ask again so' }).click();
  await page.getByRole('button', { name: 'Change the case so' }).click();
  await expect(page.getByText('The case is saved.')).toBeVisible();
  await expect(listed).toBeVisible();
  expect(await required()).not.toEqual([3]);
});

test('other weights are tried without storing anything', async ({ open, office }) => {
  // The nearer one has little to offer, the farther one has the skill.
  const near = await office.person({ home: beside(office.place, 100), skills: [{ code: 'lens', level: 1 }] });
  const far = await office.person({ home: beside(office.place, 9_000), skills: [{ code: 'lens', level: 5 }] });
  const job = await office.case({ skills: [{ code: 'lens', required: 1, preferred: 5 }] });
  const page = await open(ADMIN_LOGIN, `/console?case=${job.id}`, { around: office.place });
  const candidates = page.locator('[data-candidate]');
  await expect(candidates.first()).toContainText(far.display_name);
  const policies = await office.api.get('/v1/policies');
  await page.getByRole('button', { name: 'Try other weights …' }).click();
  const dialog = page.getByRole('dialog', { name: 'Try other weights' });
  await dialog.getByRole('slider', { name: /^Travel/ }).fill('100');
  await dialog.getByRole('slider', { name: /^Skill/ }).fill('0');
  await dialog.getByRole('button', { name: 'Show what would change' }).click();
  await expect(dialog.getByText('Somebody else comes first.')).toBeVisible();
  await expect(dialog.getByRole('table')).toContainText(near.display_name);
  await dialog.getByRole('button', { name: 'Rank this case so' }).click();
  await expect(dialog).toBeHidden();
  await expect(candidates.first()).toContainText(near.display_name);
  expect(await office.api.get('/v1/policies')).toEqual(policies);
});

test('back and forward keep the selection of map, list and address', async ({ open, office }) => {
  const [one, two] = [await office.case(), await office.case()];
  const page = await open(ADMIN_LOGIN, `/console?case=${one.id}`, { around: office.place });
  await expect(page.getByRole('heading', { name: one.title })).toBeVisible();
  await page.getByLabel('Search by number or title').fill('Parcel');
  await page.getByRole('option', { name: two.title }).click();
  await expect(page.getByRole('heading', { name: two.title })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('heading', { name: one.title })).toBeVisible();
  await expect(page.getByRole('option', { name: one.title })).toHaveAttribute('aria-selected', 'true');
  await page.goForward();
  await expect(page.getByRole('heading', { name: two.title })).toBeVisible();
  await expect(page).toHaveURL(new RegExp(two.id));
  await page.getByRole('region', { name: 'What is selected' }).getByRole('button', { name: 'Close' }).click();
  await expect(page).toHaveURL(/\/console\/?$/);
  await page.goBack();
  await expect(page.getByRole('heading', { name: two.title })).toBeVisible();
});

test('an assignment is ended only after a question', async ({ open, office }) => {
  const vera = await office.person();
  const job = await office.case();
  const { id } = await office.api.post<Schemas['Assignment']>(`/v1/cases/${job.id}/assignments`, { staff_id: vera.id });
  const state = async () => (await office.api.get<Schemas['Assignment']>(`/v1/assignments/${id}`)).state;
  const page = await open(await office.scheduler(), `/console?case=${job.id}`, { around: office.place });
  const done = page.getByRole('button', { name: `Done: ${vera.display_name}` });
  const dialog = page.getByRole('dialog', { name: `Is ${vera.display_name} done?` });
  await done.click();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(dialog).toBeHidden();
  expect(await state()).toBe('assigned');
  await done.click();
  await dialog.getByRole('button', { name: 'Done', exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByText('Everybody is done. Mark the case as done, or raise the number of people.')).toBeVisible();
  // Its button is gone; the focus is not lost with it.
  await expect(page.getByRole('region', { name: 'Who has it' })).toBeFocused();
  expect(await state()).toBe('done');
});

test('a dialog that assigns or offers says what others have done meanwhile', async ({ open, office }) => {
  // Somebody whom nobody can reach would end an offer at once.
  const [vera, wanda] = [await office.person(), await office.member()];
  const job = await office.case();
  const page = await open(await office.scheduler(), `/console?case=${job.id}`, { around: office.place });
  const offering = page.getByRole('dialog', { name: 'Offer the case' });
  await page.getByRole('button', { name: 'Offer …' }).click();
  const offer = await office.api.post<Schemas['Offer']>(`/v1/cases/${job.id}/offers`, { mode: 'availability', staff_ids: [wanda.id] });
  await expect(offering.getByRole('alert')).toContainText('The case is offered already.');
  await expect(offering.getByRole('button', { name: 'Offer it' })).toBeDisabled();
  await offering.getByRole('button', { name: 'Cancel' }).click();
  await office.api.delete(`/v1/offers/${offer.id}`);

  await page.getByRole('button', { name: `Assign ${vera.display_name}` }).click();
  const assigning = page.getByRole('dialog', { name: `Assign ${vera.display_name}?` });
  await expect(assigning.getByText('Nothing speaks against it.')).toBeVisible();
  await office.api.post(`/v1/cases/${job.id}/assignments`, { staff_id: wanda.id });
  await expect(assigning.getByText('All places of the case are taken meanwhile.')).toBeVisible();
  await expect(assigning.getByText('Nothing speaks against it.')).toHaveCount(0);
  await expect(assigning.getByRole('button', { name: 'Assign', exact: true })).toBeDisabled();
});

test('a case that is being typed is not lost with the page unasked', async ({ open, office }) => {
  const page = await open(await office.scheduler(), '/console?case=new', { around: office.place });
  const title = page.getByLabel('What is to be done');
  await title.fill('Fetch the harbour keys');
  // Within the console the draft is kept, so nothing asks there; the browser does when the page goes.
  await page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name: 'Day' }).click();
  await expect(page.getByRole('heading', { name: 'Day', exact: true })).toBeVisible();
  const [question] = await Promise.all([page.waitForEvent('dialog'), page.close({ runBeforeUnload: true })]);
  expect(question.type()).toBe('beforeunload');
  await question.dismiss();
  await page.goBack();
  await expect(title).toHaveValue('Fetch the harbour keys');
});
