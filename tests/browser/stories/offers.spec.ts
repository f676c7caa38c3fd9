// Offers, with a scheduler and a phone side by side. Both see what the other does without reloading.
import type { Schemas } from '../support/api';
import { mailedLink } from '../support/mails';
import { beside, type Office } from '../support/office';
import { expect, PHONE, test } from '../support/test';

test('a scheduler offers a case, a phone accepts, and both see it', async ({ open, office }) => {
  const vera = await office.member();
  const job = await office.case();
  const desk = await open(await office.scheduler(), `/console?case=${job.id}`, { around: office.place });
  const phone = await open(vera, '/phone', PHONE);
  await expect(phone.getByRole('switch')).toBeVisible();

  await desk.getByRole('button', { name: 'Offer …' }).click();
  const dialog = desk.getByRole('dialog', { name: 'Offer the case' });
  await dialog.getByRole('radio', { name: 'All at once' }).check();
  await dialog.getByLabel('Only these people').check();
  await dialog.getByRole('checkbox', { name: vera.name }).check();
  await dialog.getByLabel('Message to everybody').fill('The lock sticks: pull while you turn.');
  await dialog.getByRole('button', { name: 'Offer it' }).click();
  await expect(dialog).toBeHidden();
  const offers = desk.locator('[data-part="offers"]');
  await expect(offers).toContainText('People are being asked');
  await expect(desk.getByRole('button', { name: 'Offer …' })).toBeHidden();

  await expect(phone.getByRole('heading', { name: job.title })).toBeVisible();
  await expect(phone.getByText('The lock sticks: pull while you turn.')).toBeVisible();
  await expect(phone.getByText('the first who accepts gets it')).toBeVisible();
  await expect(offers.getByRole('listitem').filter({ hasText: vera.name })).toContainText('Asked');
  await phone.getByRole('button', { name: 'Accept' }).click();
  await expect(phone.getByText(`Accepted. ${job.title} is yours.`)).toBeVisible();
  await expect(phone.getByRole('button', { name: 'Accept' })).toBeHidden();

  await expect(desk.getByText('1 of 1 assigned').first()).toBeVisible();
  await expect(desk.getByRole('button', { name: 'Take the offer back' })).toBeHidden();
  const assignments = desk.locator('[data-part="assignments"]');
  await expect(assignments).toContainText(vera.name);

  await phone.getByRole('button', { name: 'I’m on my way' }).click();
  await expect(assignments).toContainText('On the way');
  await phone.getByRole('button', { name: 'I’m on site' }).click();
  await expect(assignments).toContainText('On site');
  await expect(phone.getByRole('link', { name: 'Navigate' })).toHaveAttribute('href', /^(geo:|https:)/);
  await phone.getByRole('button', { name: 'Done' }).click();
  await phone.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await expect(phone.getByText(`Done: ${job.title}`)).toBeVisible();
  await expect(assignments).toContainText('Done');
});

test('after a missed answer and a refusal the next person is asked, and accepts by the link of their mail', async ({ open, office }) => {
  // The nearer one is asked first.
  const [first, second] = [await office.member(), await office.member({ home: beside(office.place, 5_000) })];
  const job = await office.case();
  const desk = await open(await office.scheduler(), `/console?case=${job.id}`, { around: office.place });
  const phone = await open(first, '/phone', PHONE);
  const offers = desk.locator('[data-part="offers"]');
  const row = (name: string) => offers.getByRole('listitem').filter({ hasText: name });

  // Somebody who answers nothing: the server's own time runs out.
  await offer(office, job, [second.id], { answer_within_s: 2 });
  await expect(row(second.name)).toContainText('No answer in time');
  await expect(offers).toContainText('Nobody accepted');
  await expect(desk.getByRole('button', { name: 'Offer …' })).toBeVisible();

  await offer(office, job, [first.id, second.id]);
  await expect(row(first.name)).toContainText('Asked');
  await expect(row(second.name)).toBeHidden();
  await phone.getByRole('button', { name: 'Decline' }).click();
  await phone.getByLabel('Reason').fill('My van is in the garage.');
  await phone.getByRole('dialog').getByRole('button', { name: 'Decline' }).click();
  await expect(phone.getByText('Declined. Thank you for answering.')).toBeVisible();
  await expect(row(first.name)).toContainText('Declined');
  await expect(row(first.name)).toContainText('My van is in the garage.');
  await expect(row(second.name)).toContainText('Asked');

  const mail = await open(null, await mailedLink(second.login, 'A case is offered to you'));
  await expect(mail.getByText(job.title)).toBeVisible();
  await mail.getByRole('button', { name: 'Accept' }).click();
  await expect(mail.getByText('You have accepted. The case is yours')).toBeVisible();
  await expect(desk.locator('[data-part="assignments"]')).toContainText(second.name);
});

test('those who could are listed, and the scheduler chooses one', async ({ open, office }) => {
  const [one, two] = [await office.member(), await office.member()];
  const job = await office.case();
  await offer(office, job, [one.id, two.id], { mode: 'availability' });
  const desk = await open(await office.scheduler(), `/console?case=${job.id}`, { around: office.place });
  const phone = await open(one, '/phone', PHONE);
  await phone.getByRole('button', { name: 'I could' }).click();
  await expect(phone.getByText('Thank you. You are told whether you are chosen.')).toBeVisible();

  const offers = desk.locator('[data-part="offers"]');
  await offers.getByRole('checkbox', { name: one.name }).check();
  await offers.getByRole('button', { name: 'Assign 1 person' }).click();
  await expect(desk.locator('[data-part="assignments"]')).toContainText(one.name);
  await expect(phone.getByRole('button', { name: 'I’m on my way' })).toBeVisible();
});

test('a phone whose clock is ahead counts down to the server\'s deadline, and can answer', async ({ open, office }) => {
  const vera = await office.member();
  const job = await office.case();
  await offer(office, job, [vera.id], { answer_within_s: 240 });
  const phone = await open(vera, '/phone', PHONE);
  await phone.clock.install({ time: Date.now() + 5.5 * 60_000 });
  await phone.reload();
  await expect(phone.getByText(/^Answer within [34]:\d\d$/)).toBeVisible();
  await expect(phone.getByText('Your phone’s clock is 5 min ahead.')).toBeVisible();
  await phone.getByRole('button', { name: 'Accept' }).click();
  await expect(phone.getByText(`Accepted. ${job.title} is yours.`)).toBeVisible();
});

async function offer(office: Office, job: Schemas['Case'], staff: string[], more: object = {}): Promise<void> {
  await office.api.post(`/v1/cases/${job.id}/offers`, { mode: 'sequential', staff_ids: staff, when_unanswered: 'close', ...more });
}
